"""Bad input ends with one line that names file, line or key and the remedy, exit code 2, and nothing half-written."""

import json
import resource
import signal

import pytest
from conftest import refuse, run, write_dataset


@pytest.mark.parametrize(("override", "saying"), [
    ("train.epoch=3", ["unknown key 'train.epoch'", "did you mean 'train.epochs'", "command line"]),
    ("train.epochs=-1", ["'train.epochs'", "whole number", "-1"]),
    ("train.epochs=many", ["'train.epochs'", "many"]),
    ("contrast.fixed_side=both", ["one of mixed, clean", "both"]),
    ("preset=none", ["one of official, paper, fixed"]),
    ("roles=[v1]", ["at least two vector fields"]),
    ("roles=[v1, nope]", ["'nope' is no vector field", "v1, v2, v3"]),
    ("label=v1", ["has no label 'v1'"]),
    ("seeds=a", ["seeds", "0..19"]),
    ("train.select.rule=best_validation", ["needs a validation split"]),
    ("system=m3cl", ["there is no system 'm3cl'", "m3col"]),
    ("nonsense", ["key=value"]),
])
def test_recipe_keys(tmp_path, dataset, recipe, override, saying):
    refuse("train", recipe, override, "--data", dataset, "--out", tmp_path / "run", saying=saying)
    assert not (tmp_path / "run").exists()


def test_the_official_preset_asks_for_the_contrast(tmp_path, dataset, recipe):
    recipe.write_text(recipe.read_text().replace("contrast: {enabled: true}\n", ""))
    refuse("train", recipe, "--data", dataset, "--out", tmp_path / "run", saying=["contrast.enabled", "say which"])


def test_missing_things(tmp_path, dataset, recipe):
    refuse("train", "m3col/rosmp", "--data", dataset, "--out", tmp_path / "r", saying=["m3col/rosmap", "relata recipes"])
    refuse("train", recipe, "--data", tmp_path / "nowhere", "--out", tmp_path / "r", saying=["nowhere", "no such"])
    refuse("train", recipe, "--out", tmp_path / "r", saying=["--data is needed"])
    refuse("evaluate", tmp_path / "none", dataset, saying=["none", "no model folder"])
    refuse("info", tmp_path / "none", saying=["none"])
    assert run("trian").returncode == 2
    assert run("train").returncode == 2


def broken(dataset, edit):
    file = dataset / "train.jsonl"
    lines = file.read_text().splitlines()
    lines[4] = edit(json.loads(lines[4]))
    file.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(("edit", "saying"), [
    (lambda r: json.dumps(r | {"label": 3}), ["train.jsonl:5", "class 3", "0 to 2"]),
    (lambda r: json.dumps(r | {"label": "z"}), ["train.jsonl:5", "none of the classes a, b, c"]),
    (lambda r: json.dumps(r | {"v1": [1, 2]}), ["train.jsonl:5", "'v1' has 2 values, but 5"]),
    (lambda r: json.dumps(r | {"v1": ["x"] * 5}), ["train.jsonl:5", "must hold numbers"]),
    (lambda r: json.dumps(r | {"v9": 1}), ["train.jsonl:5", "'v9' is not declared"]),
    (lambda r: json.dumps(r | {"id": "train3"}), ["train.jsonl:5", "'train3' is given twice"]),
    (lambda r: json.dumps(r)[:-3], ["train.jsonl:5"]),
    (lambda r: '{"id": "q", "id": "q"}', ["train.jsonl:5", "id"]),
])
def test_records(tmp_path, dataset, recipe, edit, saying):
    broken(dataset, edit)
    refuse("train", recipe, "--data", dataset, "--out", tmp_path / "run", saying=saying)
    assert not (tmp_path / "run").exists()


def test_broken_records_can_be_skipped(tmp_path, dataset, recipe):
    broken(dataset, lambda r: json.dumps(r | {"label": 3}))
    done = run("train", recipe, "--data", dataset, "--out", tmp_path / "run", "--on-error", "skip", check=0)
    assert "train.jsonl:5" in done.stderr


def test_values_that_are_not_finite(tmp_path, dataset, recipe):
    broken(dataset, lambda r: json.dumps(r | {"v2": [1, float("nan"), 3, 4]}))
    assert run("train", recipe, "--data", dataset, "--out", tmp_path / "run").returncode == 2  # NaN is no JSON


def test_splits(tmp_path, recipe):
    one_class = write_dataset(tmp_path / "one")
    text = (one_class / "train.jsonl").read_text()
    (one_class / "train.jsonl").write_text(text.replace('"label": 1', '"label": 0').replace('"label": 2', '"label": 0'))
    refuse("train", recipe, "--data", one_class, "--out", tmp_path / "r", saying=["1 class", "at least two"])
    no_train = write_dataset(tmp_path / "no", splits=("test",))
    refuse("train", recipe, "--data", no_train, "--out", tmp_path / "r", saying=["no split 'train'", "--split"])
    (one_class / "train.jsonl").write_text("")
    assert run("train", recipe, "--data", one_class, "--out", tmp_path / "r").returncode == 2


@pytest.mark.parametrize(("name", "text", "saying"), [
    ("a.csv", "1,2\n3\n", ["a.csv", "2"]),
    ("a.csv", "1,2\n3,x\n", ["a.csv", "x"]),
    ("a.csv", "", ["a.csv", "empty"]),
    ("a.csv", "1,2,9\n3,4,9\n5,6,9\n", ["a.csv", "3", "2"]),
    ("y.csv", "", ["y.csv"]),
])
def test_csv_files(tmp_path, name, text, saying):
    files = {"a.csv": "1,2\n3,4\n", "b.csv": "1\n2\n", "y.csv": "0\n1\n"} | {name: text}
    for file, content in files.items():
        (tmp_path / file).write_text(content)
    refuse("import", "data", "csv", "--view", f"a={tmp_path}/a.csv", "--view", f"b={tmp_path}/b.csv",
           "--labels", tmp_path / "y.csv", "--out", tmp_path / "d", saying=saying)
    assert not (tmp_path / "d").exists()
    assert not [p for p in tmp_path.iterdir() if ".tmp" in p.name]


def test_a_run_of_another_recipe_is_not_resumed(tmp_path, dataset, recipe):
    out = tmp_path / "run"
    run("train", recipe, "--data", dataset, "--out", out, check=0)
    refuse("train", recipe, "--data", dataset, "--out", out, saying=["already exists", "--resume"])
    refuse("train", recipe, "train.optimizer.lr=0.1", "--data", dataset, "--out", out, "--resume",
           saying=["another recipe"])


def test_damaged_model_files(tmp_path, dataset, recipe):
    out = tmp_path / "run"
    run("train", recipe, "--data", dataset, "--out", out, check=0)
    weights = out / "model/model.safetensors"
    whole = weights.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:6], b"", whole[:-8] + b"\x00\x01\x02\x03\x04\x05\x06\x07"):
        weights.write_bytes(damaged)
        done = run("evaluate", out, dataset)
        assert done.returncode == 2 and "model.safetensors" in done.stderr, done.stderr


def test_a_model_refuses_data_of_another_width(tmp_path, dataset, recipe):
    out = tmp_path / "run"
    run("train", recipe, "--data", dataset, "--out", out, check=0)
    other = write_dataset(tmp_path / "other")
    for split in ("train", "test"):
        file = other / f"{split}.jsonl"
        records = [json.loads(line) for line in file.read_text().splitlines()]
        file.write_text("\n".join(json.dumps(r | {"v1": r["v1"][:3]}) for r in records) + "\n")
    refuse("evaluate", out, other, saying=["'v1'", "3 values", "5"])


def test_a_full_disk_ends_with_exit_code_1(tmp_path, dataset, recipe):
    run("train", recipe, "--data", dataset, "--out", tmp_path / "run", check=0)

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit then fails with EFBIG
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    refuse("predict", tmp_path / "run", dataset, "--out", tmp_path / "p.jsonl", saying=["p.jsonl", "cannot write"],
           code=1, preexec_fn=small_files)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith("p.jsonl")]
