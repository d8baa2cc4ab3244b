"""CLIP ViT-B/32 and BERT-base embeddings against eager PyTorch and, where it is installed, OpenVINO.

    python bench/encoders.py [--busy]

Random weights: speed does not depend on them. Everything runs in this process, in turn.
"""

import copy
import time
from collections.abc import Callable

import openvino_peer
import torch
import transformers as hf
from measure import describe, pairs, report, require_quiet_release_build, saved

import relata

BATCH = 16


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


class Work:
    """One model and its input, for the engine and its peers."""

    def __init__(self, name: str, model: torch.nn.Module, inputs: dict[str, torch.Tensor], output: Callable):
        self.name = name
        self.model = model.eval()
        self.inputs = inputs
        self.output = output  # of the reference model, on its inputs
        self.folder = saved(model)

    def ours(self, precision: str) -> Callable[[], torch.Tensor]:
        model = relata.models.load(self.folder)
        model.freeze(precision, embeddings_only=True)
        if "pixel_values" in self.inputs:
            return lambda: model.encode_image(self.inputs["pixel_values"])
        return lambda: model.encode_text(self.inputs["input_ids"])

    def eager(self, precision: str) -> Callable[[], torch.Tensor]:
        model = copy.deepcopy(self.model).to(torch.bfloat16 if precision == "bf16" else torch.float32)
        cast = {k: v.to(model.dtype) if v.is_floating_point() else v for k, v in self.inputs.items()}

        def call() -> torch.Tensor:
            with torch.inference_mode():
                return self.output(model, cast)

        return call

    def openvino(self, precision: str, threads: int) -> Callable[[], object]:
        key, value = next(iter(self.inputs.items()))
        network = openvino_peer.compiled(
            self.model, lambda model, x: self.output(model, {key: x}), value, threads, precision
        )
        return lambda: network(value)


def works() -> list[Work]:
    torch.manual_seed(0)
    clip = hf.CLIPModel(hf.CLIPConfig())
    bert = hf.BertModel(hf.BertConfig(), add_pooling_layer=False)
    pixels = torch.randn(BATCH, 3, 224, 224)
    ids = torch.randint(3, 49405, [BATCH, 77])
    ids[:, -1] = 49407
    words = torch.randint(1000, 30000, [BATCH, 128])
    return [
        Work("CLIP ViT-B/32 images", clip, {"pixel_values": pixels}, lambda m, i: m.get_image_features(**i).pooler_output),
        Work("CLIP text, 77 tokens", clip, {"input_ids": ids}, lambda m, i: m.get_text_features(**i).pooler_output),
        Work("BERT-base, 128 tokens", bert, {"input_ids": words}, lambda m, i: m(**i).last_hidden_state.mean(1)),
    ]


def main() -> None:
    require_quiet_release_build()
    all_works = works()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        print(describe(threads, "fp32 and bf16"))
        for precision, bar in (("fp32", 0.97), ("bf16", 0.95)):
            for work in all_works:
                ours = work.ours(precision)
                peers = {"eager PyTorch": work.eager(precision)}
                if openvino_peer.ov is not None:
                    peers["OpenVINO"] = work.openvino(precision, threads)
                for peer, call in peers.items():
                    measured = pairs(lambda: seconds(call) / BATCH, lambda: seconds(ours) / BATCH)
                    report(f"{work.name}, {precision}, {threads} thread(s), {peer}", measured, bar)


main()
