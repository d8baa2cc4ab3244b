"""Reads the YAML that relata itself writes (config.yaml): nested keys, one a line, comments after two blanks."""


def flatten(text: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    groups: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        body = line.split("  # ")[0] if "  # " in line else line
        depth = (len(body) - len(body.lstrip())) // 2
        name, _, value = body.strip().partition(":")
        groups = groups[:depth]
        if value.strip():
            keys[".".join([*groups, name])] = value.strip()
        else:
            groups.append(name)
    return keys
