#!/usr/bin/env python3
"""Shows that the tests notice broken code.

    python3 tests/mutants/run.py [pattern ...]      e.g. 'm3col_*' train_clip_forgotten

Each patch of this folder breaks one formula, bound or flag of src/; its first line names the test program and the
tests that must turn red. Everything happens in a copy of the tree under build/mutants; the working tree stays as it
is. Exit status 0 if every mutant was killed.
"""
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "build" / "mutants"
SOURCE = WORK / "source"
BUILD = WORK / "build"
COPIED = ["CMakeLists.txt", "CMakePresets.json", "cmake", "src", "apps", "python", "recipes", "tests"]
LIMIT_S = 300  # a test that hangs has noticed, too


def run(command, **options):
    environment = dict(os.environ, OMP_NUM_THREADS="1", GIT_CEILING_DIRECTORIES=str(WORK))
    return subprocess.run(command, capture_output=True, text=True, env=environment, **options)


def copy_changed(source, target):
    """Writes a file only if it differs, so that what is built already is not built again."""
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def refresh_copy():
    wanted = set()
    for name in COPIED:
        path = ROOT / name
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                wanted.add(file.relative_to(ROOT))
    for file in SOURCE.rglob("*"):
        relative = file.relative_to(SOURCE)
        if file.is_file() and relative.parts[0] != "data" and relative not in wanted:
            file.unlink()
    for file in wanted:
        copy_changed(ROOT / file, SOURCE / file)
    if (ROOT / "data").exists() and not (SOURCE / "data").exists():
        (SOURCE / "data").symlink_to(ROOT / "data")


def cached(name):
    """A setting of the release build, if there is one."""
    cache = ROOT / "build" / "release" / "CMakeCache.txt"
    found = re.search(rf"^{name}:\w+=(.+)$", cache.read_text(), re.M) if cache.exists() else None
    return [f"-D{name}={found[1]}"] if found else []


def configure():
    settings = cached("CMAKE_CXX_COMPILER") + cached("RELATA_TORCH")
    result = run(["cmake", "-G", "Ninja", "-S", SOURCE, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release",
                  "-DRELATA_PYTHON=OFF", *settings])
    if result.returncode != 0:
        sys.exit(result.stdout + result.stderr)


def build(program):
    result = run(["ninja", "-C", BUILD, program])
    return None if result.returncode == 0 else result.stdout


def test(program, tests):
    """'passed', 'failed', 'skipped', or 'none' where the filter finds no test."""
    try:
        result = run([BUILD / "tests" / "unit" / program, f"--gtest_filter={tests}"], timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return "failed"
    if result.returncode != 0:
        return "failed"
    if "Running 0 tests" in result.stdout:
        return "none"
    return "skipped" if "[  SKIPPED ]" in result.stdout else "passed"


class Mutant:
    def __init__(self, path):
        header = path.read_text().splitlines()[0]
        self.path, self.name = path, path.stem
        _, self.program, self.tests = header.split(maxsplit=2)
        self.files = re.findall(r"^\+\+\+ b/(\S+)$", path.read_text(), re.M)

    def outcome(self):
        """Applies, builds, tests and puts the files back."""
        kept = {file: (SOURCE / file).read_bytes() for file in self.files}
        try:
            applied = run(["git", "apply", self.path], cwd=SOURCE)
            if applied.returncode != 0:
                return "does not apply: " + applied.stderr.strip().replace("\n", "; ")
            if all((SOURCE / file).read_bytes() == content for file, content in kept.items()):
                return "does not apply: it changed nothing"
            if build(self.program) is not None:
                return "does not build"
            return {"failed": "killed", "skipped": "not run"}.get(test(self.program, self.tests), "SURVIVED")
        finally:
            for file, content in kept.items():
                (SOURCE / file).write_bytes(content)


def refuse_red_tests(mutants):
    """The tests must pass as long as nothing is broken."""
    for program in sorted({m.program for m in mutants}):
        output = build(program)
        if output is not None:
            sys.exit(f"{program} does not build:\n{output}")
    red = []
    for program, tests in sorted({(m.program, m.tests) for m in mutants}):
        result = test(program, tests)
        if result in ("failed", "none"):
            red.append(f"{program} {tests}: " + ("fails" if result == "failed" else "there is no such test"))
    if red:
        sys.exit("without any mutant:\n" + "\n".join(red))


def main():
    patterns = sys.argv[1:] or ["*"]
    paths = sorted(HERE.glob("*.patch"))
    mutants = [Mutant(p) for p in paths if any(fnmatch.fnmatch(p.stem, q) for q in patterns)]
    if not mutants:
        sys.exit("no mutant has such a name")
    refresh_copy()
    configure()
    refuse_red_tests(mutants)
    counts = {}
    for mutant in sorted(mutants, key=lambda m: (m.files, m.name)):
        outcome = mutant.outcome()
        counts[outcome] = counts.get(outcome, 0) + 1
        by = f" by {mutant.program} {mutant.tests}" if outcome == "killed" else ""
        print(f"{mutant.name}: {outcome}{by}", flush=True)
    others = [f"{count} {outcome}" for outcome, count in counts.items() if outcome not in ("killed", "SURVIVED")]
    print(", ".join([f"{counts.get('killed', 0)} killed, {counts.get('SURVIVED', 0)} survived", *others]))
    return 0 if counts.get("killed", 0) == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
