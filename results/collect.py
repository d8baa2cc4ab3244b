"""Adds the finished seeds of a run folder, and its summary once all seeds are there, to a table's results.

Usage: collect.py TABLE ROW RECIPE RUN. Refuses runs whose configuration is not the recipe's; a line that is there
already (same row, seed and configuration) is left alone. The summary's line has the seed null: epoch chosen by
cross-validation, ensemble and baselines with their intervals.
"""

import hashlib
import json
import pathlib
import subprocess
import sys

import yaml_lite

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/apps/relata/relata"
# Keys that say how often or how fast to run, not what a run computes.
OTHER = ("name", "seeds", "folds", "description", "source", "baselines.", "train.evaluate.", "train.checkpoint.",
         "train.loader_threads", "train.stop_after")
# Keys that came after the first tables: at this value they are what every earlier run did.
LATER = {"train.precision": "fp32"}


def configuration(text: str) -> dict[str, str]:
    keys = yaml_lite.flatten(text)
    return {key: value for key, value in keys.items() if not key.startswith(OTHER) and LATER.get(key) != value}


def rounded(metrics: list) -> dict[str, float]:
    return {name: round(value, 6) for name, value in metrics if value is not None}


def line_of(job: pathlib.Path, row: str, config_hash: str) -> dict:
    result = json.loads((job / "result.json").read_text())
    scored = [record for record in result["history"] if record["split"] == "test"]
    maxima: dict[str, float] = {}
    for record in scored:
        for name, value in rounded(record["metrics"]).items():
            maxima[name] = max(value, maxima.get(name, value))
    last = max((record["epoch"] for record in scored), default=0)
    trajectory = {
        str(record["epoch"]): rounded(record["metrics"])
        for record in scored
        if record["epoch"] % 10 == 0 or record["epoch"] == last
    }
    test = next((split for split in result["splits"] if split["split"] == "test"), None)
    line = {
        "row": row, "seed": result["seed"], "fold": result["fold"], "config_hash": config_hash,
        "selection": result["selection"], "selected_epoch": result["selected_epoch"],
        "test": rounded(test["metrics"]) if test else {}, "seconds": round(result["seconds"], 1),
        "threads": result["threads"], "versions": result["versions"],
    }
    if scored:
        line |= {"trajectory": trajectory, "max": maxima}
    return line


def intervals(row: dict) -> dict[str, list[float]]:
    return {name: [round(v[end], 6) for end in ("estimate", "low", "high")] for name, v in row["metrics"].items()}


def summary_line(run: pathlib.Path, row: str, seeds: str, config_hash: str) -> dict | None:
    """None unless it is of all the recipe's `seeds`, such as "0..9"."""
    file = run / "summary.json"
    if not file.exists():
        return None
    summary = json.loads(file.read_text())
    first, last = (int(n) for n in seeds.split(".."))
    if summary["seeds"] != list(range(first, last + 1)):
        return None
    line = {
        "row": row, "seed": None, "fold": "", "config_hash": config_hash, "selection": summary["selection"],
        "seeds": len(summary["seeds"]), "rows": summary["rows"], "ensemble": intervals(summary["ensemble"]),
        "mcnemar_p": summary["ensemble"].get("mcnemar_p_against_first_baseline"),
        "baselines": {baseline["name"]: intervals(baseline) for baseline in summary["baselines"]},
    }
    if "epoch_choice" in summary:
        choice = summary["epoch_choice"]
        line["epoch_choice"] = {"epoch": choice["epoch"], "score": round(choice["score"], 6),
                                "smoothed": [round(v, 6) for v in choice["smoothed"]]}
    return line


def main() -> None:
    table, row, recipe, run = sys.argv[1:5]
    shown = subprocess.run([PROGRAM, "train", recipe, "--print-config"], capture_output=True, text=True, check=True)
    wanted = configuration(shown.stdout)
    config_hash = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
    file = ROOT / "results" / f"{table}.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    known = {(line["row"], line["seed"], line["fold"], line["config_hash"]) for line in lines}
    found: list[dict] = []
    for job in sorted((pathlib.Path(run) / "jobs").glob("seed-*")):
        if not (job / "result.json").exists():
            continue
        got = configuration((job / "config.yaml").read_text())
        different = {key for key in wanted if got.get(key, wanted[key]) != wanted[key]}
        if different:
            sys.exit(f"{job}: not a run of {recipe}: {', '.join(sorted(different))} differ")
        found.append(line_of(job, row, config_hash))
    seeds = yaml_lite.flatten(shown.stdout)["seeds"]
    if (summary := summary_line(pathlib.Path(run), row, seeds, config_hash)) is not None:
        found.append(summary)
    lines += [line for line in found if (line["row"], line["seed"], line["fold"], line["config_hash"]) not in known]
    lines.sort(key=lambda line: (line["row"], line["fold"], -1 if line["seed"] is None else line["seed"]))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


main()
