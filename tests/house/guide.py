"""Compiles the example system of docs/how-to-add-a-system.md, so that the guide stays true.

Usage: guide.py SOURCE BUILD
"""

import pathlib
import re
import sys
import tempfile

from compiling import compiles

source, build = map(pathlib.Path, sys.argv[1:3])
LIKE = "/systems/m3col/system.cpp"
guide = (source / "docs/how-to-add-a-system.md").read_text()
files = dict(re.findall(r"`src/(relata/systems/duo/[\w.]+)`:[^\n]*\n\n```cpp\n(.*?)```", guide, re.S))
registration = re.search(r"```cpp\n(train::register_system.*?)```", guide, re.S)
if set(files) != {f"relata/systems/duo/{name}" for name in ("config.h", "system.h", "system.cpp")} or not registration:
    sys.exit(f"the guide's example is not where it was; found {sorted(files)}")

with tempfile.TemporaryDirectory() as scratch:
    root = pathlib.Path(scratch)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    register = (
        '#include "relata/systems/duo/system.h"\n#include "relata/train/registry.h"\n'
        f"namespace relata::systems {{ void example(); void example() {{\n{registration[1]}\n}} }}\n"
    )
    for what, text in (("system.cpp", files["relata/systems/duo/system.cpp"]), ("the registration", register)):
        fine, message = compiles(text, build, LIKE, root)
        if not fine:
            sys.exit(f"{what} of the guide does not compile:\n{message}")
        print(f"{what}: compiles")
