"""Exits with 0 if every pinned requirement of a file is installed in this environment."""

import sys
from importlib.metadata import PackageNotFoundError, version


def met(requirement: str) -> bool:
    name, _, wanted = requirement.partition("==")
    try:
        return not wanted or version(name.strip()) == wanted.strip()
    except PackageNotFoundError:
        return False


with open(sys.argv[1], encoding="utf-8") as lines:
    requirements = [line.split("#")[0].strip() for line in lines]
sys.exit(0 if all(met(requirement) for requirement in requirements if requirement) else 1)
