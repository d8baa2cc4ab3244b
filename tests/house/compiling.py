"""Whether a piece of C++ would compile as part of the tree."""

import json
import pathlib
import shlex
import subprocess
import tempfile


def compiles(text: str, build: pathlib.Path, like: str, include: pathlib.Path | None = None) -> tuple[bool, str]:
    """With the flags of the source whose path ends in `like`, and headers of `include` too: (compiles, messages)."""
    commands = json.loads((build / "compile_commands.json").read_text())
    words = shlex.split(next(c["command"] for c in commands if c["file"].endswith(like)))
    words = words[words.index(next(w for w in words if "clang" in w or w.endswith(("g++", "c++")))) :]
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as scratch:
        scratch.write(text)
        scratch.flush()
        keep = [w for w in words if not w.endswith(".cpp") and w not in ("-c", "-MD")]
        skip = {i for i, w in enumerate(keep) if w in ("-o", "-MT", "-MF")}
        keep = [w for i, w in enumerate(keep) if i not in skip and i - 1 not in skip]
        more = [] if include is None else [f"-I{include}"]
        done = subprocess.run(
            [*keep, *more, "-fsyntax-only", scratch.name], capture_output=True, text=True, check=False, cwd=build
        )
    return done.returncode == 0, done.stderr
