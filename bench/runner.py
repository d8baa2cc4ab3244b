"""Two jobs of one thread each, side by side, against the same two one after the other."""

import shutil
import tempfile

from measure import PROGRAM, ROOT, describe, pairs, report, require_quiet_release_build, run

require_quiet_release_build()
scratch = tempfile.mkdtemp()
run([str(PROGRAM), "import", "data", "mogonet", str(ROOT / "data/rosmap"), "--out", f"{scratch}/rosmap"])


def seconds(at_once: int) -> float:
    out = tempfile.mkdtemp()
    words = [str(PROGRAM), "train", "m3col/rosmap_p0b", "seeds=0..1", "train.epochs=100", "train.evaluate.every=0",
             "train.evaluate.splits=[]", "baselines.logistic=false", "--quiet", "--data", f"{scratch}/rosmap",
             "--jobs", str(at_once), "--threads", str(at_once), "--out", f"{out}/run"]
    elapsed, _, _ = run(words)
    shutil.rmtree(out)
    return elapsed


print(describe(1))
report("seconds for two jobs, one after the other against side by side", pairs(lambda: seconds(1), lambda: seconds(2)), 1.8)
shutil.rmtree(scratch)
