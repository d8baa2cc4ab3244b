import os
from typing import TypedDict

from .metrics import IntervalTuple
from .models import Model

class SplitParts(TypedDict):
    split: str
    rows: int
    classes: list[tuple[str, int, int]]
    metrics: dict[str, IntervalTuple | float]

def run_job(
    recipe: str,
    overrides: list[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    seed: int,
    resume: bool,
) -> None: ...
def evaluate(
    model: Model, data: str | os.PathLike[str], split: str, without: list[str]
) -> SplitParts: ...
def predict(
    model: Model, data: str | os.PathLike[str], split: str, without: list[str]
) -> list[tuple[str, str, list[float]]]: ...
def recipes() -> list[str]: ...
