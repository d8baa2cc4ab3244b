"""CLIP's text tower on captions of natural length, against OpenVINO with dynamic lengths and ourselves padded to 77.

    RELATA_DATA=… python bench/captions.py [--busy]

320 captions of coco-subset, sorted by length, 20 batches of 16, each padded to its longest on both sides.
"""

import json
import os
import pathlib
import sys
import time
from collections.abc import Callable

import openvino_peer
import torch
import transformers as hf
from measure import describe, pairs, report, require_quiet_release_build, saved

import relata

BATCH, BATCHES = 16, 20
END = 49407


def captions(data: pathlib.Path) -> list[torch.Tensor]:
    """[batch, tokens] int64, shortest first."""
    with open(data / "coco-subset/index.jsonl", encoding="utf-8") as lines:
        texts = [json.loads(line)["captions"][0] for line in lines][: BATCH * BATCHES]
    tokenizer = relata.text.Tokenizer.load(data / "tokenizers/clip")
    ids = sorted(tokenizer.encode(texts, add_special=True), key=len)
    batches = [ids[i : i + BATCH] for i in range(0, len(ids), BATCH)]
    return [torch.tensor([row + [END] * (len(batch[-1]) - len(row)) for row in batch]) for batch in batches]


def measured(call: Callable[[torch.Tensor], object], batches: list[torch.Tensor]) -> Callable[[], float]:
    def seconds() -> float:
        began = time.perf_counter()
        for batch in batches:
            call(batch)
        return (time.perf_counter() - began) / (BATCH * BATCHES)

    return seconds


def openvino(model: torch.nn.Module, threads: int) -> Callable[[torch.Tensor], object]:
    def embed(clip: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
        return clip.get_text_features(ids).pooler_output

    return openvino_peer.compiled(model, embed, torch.full([2, 9], END), threads, shape=[-1, -1])


def main() -> None:
    if "RELATA_DATA" not in os.environ:
        sys.exit("bench: captions needs RELATA_DATA")
    require_quiet_release_build()
    torch.manual_seed(0)
    model = hf.CLIPModel(hf.CLIPConfig()).eval()
    folder = saved(model)
    ours, whole = relata.models.load(folder), relata.models.load(folder)
    ours.freeze("fp32", embeddings_only=True)
    whole.freeze("fp32")
    batches = captions(pathlib.Path(os.environ["RELATA_DATA"]))
    padded = [torch.nn.functional.pad(batch, [0, 77 - batch.shape[1]], value=END) for batch in batches]
    for threads in (1, 2):
        torch.set_num_threads(threads)
        print(describe(threads))
        natural = measured(ours.encode_text, batches)
        peer = openvino(model, threads)
        difference = (torch.tensor(peer(batches[3])[0]) - ours.encode_text(batches[3])).abs().max().item()
        print(f"largest difference between the two: {difference:.1e}")
        report(f"captions, fp32, {threads} thread(s), OpenVINO", pairs(measured(peer, batches), natural), 1.0)
        # Not `encode_text`: it would cut what stands behind the last end token.
        all_77 = measured(lambda ids: whole.forward(ids=ids), padded)
        report(f"captions, fp32, {threads} thread(s), ourselves padded to 77", pairs(all_77, natural), 2.5)


main()
