"""Prints which floor of src/relata includes which, and proves that the build refuses an include of a higher floor.

Usage: layers.py SOURCE BUILD
"""

import collections
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
ORDER = re.search(r"set\(RELATA_LAYERS\s+([^)]*)\)", (source / "cmake/layers.cmake").read_text()).group(1).split()


def included_floors() -> dict[str, set[str]]:
    floors = collections.defaultdict(set)
    for file in sorted((source / "src/relata").rglob("*")):
        if file.suffix not in (".h", ".cpp"):
            continue
        own = file.relative_to(source / "src/relata").parts[0]
        floors[own] |= set(re.findall(r'#include "relata/(\w+)/', file.read_text())) - {own}
    return floors


def compiles(text: str) -> tuple[bool, str]:
    """Compiles a file with the flags of a source of the ground floor."""
    commands = json.loads((build / "compile_commands.json").read_text())
    words = shlex.split(next(c["command"] for c in commands if c["file"].endswith("/base/error.cpp")))
    words = words[words.index(next(w for w in words if "clang" in w or w.endswith(("g++", "c++")))) :]
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as scratch:
        scratch.write(text)
        scratch.flush()
        keep = [w for w in words if not w.endswith(".cpp") and w not in ("-c", "-MD")]
        skip = {i for i, w in enumerate(keep) if w in ("-o", "-MT", "-MF")}
        keep = [w for i, w in enumerate(keep) if i not in skip and i - 1 not in skip]
        done = subprocess.run([*keep, "-fsyntax-only", scratch.name], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


floors = included_floors()
wrong = []
for floor in ORDER:
    if floor not in floors:
        continue
    below = sorted(floors[floor], key=ORDER.index)
    print(f"{floor:>11} → {' '.join(below) or '—'}")
    wrong += [f"{floor} includes {other}" for other in below if ORDER.index(other) >= ORDER.index(floor)]
unknown = set(floors) - set(ORDER)
if unknown:
    wrong.append(f"floors without a place in the order: {unknown}")

allowed, message = compiles('#include "relata/base/error.h"\n')
if not allowed:
    wrong.append(f"a floor cannot include itself: {message}")
allowed, message = compiles('#include "relata/io/csv.h"\n')
if allowed or "file not found" not in message:
    wrong.append(f"base was able to include io, or failed for another reason: {message}")
else:
    print("refused: base → io (file not found)")
if wrong:
    sys.exit("\n".join(wrong))
