"""Killed at any moment while others read, an index holds the state before or after a step, whole."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import relata
import torch

BATCH = 7
KEPT = 5  # batches that stay when older ones are removed
WIDTH = 24


@pytest.fixture(autouse=True)
def one_thread():
    """Children are forks, and have no threads but their first."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def batch(number):
    rng = np.random.default_rng(number)
    return rng.normal(size=(BATCH, WIDTH)), [f"{number}.{i}" for i in range(BATCH)], [[number] * BATCH]


def add(index, number):
    vectors, ids, columns = batch(number)
    index.add(vectors, ids, {"batch": columns[0]}, [f"batch {number} of many"] * BATCH)


def step(index):
    """Adds a batch, after removing the oldest where there are enough, and says which it is."""
    batches = {int(i.split(".")[0]) for i in index.ids}
    if max(batches) - min(batches) >= KEPT:
        index.remove([f"{min(batches)}.{i}" for i in range(BATCH)])
    add(index, max(batches) + 1)
    return max(batches) + 1


def write_on(folder, told):
    """Step after step, saying after each how far it is."""
    index = relata.Index.open(folder)
    while True:
        os.write(told, f"{step(index)}\n".encode())


def checked(folder):
    """The newest batch, after a look at everything."""
    index = relata.Index.open(folder)
    index.verify()
    ids = index.ids
    batches = list(dict.fromkeys(int(i.split(".")[0]) for i in ids))
    assert batches == list(range(batches[0], batches[-1] + 1))
    assert batches[-1] - batches[0] <= KEPT, "removed items came back"
    assert ids == [f"{b}.{i}" for b in batches for i in range(BATCH)], "half a step"
    for number in (batches[0], batches[-1]):
        vectors, names, _ = batch(number)
        scores, found = index.search(vectors, 1, where=f"batch = {number}")
        assert [row[0] for row in found] == names
        assert (scores > 1 - 1e-6).all()
        assert index.metadata(names[3]) == {"batch": number} and index.text(names[3]) == f"batch {number} of many"
    return batches[-1]


def in_child(body):
    """Runs `body` in a child and gives its process number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            body()
            code = 0
        except BaseException as error:  # noqa: BLE001 - whatever it was, the parent must hear of it
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(code)
    return child


def read_on(folder, stop):
    """Never sees half a step, nor an earlier state after a later one."""
    newest = 0
    while not stop.exists():
        now = checked(folder)
        assert now >= newest, "what was there is lost"
        newest = now
        time.sleep(0.002)


def kill_writers(tmp_path, kills, seed):
    rng = random.Random(seed)
    landed = told_last = 0
    for number in range(kills):
        folder = tmp_path / f"index{number // 20}"
        if number % 20 == 0:  # a new one now and then, so that it stays small
            shutil.rmtree(tmp_path / f"index{number // 20 - 1}", ignore_errors=True)
            vectors, ids, columns = batch(1)
            relata.Index.build(folder, vectors, ids, {"batch": columns[0]}, ["batch 1 of many"] * BATCH)
            told_last = 1
        stop = tmp_path / f"stop{number}"
        reader = in_child(lambda: read_on(folder, stop))  # noqa: B023 - it is called at once
        told, tell = os.pipe()
        writer = in_child(lambda: write_on(folder, tell))  # noqa: B023
        time.sleep(rng.uniform(0.005, 0.12))
        os.kill(writer, signal.SIGKILL)
        landed += os.WIFSIGNALED(os.waitpid(writer, 0)[1])
        os.close(tell)
        with os.fdopen(told) as pipe:
            said = pipe.read().split()
        told_last = int(said[-1]) if said else told_last
        # What was told is there; the step that was cut is there or not.
        assert checked(folder) in (told_last, told_last + 1)
        stop.touch()
        assert os.waitpid(reader, 0)[1] == 0, f"the reader beside kill {number} failed"
        # Nothing is in the way of the next writer, who clears up.
        told_last = step(relata.Index.open(folder))
        assert not [p for p in folder.iterdir() if ".tmp-" in p.name]
    assert landed == kills
    print(f"{landed} kills")


def test_five_kills_beside_a_reader(tmp_path):
    kill_writers(tmp_path, kills=5, seed=1)


@pytest.mark.full
def test_two_hundred_kills_beside_a_reader(tmp_path):
    kill_writers(tmp_path, kills=200, seed=2)


def test_a_full_disk_leaves_the_index_as_it_was(tmp_path):
    vectors, ids, columns = batch(1)
    relata.Index.build(tmp_path / "index", vectors, ids, {"batch": columns[0]}, ["batch 1 of many"] * BATCH)
    before = {p.name: p.read_bytes() for p in (tmp_path / "index").iterdir()}
    program = textwrap.dedent(
        """
        import sys, numpy, relata
        index = relata.Index.open(sys.argv[1])
        try:
            index.add(numpy.ones((4000, 24)), [str(i) for i in range(4000)])
        except relata.Error as error:
            print(error)
            sys.exit(error.exit_code)
        """
    )

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit then fails with EFBIG
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "index")], capture_output=True, text=True, preexec_fn=small_files
    )
    assert done.returncode == 1, done.stderr
    assert "shard-000001.safetensors" in done.stdout and "cannot write" in done.stdout
    assert {p.name: p.read_bytes() for p in (tmp_path / "index").iterdir()} == before
    assert checked(tmp_path / "index") == 1


def test_one_writer_at_a_time(tmp_path):
    vectors, ids, columns = batch(1)
    relata.Index.build(tmp_path / "index", vectors, ids, {"batch": columns[0]}, ["batch 1 of many"] * BATCH)
    # Two writers that never wait for each other's steps: all of both arrive.
    children = [
        in_child(lambda n=n: [add(relata.Index.open(tmp_path / "index"), n * 100 + i) for i in range(8)])
        for n in (1, 2)
    ]
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    index = relata.Index.open(tmp_path / "index")
    assert {int(i.split(".")[0]) for i in index.ids} == {1, *range(100, 108), *range(200, 208)}
    index.verify()
