import os

def run_job(
    recipe: str,
    overrides: list[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    seed: int,
    resume: bool,
) -> None: ...
def recipes() -> list[str]: ...
