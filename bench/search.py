"""Exact search against faiss-cpu's flat index, bf16 against fp32, and opening a large index.

    python bench/search.py [--busy] [--only search|open]

Random vectors: speed does not depend on them, but for the number of near candidates. The largest
index takes 1.6 GB below the temporary folder.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch
from measure import PAIRS, ROOT, describe, pairs, report, require_quiet_release_build

import relata

try:
    import faiss
except ImportError:
    faiss = None

ITEMS, WIDTH, K = 200_000, 512, 10
LARGE_ITEMS, LARGE_WIDTH = 1_000_000, 384
BATCHES = {500: 1, 1: 20}  # queries -> repetitions a measurement


def unit(rng: np.random.Generator, items: int, width: int) -> np.ndarray:
    vectors = rng.standard_normal((items, width), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def seconds(call: Callable[[], object], repeats: int) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - began) / repeats


def timed(call: Callable[[], object], repeats: int) -> Callable[[], float]:
    def measure() -> float:
        time.sleep(0.1)  # idle threads of the other's OpenMP runtime spin for a while
        return seconds(call, repeats)

    return measure


def search(folder: pathlib.Path, threads: int) -> None:
    rng = np.random.default_rng(0)
    vectors, queries = unit(rng, ITEMS, WIDTH), unit(rng, max(BATCHES), WIDTH)
    index = relata.Index.build(folder / "index", vectors, [str(i) for i in range(ITEMS)], precision="bf16")
    flat = None
    if faiss is not None:
        faiss.omp_set_num_threads(threads)
        flat = faiss.IndexFlatIP(WIDTH)
        flat.add(vectors)
    for batch, repeats in BATCHES.items():
        some = queries[:batch]
        exact, rounded = index.search(some, K), index.search(some, K, precision="bf16")
        assert exact[1] == rounded[1] and (exact[0] == rounded[0]).all(), "bf16 found something else"
        ours = timed(lambda: index.search(some, K), repeats)
        ours_bf16 = timed(lambda: index.search(some, K, precision="bf16"), repeats)
        name = f"{ITEMS:,} × {WIDTH}, top {K}, batch {batch}"
        if flat is not None:
            theirs = flat.search(some, K)[1]
            alike = np.mean([len(set(map(str, a)) & set(b)) / K for a, b in zip(theirs.tolist(), exact[1])])
            assert alike > 0.999, alike
            measured = pairs(timed(lambda: flat.search(some, K), repeats), ours)
            report(f"exact search, {name}, fp32, against faiss {faiss.__version__} flat", measured, 1.0)
        report(f"exact search, {name}, bf16 with re-scoring, against our fp32", pairs(ours, ours_bf16), 1.7)


OPEN_AND_ASK = """
import sys, time
import numpy as np, torch, relata
torch.set_num_threads(int(sys.argv[2]))
query = np.load(sys.argv[3])
began = time.perf_counter()
index = relata.Index.open(sys.argv[1])
opened = time.perf_counter()
index.search(query, 10)
print(opened - began, time.perf_counter() - began)
"""


def open_and_ask(folder: pathlib.Path, threads: int) -> tuple[float, float]:
    """In a new process: seconds to open, and to open and answer one query."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AND_ASK, folder / "large", str(threads), folder / "query.npy"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    opened, answered = map(float, done.stdout.split())
    return opened, answered


def read_once(file: pathlib.Path, buffer: bytearray) -> float:
    """Seconds to read all bytes, into a buffer that is small enough to stay in the cache."""
    began = time.perf_counter()
    with open(file, "rb", buffering=0) as stream:
        while stream.readinto(buffer):
            pass
    return time.perf_counter() - began


def opening(folder: pathlib.Path, threads: int) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((LARGE_ITEMS, LARGE_WIDTH), dtype=np.float32)
    relata.Index.build(folder / "large", vectors, [f"item-{i}" for i in range(LARGE_ITEMS)])
    del vectors
    np.save(folder / "query.npy", unit(rng, 1, LARGE_WIDTH))
    shard = folder / "large/shard-000000.safetensors"
    buffer = bytearray(1 << 20)
    read_once(shard, buffer)  # into the page cache
    opened = statistics.median(open_and_ask(folder, threads)[0] for _ in range(3))
    print(f"opening {LARGE_ITEMS:,} × {LARGE_WIDTH} ({shard.stat().st_size / 1e9:.2f} GB): {opened * 1e3:.1f} ms")
    measured = pairs(lambda: read_once(shard, buffer), lambda: open_and_ask(folder, threads)[1])
    report("reading the index's bytes once, against opening it and answering one query", measured, 1 / 1.3)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--busy", action="store_true", help="measure although the machine is busy; no result counts")
    parser.add_argument("--only", choices=["search", "open"])
    options = parser.parse_args()
    if not options.busy:
        require_quiet_release_build()
    threads = torch.get_num_threads()
    versions = f"torch {torch.__version__}, faiss {faiss.__version__ if faiss else 'not installed'}"
    print(f"{describe(threads)}; {versions}; {PAIRS} pairs")
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as scratch:
        if options.only != "open":
            search(pathlib.Path(scratch), threads)
        if options.only != "search":
            opening(pathlib.Path(scratch), threads)


if __name__ == "__main__":
    main()
