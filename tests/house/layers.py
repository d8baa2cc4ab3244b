"""Prints which floor of src/relata includes which, and proves that the build refuses an include of a higher floor.

Usage: layers.py SOURCE BUILD
"""

import collections
import pathlib
import re
import sys

from compiling import compiles

source, build = map(pathlib.Path, sys.argv[1:3])
GROUND = "/base/error.cpp"
ORDER = re.search(r"set\(RELATA_LAYERS\s+([^)]*)\)", (source / "cmake/layers.cmake").read_text()).group(1).split()


def included_floors() -> dict[str, set[str]]:
    floors = collections.defaultdict(set)
    for file in sorted((source / "src/relata").rglob("*")):
        if file.suffix not in (".h", ".cpp"):
            continue
        own = file.relative_to(source / "src/relata").parts[0]
        floors[own] |= set(re.findall(r'#include "relata/(\w+)/', file.read_text())) - {own}
    return floors


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

allowed, message = compiles('#include "relata/base/error.h"\n', build, GROUND)
if not allowed:
    wrong.append(f"a floor cannot include itself: {message}")
allowed, message = compiles('#include "relata/io/csv.h"\n', build, GROUND)
if allowed or "file not found" not in message:
    wrong.append(f"base was able to include io, or failed for another reason: {message}")
else:
    print("refused: base → io (file not found)")
if wrong:
    sys.exit("\n".join(wrong))
