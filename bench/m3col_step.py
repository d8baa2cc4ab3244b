"""A ROSMAP training step, averaged over the schedule of 500 epochs (a third M3Co, the rest MultiSClip; 48 are run)."""

import shutil
import statistics
import sys
import tempfile

from measure import PROGRAM, ROOT, describe, pairs, report, require_quiet_release_build, run

EPOCHS = 48
DATA = ROOT / "data/rosmap"
KEYS = [f"train.epochs={EPOCHS}", "train.evaluate.every=0", "train.evaluate.splits=[]", "baselines.logistic=false",
        "train.checkpoint.every_seconds=0"]

memory: dict[str, list[float]] = {"twin": [], "relata": []}


def relata_seconds(dataset: str, threads: int) -> float:
    """Seconds a step: a whole run less a run of one step, so that start, reading and writing do not count."""
    out = tempfile.mkdtemp()
    words = [str(PROGRAM), "train", "m3col/rosmap_p0b", *KEYS, "--quiet", "--seed", "0", "--data", dataset,
             "--threads", str(threads), "--out"]
    whole, peak, _ = run([*words, f"{out}/whole"])
    one, _, _ = run([*words, f"{out}/one", "train.stop_after=1"])
    shutil.rmtree(out)
    memory["relata"].append(peak)
    return (whole - one) / (EPOCHS - 1)


def torch_seconds(variant: str, threads: int) -> float:
    _, peak, output = run([sys.executable, str(ROOT / "bench/m3col_torch.py"), variant, str(threads), str(EPOCHS), str(DATA)])
    if variant == "twin":
        memory["twin"].append(peak)
    return float(output)


require_quiet_release_build()
scratch = tempfile.mkdtemp()
run([str(PROGRAM), "import", "data", "mogonet", str(DATA), "--out", f"{scratch}/rosmap"])
for threads in (1, 2):
    print(describe(threads))
    for variant, bar in (("released", 1.25), ("twin", 1.05)):
        measured = pairs(lambda: torch_seconds(variant, threads), lambda: relata_seconds(f"{scratch}/rosmap", threads))
        report(f"seconds a step, PyTorch {variant}, {threads} thread(s)", measured, bar)
share = statistics.median(memory["relata"]) / statistics.median(memory["twin"])
print(f"peak memory: twin {statistics.median(memory['twin']):.0f} MiB, relata {statistics.median(memory['relata']):.0f} MiB, "
      f"{share:.0%}, bar 80%: {'met' if share <= 0.8 else 'MISSED'}")
shutil.rmtree(scratch)
