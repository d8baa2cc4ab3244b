from torch import Tensor

def soft_clip(a: Tensor, b: Tensor, temperature: float, detach_targets: bool) -> Tensor: ...
def mixup_clip(
    a_mixed: Tensor,
    b: Tensor,
    permutation: Tensor,
    coefficients: Tensor,
    temperature: float,
    fixed_point: str,
    backward_targets: str,
) -> Tensor: ...
def mix_rows(x: Tensor, permutation: Tensor, coefficients: Tensor) -> Tensor: ...
def info_nce(
    a: Tensor, b: Tensor, scale: Tensor, ids: Tensor | None = None, tile: int = 1024
) -> Tensor: ...
def sdm(
    text: Tensor,
    image: Tensor,
    ids: Tensor,
    scale: Tensor,
    epsilon: float = 1e-8,
    tile: int = 1024,
) -> Tensor: ...
def sigmoid(
    a: Tensor,
    b: Tensor,
    scale: Tensor,
    bias: Tensor,
    ids: Tensor | None = None,
    tile: int = 1024,
) -> Tensor: ...
