"""What a run promises about selection, splits, seeds and resuming, whatever the data look like."""

import fcntl
import json
import os

import pytest
from conftest import refuse, run, write_dataset

QUICK = ["train.epochs=4", "train.evaluate.splits=[]"]


def result(folder):
    return json.loads((folder / "result.json").read_text())


def edit(file, change):
    """Rewrites every record of a .jsonl file."""
    records = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text("".join(json.dumps(change(i, r)) + "\n" for i, r in enumerate(records)))


def test_a_split_without_labels_is_not_scored(tmp_path, recipe):
    data = write_dataset(tmp_path / "d", splits=("train", "test", "unlabelled"))
    edit(data / "unlabelled.jsonl", lambda i, r: r | {"label": None})
    done = run("train", recipe, *QUICK, "--data", data, "--out", tmp_path / "run", check=0)
    assert [s["split"] for s in result(tmp_path / "run")["splits"]] == ["test"]
    assert "split 'unlabelled' is not scored" in done.stderr


def test_the_validation_split_selects_though_others_are_watched(tmp_path, recipe):
    data = write_dataset(tmp_path / "d", splits=("train", "val", "test"))
    run("train", recipe, "train.epochs=6", "train.select.rule=best_validation", "train.evaluate.splits=[test]",
        "--data", data, "--out", tmp_path / "run", check=0)
    found = result(tmp_path / "run")
    curve = [dict(r["metrics"])["accuracy"] for r in found["history"] if r["split"] == "val"]
    assert len(curve) == 6
    assert found["selected_epoch"] == curve.index(max(curve))


def test_folds_never_select_on_the_rows_they_are_scored_on(tmp_path, recipe):
    data = write_dataset(tmp_path / "d", splits=("train", "val", "test"))
    run("train", recipe, *QUICK, "train.select.rule=best_validation", "folds=2x1", "--data", data, "--out",
        tmp_path / "run", check=0)
    for fold in range(2):
        assert result(tmp_path / f"run/jobs/fold-0-{fold}")["selection"] == "epoch 3, the last; nothing was selected"
    assert "on the validation split" in result(tmp_path / "run/jobs/seed-0")["selection"]


def test_each_seed_has_its_epoch(tmp_path, recipe):
    data = write_dataset(tmp_path / "d", splits=("train", "val", "test"))
    run("train", recipe, "train.epochs=12", "train.evaluate.splits=[]", "train.select.rule=best_validation",
        "seeds=0..3", "--data", data, "--out", tmp_path / "run", check=0)
    epochs = [result(tmp_path / f"run/jobs/seed-{seed}")["selected_epoch"] for seed in range(4)]
    said = json.loads((tmp_path / "run/summary.json").read_text())["selection"]
    if len(set(epochs)) > 1:
        assert said.startswith(f"epochs {', '.join(map(str, epochs))} (by seed), the best accuracy")
    else:
        assert said.startswith(f"epoch {epochs[0]}, the best accuracy")


def test_rows_without_a_label_are_spread_over_the_folds(tmp_path, recipe):
    data = write_dataset(tmp_path / "d")
    edit(data / "train.jsonl", lambda i, r: r | {"label": None} if i == 5 else r)
    run("train", recipe, *QUICK, "folds=2x1", "--data", data, "--out", tmp_path / "run", check=0)


def test_classes_are_matched_by_name(tmp_path, dataset, recipe):
    run("train", recipe, "train.epochs=60", "--data", dataset, "--out", tmp_path / "run", check=0)
    other = write_dataset(tmp_path / "other")
    text = (other / "dataset.yaml").read_text()
    (other / "dataset.yaml").write_text(text.replace("[a, b, c]", "[c, b, a]"))
    for split in ("train", "test"):
        edit(other / f"{split}.jsonl", lambda i, r: r | {"label": 2 - r["label"]})

    def accuracy(data):
        scores = json.loads(run("evaluate", tmp_path / "run", data, "--json", check=0).stdout)
        return scores["metrics"]["accuracy"]["estimate"]

    assert accuracy(dataset) > 0.9
    assert accuracy(other) == accuracy(dataset)
    (other / "dataset.yaml").write_text(text.replace("[a, b, c]", "[c, b, z]"))
    refuse("evaluate", tmp_path / "run", other, saying=["has the class 'z', which the model does not know"])


@pytest.mark.parametrize(("overrides", "saying"), [
    (["seeds=0..2", "train.select.rule=best_validation"], "needs a validation split"),
    (["seeds=0..2", "train.select.rule=cross_validated"], "there are none"),
    (["train.select.rule=cross_validated", "train.stop_after=2"], "there are none"),
    (["folds=2x1", "train.select.rule=cross_validated", "train.select.metric=acuracy"], "'acuracy' is undefined"),
    (["folds=60x1"], "fold"),
    (["seeds=[1, 2, 1]"], "the seed 1 is named twice"),
    (["train.select.smooth=4"], "odd"),
])
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, dataset, recipe, overrides, saying):
    refuse("train", recipe, *QUICK, *overrides, "--data", dataset, "--out", tmp_path / "run", saying=[saying])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("seeds", ["seeds=0", "seeds=0..1"])
def test_rows_that_cannot_be_scored_are_refused_before_training(tmp_path, recipe, seeds):
    empty = write_dataset(tmp_path / "d", missing=[("test", 7, "v1"), ("test", 7, "v2"), ("test", 7, "v3")])
    refuse("train", recipe, *QUICK, seeds, "--data", empty, "--out", tmp_path / "run", saying=["record 'test7' has none"])
    huge = write_dataset(tmp_path / "e")
    edit(huge / "test.jsonl", lambda i, r: r | {"v1": [1e300] * 5} if i == 3 else r)
    refuse("train", recipe, *QUICK, seeds, "--data", huge, "--out", tmp_path / "run", saying=["record 'test3'"])
    assert not (tmp_path / "run").exists()


def test_a_baseline_that_cannot_be_fitted_is_left_out(tmp_path, recipe):
    data = write_dataset(tmp_path / "d")
    for split in ("train", "test"):
        edit(data / f"{split}.jsonl", lambda i, r: r | {"site": f"s{i % 3}"})
    text = (data / "dataset.yaml").read_text()
    (data / "dataset.yaml").write_text(text + "group: site\n")
    done = run("train", recipe, *QUICK, "baselines.logistic=true", "--data", data, "--out", tmp_path / "run", check=0)
    assert "no logistic regression on v1" in done.stderr
    assert json.loads((tmp_path / "run/summary.json").read_text())["baselines"] == []


def test_the_seed_of_the_environment_gives_way(tmp_path, dataset, recipe):
    def seeds(*words, out):
        run("train", recipe, *QUICK, *words, "--data", dataset, "--out", out, check=0, env=os.environ | {"RELATA_SEED": "7"})
        return json.loads((out / "summary.json").read_text())["seeds"]

    assert seeds(out=tmp_path / "a") == [7]
    assert seeds("--seed", 3, out=tmp_path / "b") == [3]
    assert seeds("seeds=1..2", "folds=2x1", out=tmp_path / "c") == [1, 2]
    assert result(tmp_path / "c/jobs/fold-0-1")["seed"] == 1
    assert result(tmp_path / "c/jobs/seed-2")["seed"] == 2


def test_other_data_are_not_resumed(tmp_path, recipe):
    data = write_dataset(tmp_path / "d", splits=("all",))
    words = ["train", recipe, *QUICK, "seeds=0..1", "--data", data, "--out", tmp_path / "run", "--split", "80/20"]
    run(*words, "--split-seed", 1, check=0)
    refuse(*words, "--split-seed", 2, "--resume", saying=["other data"])
    run(*words, "--split-seed", 1, "--resume", check=0)


def test_what_killed_writers_left_is_cleared_away(tmp_path, dataset, recipe):
    out = tmp_path / "run"
    (out / "checkpoints").mkdir(parents=True)
    (out / "config.yaml.tmp-99").write_text("half")
    (out / "checkpoints/latest.safetensors.tmp-99").write_text("half")
    words = ["train", recipe, *QUICK, "--data", dataset, "--out", out]
    refuse(*words, saying=["already exists"])
    (out / "checkpoints/latest.safetensors.tmp-99").unlink()
    (out / "checkpoints").rmdir()
    run(*words, "--resume", check=0)
    assert not list(out.rglob("*.tmp-*"))


def test_one_process_at_a_time_in_a_run_folder(tmp_path, dataset, recipe):
    words = ["train", recipe, *QUICK, "--data", dataset, "--out", tmp_path / "run"]
    run(*words, check=0)
    (tmp_path / "run/result.json").unlink()
    folder = os.open(tmp_path / "run", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    refuse(*words, "--resume", saying=["is in use by another process"])
    os.close(folder)
    run(*words, "--resume", check=0)


def test_flipped_bits_in_the_fitted_statistics_are_noticed(tmp_path, dataset, recipe):
    run("train", recipe, *QUICK, "--data", dataset, "--out", tmp_path / "run", check=0)
    file = tmp_path / "run/model/model.safetensors"
    content = bytearray(file.read_bytes())
    size = int.from_bytes(content[:8], "little")
    begin = json.loads(content[8:8 + size])["state.v1.offset"]["data_offsets"][0]
    content[8 + size + begin + 6] ^= 1
    file.write_bytes(bytes(content))
    refuse("evaluate", tmp_path / "run", dataset, saying=["does not hold the weights"])


def test_what_libtorch_refuses_is_one_line(tmp_path, dataset, recipe):
    done = run("train", recipe, *QUICK, "model.embedding=2000000000", "--data", dataset, "--out", tmp_path / "run")
    assert done.returncode in (1, 2)
    assert len([line for line in done.stderr.splitlines() if line.strip()]) == 1, done.stderr
    assert not (tmp_path / "run").exists()
