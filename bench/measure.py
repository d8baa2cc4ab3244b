"""What every benchmark needs: pairs in turn, quartiles of the ratio, and the machine it ran on."""

import atexit
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
PROGRAM = BUILD / "apps/relata/relata"
PAIRS = 7


def require_quiet_release_build() -> None:
    """Refuses what gives no figure that counts; --busy on the command line allows a busy machine."""
    cache = (BUILD / "CMakeCache.txt").read_text()
    if "CMAKE_BUILD_TYPE:STRING=Release" not in cache:
        sys.exit("bench: build/release is no release build")
    if "--busy" in sys.argv:
        return
    busy = busy_share(2)
    if busy > 0.1:
        sys.exit(f"bench: the machine is busy ({busy:.0%} of its processors); run it alone")


def busy_share(seconds: float) -> float:
    """Share of processor time that others use. The load average would still remember the benchmark before this one."""

    def times() -> list[int]:
        with open("/proc/stat", encoding="utf-8") as lines:
            return [int(word) for word in lines.readline().split()[1:]]

    before = times()
    time.sleep(seconds)
    passed = [after - earlier for after, earlier in zip(times(), before)]
    return 1 - (passed[3] + passed[4]) / sum(passed)  # idle and waiting for the disk


def describe(threads: int, dtypes: str = "fp32") -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return f"{model}, {os.cpu_count()} processors, {threads} thread(s), {platform.system()}, {dtypes}"


def run(words: list[str], env: dict[str, str] | None = None) -> tuple[float, float, str]:
    """Seconds, peak memory in MiB, and standard output of a command that must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"bench: {words} failed")
    return time.perf_counter() - began, usage.ru_maxrss / 1024, output


def pairs(peer: Callable[[], float], ours: Callable[[], float], count: int = PAIRS) -> list[tuple[float, float]]:
    """(peer, ours) measured in turn, after one of each that is not counted."""
    peer(), ours()
    return [(peer(), ours()) for _ in range(count)]


def saved(model: Any) -> str:
    """A folder with a Hugging Face model, for the engine to load."""
    folder = tempfile.mkdtemp(prefix="relata-bench-")
    model.save_pretrained(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def report(claim: str, measured: list[tuple[float, float]], bar: float) -> bool:
    ratios = [peer / ours for peer, ours in measured]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    peer, ours = (statistics.median(values) for values in zip(*measured))
    met = low >= bar
    print(f"{claim}: peer {peer:.4g}, relata {ours:.4g}, ratio {middle:.3f} [{low:.3f}, {high:.3f}], "
          f"bar {bar:g}: {'met' if met else 'MISSED'}", flush=True)
    return met
