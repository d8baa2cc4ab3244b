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
