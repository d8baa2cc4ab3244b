"""Prints the tables of published results from `results/*.jsonl`; with --write also puts them into the READMEs."""

import csv
import json
import math
import pathlib
import statistics
import sys
from collections.abc import Callable

from relata import metrics

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"

ROSMAP_METRICS = {"accuracy": "accuracy", "f1_binary": "F1", "roc_auc": "AUC"}
BRCA_METRICS = {"accuracy": "accuracy", "f1_weighted": "weighted F1", "f1_macro": "macro F1", "roc_auc": "AUC"}

Values = Callable[[str], list[float]]  # metric → one value a seed


def lines_of(table: str) -> list[dict]:
    file = RESULTS / f"{table}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def csv_rows(name: str) -> list[dict[str, str]]:
    with open(RESULTS / name, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def spread(values: list[float]) -> tuple[float, float, int]:
    percent = [100 * value for value in values]
    return statistics.mean(percent), statistics.stdev(percent) if len(percent) > 1 else math.nan, len(percent)


def cell(values: list[float]) -> str:
    mean, sd, count = spread(values)
    return f"{mean:.1f} ± {sd:.1f}" if count > 1 else f"{mean:.1f}"


def interval_cell(value: list[float]) -> str:
    estimate, low, high = (100 * v for v in value)
    return f"{estimate:.1f} [{low:.1f}, {high:.1f}]"


def markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    return ["", *("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows]), ""]


# What a row's seeds say: at an epoch, best of every tenth test evaluation, best of all, with the selected weights.


def seeds_of(lines: list[dict], row: str) -> list[dict]:
    return [line for line in lines if line["row"] == row and line["seed"] is not None]


def summary_of(lines: list[dict], row: str) -> dict | None:
    return next((line for line in lines if line["row"] == row and line["seed"] is None), None)


def at_epoch(lines: list[dict], row: str, epoch: int) -> Values:
    return lambda name: [line["trajectory"][str(epoch)][name] for line in seeds_of(lines, row)]


def best_of_tenths(lines: list[dict], row: str) -> Values:
    return lambda name: [
        max(scores[name] for epoch, scores in line["trajectory"].items() if int(epoch) % 10 == 0)
        for line in seeds_of(lines, row)
    ]


def best(lines: list[dict], row: str) -> Values:
    return lambda name: [line["max"][name] for line in seeds_of(lines, row)]


def selected(lines: list[dict], row: str) -> Values:
    return lambda name: [line["test"][name] for line in seeds_of(lines, row)]


def row_cells(name: str, values: Values, names: dict[str, str], what: str) -> list[str]:
    return [name, str(len(values(next(iter(names))))), *(cell(values(metric)) for metric in names), what]


def honest_rows(lines: list[dict], row: str, names: dict[str, str]) -> list[list[str]]:
    """P2, P3 and the baselines beside them."""
    summary = summary_of(lines, row)
    if summary is None:
        return []
    epoch = summary["epoch_choice"]["epoch"]
    against = "" if summary["mcnemar_p"] is None else (
        f"; against logistic regression on all views: exact McNemar p = {summary['mcnemar_p']:.3f}")
    rows = [row_cells(f"P2, epoch {epoch}", selected(lines, row), names,
                      "honest: epoch by 5×5 cross-validation inside train")]
    rows.append(["P3", str(summary["seeds"]), *(interval_cell(summary["ensemble"][m]) for m in names),
                 f"ensemble of P2's seeds, 95 % bootstrap interval{against}"])
    return rows + baseline_rows(summary, names)


def baseline_rows(summary: dict, names: dict[str, str]) -> list[list[str]]:
    return [[name, "–", *(interval_cell(scores[m]) for m in names), "built-in baseline, 95 % bootstrap interval"]
            for name, scores in summary["baselines"].items()]


# ROSMAP against what the released code gives there (measured independently of relata: official model and loss files,
# float32 CPU; the numbers of results/m3col_released.csv).

ROSMAP_ROWS = [  # name, reader, row and column of m3col_released.csv, what it is
    ("P0a, last epoch", at_epoch, ("P0a", 499), ("P0a", "last epoch"), "released command (contrast off), no selection"),
    ("P0a, epoch 490", at_epoch, ("P0a", 490), ("P0a", "epoch 490"), "released command (contrast off), no selection"),
    ("P0b, last epoch", at_epoch, ("P0b", 499), ("P0b", "last epoch"), "released + contrast, no selection"),
    ("P0b, epoch 490", at_epoch, ("P0b", 490), ("P0b", "epoch 490"), "released + contrast, no selection"),
    ("P1a, maximum over every 10th epoch", best_of_tenths, ("P0b",), ("P0b", "maximum over every 10th epoch"),
     "**test-selected (optimistic)**, each metric by itself"),
    ("P1b, maximum over every epoch", best, ("P1b",), ("P1b", "maximum over every epoch"),
     "authors' development recipe, **test-selected (optimistic)**"),
]


def rosmap() -> list[str]:
    lines = lines_of("m3col_rosmap")
    rows = [row_cells(name, read(lines, *key), ROSMAP_METRICS, what)
            for name, read, key, _, what in ROSMAP_ROWS if len(seeds_of(lines, key[0])) > 1]
    rows += honest_rows(lines, "P2", ROSMAP_METRICS)
    paper = next(row for row in csv_rows("m3col_published.csv") if row["method"] == "M3CoL")
    rows.append(["paper", "3 (from memory)", *(paper[f"rosmap_{m}"] for m in ("accuracy", "f1", "auc")),
                 f"{paper['source']}; the released code does not reach it"])
    return [
        "### ROSMAP (245 train, 106 test), %", *markdown(["row", "seeds", *ROSMAP_METRICS.values(), "what it is"], rows),
        "One test sample is 0.94 points; the binomial standard error at 85 % is about 3.5 points; a classifier that "
        "always says class 1 has 51.9 / 68.3 / 50.0. ± is the sample standard deviation over seeds; […] is a 95 % "
        "percentile bootstrap over the test rows, 10,000 resamples.", "", *welch_table(lines), *released_table(),
        *published_table(),
    ]


def welch_table(lines: list[dict]) -> list[str]:
    """Ours against the released code, accuracy and AUC, Welch's t with Holm's correction at 5 %."""
    released = {(row["configuration"], row["column"]): row for row in csv_rows("m3col_released.csv")}
    tests = []
    for ours_name, theirs_name in (("accuracy", "accuracy"), ("roc_auc", "auc")):
        for name, read, key, where, _ in ROSMAP_ROWS:
            if len(seeds_of(lines, key[0])) < 2:
                continue
            theirs = released[where]
            mean, sd = (float(v) for v in theirs[theirs_name].split(" ± "))
            values = read(lines, *key)(ours_name)
            test = metrics.welch(metrics.Sample(*spread(values)), metrics.Sample(mean, sd, int(theirs["seeds"])))
            tests.append((name, ours_name, f"{cell(values)} ({len(values)})", f"{mean} ± {sd} ({theirs['seeds']})", test.p))
    adjusted, rejected = metrics.holm([test[-1] for test in tests], 0.05)
    rows = [[*test[:4], f"{test[4]:.3f}", f"{p:.3f}", "yes" if differs else "no"]
            for test, p, differs in zip(tests, adjusted, rejected)]
    return [f"Against the released code (Welch's t from mean, sd and n; Holm over {len(tests)} tests at 5 %):",
            *markdown(["row", "metric", "relata (n)", "released code (n)", "p", "p, Holm", "differs"], rows)]


def released_table() -> list[str]:
    rows = csv_rows("m3col_released.csv")
    columns = ["last epoch", "epoch 490", "mean of the last 100 epochs", "maximum over every epoch",
               "maximum over every 10th epoch"]
    out = []
    for name in dict.fromkeys(row["configuration"] for row in rows):
        of = {row["column"]: row for row in rows if row["configuration"] == name}
        of.setdefault("epoch 490", of.get("epoch 990", {}))
        out.append([name, next(iter(of.values()))["seeds"],
                    *(" / ".join(of[column][m] for m in ("accuracy", "f1", "auc")) for column in columns)])
    return ["What the released code gives on ROSMAP, accuracy / F1 / AUC, measured independently of relata (official model "
            "and loss files, float32, CPU; the last two columns are selected on the test split; P1b: epoch 990):",
            *markdown(["configuration", "seeds", *columns], out)]


def published_table() -> list[str]:
    rows = [[row["method"], *(" / ".join(row[f"{data}_{m}"] for m in of) for data, of in (
        ("rosmap", ("accuracy", "f1", "auc")), ("brca", ("accuracy", "f1_weighted", "f1_macro")))), row["source"]]
        for row in csv_rows("m3col_published.csv")]
    return ["Published figures for orientation (ROSMAP: accuracy / F1 / AUC; BRCA: accuracy / weighted F1 / macro F1; how "
            "each selected its epoch is mostly not stated):", *markdown(["method", "ROSMAP", "BRCA", "source"], rows)]


def brca(stand_in: str, title: str, note: str) -> list[str]:
    lines = lines_of(f"m3col_brca_{stand_in}")
    rows = []
    if len(seeds_of(lines, "P0b")) > 1:
        for epoch, name in ((499, "P0b, last epoch"), (490, "P0b, epoch 490")):
            rows.append(row_cells(name, at_epoch(lines, "P0b", epoch), BRCA_METRICS, "released + contrast, no selection"))
    rows += honest_rows(lines, "P2", BRCA_METRICS)
    for row, by in (("missing", "heads of the other two"), ("missing_fusion", "fusion, modality dropout 0.3")):
        if len(seeds_of(lines, row)) > 1:
            rows.append(row_cells(f"protein missing, {by}", selected(lines, row), BRCA_METRICS,
                                  "three views in training, no protein in any test row; last epoch, no selection"))
    if not rows:
        return []
    return [f"### {title}, %", *markdown(["row", "seeds", *BRCA_METRICS.values(), "what it is"], rows), note, ""]


def write(readme: pathlib.Path, text: str) -> None:
    before, rest = readme.read_text().split("<!-- results:begin -->")
    after = rest.split("<!-- results:end -->")[1]
    readme.write_text(f"{before}<!-- results:begin -->\n{text}\n<!-- results:end -->{after}")


NOT_COMPARABLE = "Not the published BRCA benchmark (other samples, features and classes): no figure above compares with these."
tables = "\n".join([
    *rosmap(),
    *brca("jive", "BRCA stand-in r.jive (three clusters)", NOT_COMPARABLE),
    *brca("mixomics", "BRCA stand-in mixOmics (PAM50: Basal, Her2, LumA; 150 train, 70 test)", NOT_COMPARABLE),
]).rstrip("\n")
print(tables)
if "--write" in sys.argv:
    write(ROOT / "src/relata/systems/m3col/README.md", tables)
