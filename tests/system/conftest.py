"""The program under test, and small datasets for it."""

import json
import os
import pathlib
import random
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("RELATA_PROGRAM", ROOT / "build/release/apps/relata/relata"))

TINY = """
system: m3col
preset: official
contrast: {enabled: true}
model: {embedding: 16, hidden: 16}
baselines: {logistic: false}
train:
  epochs: 12
  batch: 16
  optimizer: {kind: adam, lr: 0.002, weight_decay: 0.0001}
  checkpoint: {every_epochs: 1}
  evaluate: {every: 1, splits: [test]}
"""


def run(*words, check=None, **options):
    """Runs the program; with `check` also asserts its exit code."""
    done = subprocess.run(
        [str(PROGRAM), *map(str, words)], capture_output=True, text=True, timeout=300, check=False, **options
    )
    if check is not None:
        assert done.returncode == check, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def refuse(*words, saying, code=2, **options):
    """Runs what must end with that exit code and one line that holds every text of `saying`."""
    done = run(*words, **options)
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    lines = [line for line in done.stderr.splitlines() if line.startswith("relata:")]
    assert len(lines) == 1, done.stderr
    for text in saying:
        assert text in lines[0], lines[0]
    return done


def write_dataset(folder, rows=48, splits=("train", "test"), missing=()):
    """Three vector fields, three classes; `missing`: (split, row, field)."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(7)
    for split in splits:
        lines = []
        for i in range(rows):
            record = {"id": f"{split}{i}", "label": i % 3}
            for m, width in enumerate((5, 4, 6)):
                if (split, i, f"v{m + 1}") not in missing:
                    record[f"v{m + 1}"] = [rng.gauss(i % 3, 0.4 + 0.2 * m) for _ in range(width)]
            lines.append(json.dumps(record))
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    names = ", ".join(f"{s}: {s}.jsonl" for s in splits)
    (folder / "dataset.yaml").write_text(
        f"fields: {{v1: vector, v2: vector, v3: vector}}\nsplits: {{{names}}}\n"
        "labels: {label: {kind: class, names: [a, b, c]}}\n"
    )
    return folder


@pytest.fixture
def dataset(tmp_path):
    return write_dataset(tmp_path / "data")


@pytest.fixture
def recipe(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY)
    return file
