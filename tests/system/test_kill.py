"""Killed at any moment, a run resumes to the same weights, bit for bit."""

import random
import signal
import subprocess
import time

import pytest
from conftest import PROGRAM, run


def start(*words):
    return subprocess.Popen([str(PROGRAM), *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(path):
    """Until the file is there; fails after twenty seconds."""
    for _ in range(1000):
        if path.exists():
            return
        time.sleep(0.02)
    pytest.fail(f"{path} did not appear")


def weights(run_folder):
    return (run_folder / "model/model.safetensors").read_bytes()


def kill_and_resume(tmp_path, dataset, recipe, kills, seed):
    words = ["train", recipe, "train.epochs=150", "--data", dataset, "--threads", 1, "--quiet", "--resume", "--out"]
    began = time.monotonic()
    run(*words, tmp_path / "whole", check=0)
    whole = time.monotonic() - began
    rng = random.Random(seed)
    landed = 0
    out = tmp_path / "killed"
    for number in range(kills):
        out = tmp_path / f"killed{number}"
        # One to three kills, at random moments of the run, before it is allowed to end.
        for _ in range(rng.randint(1, 3)):
            process = start(*words, out)
            time.sleep(rng.uniform(0.05, 0.9) * whole)
            process.send_signal(signal.SIGKILL)
            landed += process.wait() == -signal.SIGKILL
        run(*words, out, check=0)
        assert weights(out) == weights(tmp_path / "whole"), f"kill {number}"
        metrics = (out / "metrics.jsonl").read_text()
        assert metrics == (tmp_path / "whole/metrics.jsonl").read_text()
    print(f"{landed} kills landed in {kills} runs")
    assert landed >= kills // 2


def test_five_kills(tmp_path, dataset, recipe):
    kill_and_resume(tmp_path, dataset, recipe, kills=5, seed=1)


@pytest.mark.full
def test_a_hundred_kills(tmp_path, dataset, recipe):
    kill_and_resume(tmp_path, dataset, recipe, kills=100, seed=2)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_says_so(tmp_path, dataset, recipe, number, code):
    words = ["train", recipe, "train.epochs=4000", "train.checkpoint.every_epochs=0", "train.evaluate.every=0",
             "--data", dataset, "--threads", 1, "--out", tmp_path / "run"]
    process = start(*words)
    metrics = tmp_path / "run/metrics.jsonl"
    wait_for(metrics)
    process.send_signal(number)
    assert process.wait() == code
    assert (tmp_path / "run/checkpoints/latest.safetensors").exists()


def test_a_killed_runner_runs_only_what_is_missing(tmp_path, dataset, recipe):
    words = ["train", recipe, "train.epochs=100", "seeds=0..3", "--data", dataset, "--threads", 2, "--quiet",
             "--resume", "--out"]
    run(*words, tmp_path / "whole", check=0)
    process = start(*words, tmp_path / "killed")
    first = tmp_path / "killed/jobs/seed-0/result.json"
    wait_for(first)
    process.kill()
    process.wait()
    finished = first.stat().st_mtime_ns
    run(*words, tmp_path / "killed", check=0)
    assert first.stat().st_mtime_ns == finished
    for seed in range(4):
        assert weights(tmp_path / f"killed/jobs/seed-{seed}") == weights(tmp_path / f"whole/jobs/seed-{seed}")


def test_damaged_checkpoints_are_refused(tmp_path, dataset, recipe):
    words = ["train", recipe, "train.epochs=4000", "--data", dataset, "--threads", 1, "--resume", "--out", tmp_path / "run"]
    process = start(*words)
    checkpoint = tmp_path / "run/checkpoints/latest.safetensors"
    wait_for(checkpoint)
    process.kill()
    process.wait()
    whole = checkpoint.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) * 3 // 4] ^= 4
    for damaged in (whole[:-100], whole[:1000], b"", bytes(flipped)):
        checkpoint.write_bytes(damaged)
        done = run(*words)
        assert done.returncode == 2, done.stderr
        assert "latest.safetensors" in done.stderr
