"""OpenVINO as a peer: a PyTorch module converted and compiled for this processor."""

from collections.abc import Callable

import torch

try:
    import openvino as ov
except ImportError:
    ov = None


class _Function(torch.nn.Module):
    """A function of a module and one tensor as a module of its own, as the converter wants it."""

    def __init__(self, model: torch.nn.Module, function: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor]):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.model, x)


def compiled(
    model: torch.nn.Module,
    function: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor],
    example: torch.Tensor,
    threads: int,
    precision: str = "fp32",
    shape: list[int] | None = None,
) -> Callable[[torch.Tensor], object]:
    """function(model, x) for tensors of the example's shape, or of `shape`, where -1 is any size."""
    more = {} if shape is None else {"input": ov.PartialShape(shape)}
    converted = ov.convert_model(_Function(model, function), example_input=example, **more)
    hint = ov.Type.bf16 if precision == "bf16" else ov.Type.f32
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": hint}
    network = ov.Core().compile_model(converted, "CPU", settings)
    return lambda x: network(x.numpy())
