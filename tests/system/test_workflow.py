"""What a user does, from data to predictions, through the program alone."""

import json
import shutil

from conftest import run, write_dataset


def test_train_evaluate_predict(tmp_path, dataset, recipe):
    out = tmp_path / "run"
    table = run("train", recipe, "train.epochs=60", "--data", dataset, "--out", out, check=0).stdout
    assert "accuracy" in table and "report.html" in table
    for name in ("config.yaml", "metrics.jsonl", "result.json", "report.html", "model/model.safetensors"):
        assert (out / name).exists(), name
    assert any(p.name.startswith("events.") for p in out.iterdir())

    scores = json.loads(run("evaluate", out, dataset, "--json", check=0).stdout)
    assert scores["rows"] == 48
    assert scores["metrics"]["accuracy"]["estimate"] > 0.9  # three well separated classes

    said = json.loads(run("predict", out, dataset, "--out", tmp_path / "p.jsonl", "--json", check=0).stdout)
    assert said == {"out": str(tmp_path / "p.jsonl"), "split": "test", "records": 48, "calibrated": False}
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == [f"test{i}" for i in range(48)]
    right = sum(line["predicted"] == "abc"[i % 3] for i, line in enumerate(lines)) / 48
    assert abs(right - scores["metrics"]["accuracy"]["estimate"]) < 1e-12
    assert all(abs(sum(line["probabilities"].values()) - 1) < 1e-9 for line in lines)
    assert not lines[0]["calibrated"]


def test_a_validation_split_calibrates_and_selects(tmp_path, recipe):
    data = write_dataset(tmp_path / "d", splits=("train", "val", "test"))
    out = tmp_path / "run"
    run("train", recipe, "train.select.rule=best_validation", "--data", data, "--out", out, check=0)
    result = json.loads((out / "result.json").read_text())
    assert "validation" in result["selection"]
    run("predict", out, data, "--out", tmp_path / "p.jsonl", check=0)
    assert json.loads((tmp_path / "p.jsonl").read_text().splitlines()[0])["calibrated"]


def test_seeds_and_folds_run_as_jobs_and_only_what_is_missing_is_run_again(tmp_path, dataset, recipe):
    out = tmp_path / "run"
    words = ["train", recipe, "seeds=0..2", "folds=2x2", "train.select.rule=cross_validated", "train.select.grid=2",
             "train.select.metric=roc_auc", "train.evaluate.splits=[]", "--data", dataset, "--out", out]
    run(*words, check=0)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["seeds"] == [0, 1, 2]
    chosen = summary["epoch_choice"]["epoch"]
    assert chosen % 2 == 0
    result = json.loads((out / "jobs/seed-1/result.json").read_text())
    assert result["epochs"] == chosen + 1

    untouched = (out / "jobs/seed-1/result.json").stat().st_mtime_ns
    before = (out / "jobs/seed-2/model/model.safetensors").read_bytes()
    shutil.rmtree(out / "jobs/seed-2")
    assert run(*words).returncode == 2  # without --resume an existing run is not touched
    run(*words, "--resume", check=0)
    assert (out / "jobs/seed-1/result.json").stat().st_mtime_ns == untouched
    assert (out / "jobs/seed-2/model/model.safetensors").read_bytes() == before


def test_one_job_equals_the_same_seed_among_many(tmp_path, dataset, recipe):
    run("train", recipe, "seeds=[4, 5]", "--data", dataset, "--out", tmp_path / "many", "--threads", 2, check=0)
    run("train", recipe, "--seed", 5, "--data", dataset, "--out", tmp_path / "one", "--threads", 1, check=0)
    assert (tmp_path / "many/jobs/seed-5/model/model.safetensors").read_bytes() == (
        tmp_path / "one/model/model.safetensors").read_bytes()


def test_any_subset_of_modalities_predicts(tmp_path, recipe):
    data = write_dataset(tmp_path / "d", missing=[("test", 0, "v1"), ("test", 1, "v2"), ("train", 3, "v3")])
    out = tmp_path / "run"
    run("train", recipe, "--data", data, "--out", out, check=0)
    subsets = json.loads(run("evaluate", out, data, "--subsets", "--json", check=0).stdout)
    assert {s["modalities"] for s in subsets} >= {"v1+v2+v3", "v1+v2", "v2+v3"}
    assert "v1" not in {s["modalities"] for s in subsets}  # row 0 would have nothing left
    assert run("evaluate", out, data, "--without", "v2,v3").returncode == 2


def test_published_and_csv_layouts_become_datasets(tmp_path):
    (tmp_path / "a.csv").write_text("id,g1,g2\ns1,0.5,1\ns2,0.25,2\ns3,1,3\ns4,2,4\n")
    (tmp_path / "b.csv").write_text("id,c1\ns1,5\ns2,6\ns4,7\n")
    (tmp_path / "y.csv").write_text("id,label\ns1,x\ns2,y\ns3,x\ns4,y\n")
    words = ["import", "data", "csv", "--view", f"a={tmp_path}/a.csv", "--view", f"b={tmp_path}/b.csv",
             "--labels", tmp_path / "y.csv", "--out"]
    assert "class x: 2 rows" in run(*words, tmp_path / "d", check=0).stdout
    said = json.loads(run(*words, tmp_path / "again", "--json", check=0).stdout)
    assert said["classes"] == {"x": 2, "y": 2} and said["views"][1]["missing_rows"] == 1
    info = run("info", tmp_path / "d", check=0).stdout
    assert "a: vector" in info
    check = json.loads(run("--json", "data", "check", tmp_path / "d", check=0).stdout)
    assert check["errors"] == 0
    assert [v["features"] for v in check["vectors"]] == [2, 1]
    assert check["missing"] == [{"split": "all", "field": "b", "missing": 1, "of": 4}]
    assert check["classes"][0]["rows"] == {"x": 2, "y": 2}


def test_print_config_shows_origins(recipe):
    text = run("train", recipe, "contrast.weight=0.5", "--print-config", check=0).stdout
    assert "weight: 0.5  # command line" in text
    assert "epochs: 12  # " in text and "tiny.yaml" in text
    assert "# default" in text


def test_every_verb_helps_with_an_example():
    verbs = run("--help", check=0).stdout
    for words in (["train"], ["evaluate"], ["predict"], ["data", "check"], ["import", "data", "csv"],
                  ["import", "data", "mogonet"], ["info"], ["recipes"], ["env"]):
        assert words[0] in verbs
        assert "Example" in run(*words, "--help", check=0).stdout, words
    assert "m3col/rosmap" in run("recipes", check=0).stdout
    assert json.loads(run("env", "--json", check=0).stdout)["relata"]
