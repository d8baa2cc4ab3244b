"""Prints the tables of published results from `results/*.jsonl`; with --write also puts them into the READMEs."""

import json
import math
import pathlib
import statistics
import sys

from relata import metrics

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"

# What the released code gives on ROSMAP, measured independently of relata for the specification (official model and
# loss files, float32 CPU): (mean, sd, seeds) of accuracy and AUC in percent.
RELEASED = {
    "P0a, last epoch": ((80.2, 4.2, 5), (88.5, 2.7, 5)),
    "P0a, epoch 490": ((80.6, 4.3, 5), (88.5, 2.6, 5)),
    "P0b, last epoch": ((81.1, 3.2, 5), (89.0, 1.2, 5)),
    "P0b, epoch 490": ((82.8, 1.7, 5), (89.1, 1.3, 5)),
    "P1a, maximum over every 10th epoch": ((84.7, 0.8, 5), (91.3, 0.4, 5)),
    "P1b, maximum over every epoch": ((86.2, 1.4, 3), (91.7, 1.1, 3)),
}
LABELS = {
    "P0a, last epoch": "released command (contrast off), no selection",
    "P0a, epoch 490": "released command (contrast off), no selection",
    "P0b, last epoch": "released + contrast, no selection",
    "P0b, epoch 490": "released + contrast, no selection",
    "P1a, maximum over every 10th epoch": "**test-selected (optimistic)**, each metric by itself",
    "P1b, maximum over every epoch": "authors' development recipe, **test-selected (optimistic)**",
}


def lines_of(table: str) -> list[dict]:
    file = RESULTS / f"{table}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def spread(values: list[float]) -> tuple[float, float, int]:
    percent = [100 * value for value in values]
    return statistics.mean(percent), statistics.stdev(percent) if len(percent) > 1 else math.nan, len(percent)


def cell(sample: tuple[float, float, int]) -> str:
    mean, sd, _ = sample
    return f"{mean:.1f} ± {sd:.1f}" if not math.isnan(sd) else f"{mean:.1f}"


def at_epoch(lines: list[dict], row: str, epoch: str, name: str) -> list[float]:
    return [line["trajectory"][epoch][name] for line in lines if line["row"] == row]


def best_of_tenths(lines: list[dict], row: str, name: str) -> list[float]:
    return [
        max(scores[name] for epoch, scores in line["trajectory"].items() if int(epoch) % 10 == 0)
        for line in lines if line["row"] == row
    ]


def rosmap_rows(lines: list[dict], name: str) -> dict[str, list[float]]:
    rows = {
        "P0a, last epoch": at_epoch(lines, "P0a", "499", name),
        "P0a, epoch 490": at_epoch(lines, "P0a", "490", name),
        "P0b, last epoch": at_epoch(lines, "P0b", "499", name),
        "P0b, epoch 490": at_epoch(lines, "P0b", "490", name),
        "P1a, maximum over every 10th epoch": best_of_tenths(lines, "P0b", name),
        "P1b, maximum over every epoch": [line["max"][name] for line in lines if line["row"] == "P1b"],
    }
    return {row: values for row, values in rows.items() if len(values) > 1}


def welch_table(lines: list[dict]) -> list[str]:
    """Ours against the released code, accuracy and AUC, Welch's t with Holm's correction at 5 %."""
    tests = []
    for number, name in enumerate(("accuracy", "roc_auc")):
        for row, values in rosmap_rows(lines, name).items():
            ours, theirs = spread(values), RELEASED[row][number]
            tests.append((row, name, ours, theirs, metrics.welch(metrics.Sample(*ours), metrics.Sample(*theirs))))
    if not tests:
        return []
    adjusted, rejected = metrics.holm([test[4].p for test in tests], 0.05)
    out = ["", "Against the released code (Welch's t from mean, sd and n; Holm over "
           f"{len(tests)} tests at 5 %):", "", "| row | metric | relata (n) | released code (n) | p | p, Holm | differs |",
           "|---|---|---|---|---|---|---|"]
    for (row, name, ours, theirs, test), p, differs in zip(tests, adjusted, rejected):
        out.append(f"| {row} | {name} | {cell(ours)} ({ours[2]}) | {cell(theirs)} ({theirs[2]}) | {test.p:.3f} | "
                   f"{p:.3f} | {'yes' if differs else 'no'} |")
    return out


def rosmap() -> list[str]:
    lines = lines_of("m3col_rosmap")
    out = ["### ROSMAP (245 train, 106 test), %", "",
           "| row | seeds | accuracy | F1 | AUC | what it is |", "|---|---|---|---|---|---|"]
    names = ("accuracy", "f1_binary", "roc_auc")
    columns = {name: rosmap_rows(lines, name) for name in names}
    for row, values in columns["accuracy"].items():
        cells = " | ".join(cell(spread(columns[name][row])) for name in names)
        out.append(f"| {row} | {len(values)} | {cells} | {LABELS[row]} |")
    out += ["| paper | 3 (from memory) | 88.7 ± 0.94 | 88.5 ± 0.94 | 92.6 ± 0.59 | from memory, not verified; "
            "not reproduced by the released code |",
            "| logistic regression, all views | – | 80.2 | 80.7 | 89.1 | built-in baseline, C by 5×5 cross-validation on train |",
            "", "One test sample is 0.94 points; the binomial standard error at 85 % is about 3.5 points; a classifier that "
            "always says class 1 has 51.9 / 68.3 / 50.0. ± is the sample standard deviation over seeds."]
    return out + welch_table(lines)


def write(readme: pathlib.Path, text: str) -> None:
    before, rest = readme.read_text().split("<!-- results:begin -->")
    after = rest.split("<!-- results:end -->")[1]
    readme.write_text(f"{before}<!-- results:begin -->\n{text}\n<!-- results:end -->{after}")


tables = "\n".join(rosmap())
print(tables)
if "--write" in sys.argv:
    write(ROOT / "src/relata/systems/m3col/README.md", tables)
