"""The program from outside, and models with every weight moved away from its initial value."""

import subprocess
from pathlib import Path

import torch

PROGRAM = Path(__file__).resolve().parents[2] / "build/release/apps/relata/relata"


def run(*words, code=0):
    done = subprocess.run([str(PROGRAM), *map(str, words)], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done


def shaken(model, deviation=0.1):
    """In evaluation mode."""
    with torch.no_grad():
        for p in model.parameters():
            p.add_(deviation * torch.randn_like(p))
    return model.eval()
