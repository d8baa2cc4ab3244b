"""One contrastive training step of CLIP ViT-B/32, batch 16, against eager PyTorch with its fused AdamW.

    python bench/clip_training.py [--busy]

Both sides: random weights, the same pictures and captions, symmetric cross-entropy of the cosines, PyTorch's fused
AdamW. The peer is Hugging Face's CLIPModel with scaled-dot-product attention, as its users train it. bf16 is autocast on
both sides. Captions have natural lengths, padded to the longest of the batch on both sides.
"""

import time
from collections.abc import Callable

import torch
import transformers as hf
from measure import describe, pairs, report, require_quiet_release_build, saved

import relata

BATCH = 16
SCALE = 1 / 0.07  # of the cosine: what CLIP's training begins with


def contrast(images: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    logits = SCALE * torch.nn.functional.normalize(images.float()) @ torch.nn.functional.normalize(texts.float()).T
    target = torch.arange(len(logits))
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2


def step_of(
    encode: Callable[[], tuple[torch.Tensor, torch.Tensor]], parameters: list[torch.Tensor], bf16: bool
) -> Callable[[], float]:
    optimizer = torch.optim.AdamW(parameters, lr=1e-5, fused=True)

    def step() -> float:
        began = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            images, texts = encode()
        contrast(images, texts).backward()
        optimizer.step()
        return (time.perf_counter() - began) / BATCH

    return step


def main() -> None:
    require_quiet_release_build()
    torch.manual_seed(0)
    theirs = hf.CLIPModel(hf.CLIPConfig()).train()
    folder = saved(theirs)
    pixels = torch.randn(BATCH, 3, 224, 224)
    ids = torch.randint(3, 49405, [BATCH, 24])
    mask = torch.zeros_like(ids)
    for row, length in enumerate(torch.randint(9, 25, [BATCH]).tolist()):
        ids[row, length - 1 :] = 49407
        mask[row, :length] = 1

    def encode_theirs() -> tuple[torch.Tensor, torch.Tensor]:
        output = theirs(input_ids=ids, attention_mask=mask, pixel_values=pixels)
        return output.image_embeds, output.text_embeds

    for threads in (1, 2):
        torch.set_num_threads(threads)
        print(describe(threads, "fp32 and bf16"))
        for precision, bar in (("fp32", 1.1), ("bf16", 1.15)):
            ours = relata.models.load(folder)
            ours.train()
            peer = step_of(encode_theirs, list(theirs.parameters()), precision == "bf16")
            mine = step_of(
                lambda: (ours.encode_image(pixels), ours.encode_text(ids, mask)),  # noqa: B023
                list(ours.trainable().values()),
                precision == "bf16",
            )
            report(f"CLIP ViT-B/32 training step, {precision}, {threads} thread(s), seconds a sample, eager PyTorch",
                   pairs(peer, mine), bar)  # fmt: skip


main()
