"""The parity tests: every number of the engine beside one that public Python code computes.

Run them with the build tree's package on the path:

    PYTHONPATH=build/release/python pytest tests/parity
"""

import os
from pathlib import Path

import pytest
import torch

if not os.environ.get("RELATA_DATA"):
    os.environ.pop("RELATA_DATA", None)  # set to nothing is not set

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def two_threads():
    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def rosmap():
    """ROSMAP as published, in double: {"train"|"test": ([mRNA, methylation, miRNA], labels)}."""
    import numpy as np

    folder = ROOT / "data" / "rosmap"
    if not (folder / "1_tr.csv").is_file():
        pytest.fail("data/rosmap is not there, and the repository carries it")

    def read(kind):
        views = [
            torch.from_numpy(np.loadtxt(folder / f"{m}_{kind}.csv", delimiter=","))
            for m in (1, 2, 3)
        ]
        labels = torch.from_numpy(np.loadtxt(folder / f"labels_{kind}.csv").astype(np.int64))
        return views, labels

    return {"train": read("tr"), "test": read("te")}


def pytest_terminal_summary(terminalreporter):
    """The largest differences seen, by what was compared."""
    from differences import LARGEST

    if LARGEST:
        terminalreporter.section("largest differences")
        for name, difference in sorted(LARGEST.items()):
            terminalreporter.write_line(f"{name:58s} {difference:.2e}")
