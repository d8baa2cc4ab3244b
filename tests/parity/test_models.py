"""Training, loading and using models from Python; the forward pass against plain PyTorch."""

import json

import numpy as np
import pytest
import reference
import relata
import torch
from differences import assert_close
from torch.nn import functional as F

WIDTHS = {"a": 5, "b": 3, "c": 4}
CLASSES = ["no", "yes", "maybe"]
OVERRIDES = {
    "preset": "official",
    "contrast.enabled": True,
    "model.embedding": 16,
    "model.hidden": 12,
    "train.epochs": 12,
    "train.optimizer.lr": 0.01,
}


def records(seed, rows):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, rows)
    return {name: rng.normal(y[:, None] * (1 + np.arange(w)) / w, 1) for name, w in WIDTHS.items()}, y


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "dataset.yaml").write_text(
        "fields: {a: vector, b: vector, c: vector, y: label}\n"
        "splits: {train: train.jsonl, val: val.jsonl, test: test.jsonl}\n"
        f"labels: {{y: {{kind: class, names: {json.dumps(CLASSES)}}}}}\n"
    )
    for seed, (split, rows) in enumerate({"train": 60, "val": 20, "test": 30}.items()):
        values, y = records(seed, rows)
        with open(folder / f"{split}.jsonl", "w") as file:
            for i in range(rows):
                row = {name: v[i].tolist() for name, v in values.items()}
                file.write(json.dumps({"id": f"{split}{i}", "y": CLASSES[y[i]], **row}) + "\n")
    return folder


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "small.yaml"
    path.write_text("system: m3col\n")
    return str(path)


@pytest.fixture(scope="module")
def run(folder, recipe, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "first"
    result = relata.train(recipe, OVERRIDES, data=folder, out=out, seed=3)
    assert result["seed"] == 3 and {s["split"] for s in result["splits"]} == {"val", "test"}
    return out


def reference_model(model):
    theirs = reference.M3col(list(WIDTHS.values()), 3, 16, 12)
    theirs.load_state_dict(model.parameters())
    return theirs


def scaled(values):
    train, _ = records(0, 60)
    return [
        torch.from_numpy((values[n] - train[n].min(0)) / (train[n].max(0) - train[n].min(0) + 1e-10)).float()
        for n in WIDTHS
    ]


def test_forward_equals_pytorch(run):
    model = relata.models.load(run)
    assert (model.system, model.roles, model.classes) == ("m3col", list(WIDTHS), CLASSES)
    assert model.facts["label"] == ["y"]
    theirs = reference_model(model)
    values, _ = records(2, 30)
    answer = model.forward(**values)
    xs = scaled(values)
    e = [theirs.encode(m, x) for m, x in enumerate(xs)]
    logits = theirs.fusion(torch.cat(e, 1))
    assert_close("model: logits", answer["logits"], logits, 1e-6)
    for m, name in enumerate(WIDTHS):
        assert_close("model: embeddings", answer["embeddings"][name], e[m], 1e-6)
    p = F.softmax(logits.double() / model.temperature, 1)
    assert_close("model: probabilities", answer["probabilities"], p, 1e-6)


def test_missing_modalities(run):
    model = relata.models.load(run)
    theirs = reference_model(model)
    values, _ = records(2, 30)
    xs = dict(zip(WIDTHS, scaled(values)))
    for given in (["a"], ["b", "c"], ["a", "c"]):
        answer = model.forward(**{name: values[name] for name in given})
        assert sorted(answer["embeddings"]) == given
        heads = [
            F.softmax(theirs.head(m, theirs.encode(m, xs[name])), 1)
            for m, name in enumerate(WIDTHS)
            if name in given
        ]
        assert_close("model: missing modality", F.softmax(answer["logits"], 1), sum(heads) / len(heads), 1e-6)


def test_evaluate_and_predict_agree_with_forward(run, folder):
    model = relata.models.load(run)
    values, y = records(2, 30)
    answer = model.forward(**values)
    predictions = relata.predict(model, folder)
    assert [p["id"] for p in predictions] == [f"test{i}" for i in range(30)]
    for i, p in enumerate(predictions):
        assert_close("predict", list(p["probabilities"].values()), answer["probabilities"][i], 1e-12)
        assert p["predicted"] == CLASSES[int(answer["logits"][i].argmax())]
        assert p["calibrated"]
    evaluation = relata.evaluate(str(run), folder, "test")
    assert (evaluation["split"], evaluation["rows"]) == ("test", 30)
    report = relata.metrics.report(answer["probabilities"], y, CLASSES)
    assert evaluation["classes"] == report["classes"]
    for name, interval in report["metrics"].items():
        assert_close("evaluate", evaluation["metrics"][name][:3], interval[:3], 1e-9)
    without = relata.evaluate(model, folder, without=["a", "b"])
    alone = model.forward(c=values["c"])
    assert without["metrics"]["accuracy"].estimate == relata.metrics.accuracy(alone["logits"], y)


def test_parameters_share_memory_and_carry_gradients(run):
    model = relata.models.load(run)
    values, _ = records(2, 8)
    before = model.forward(**values)["logits"]
    x = torch.from_numpy(values["a"]).requires_grad_()
    logits = model.forward(a=x, b=values["b"], c=values["c"])["logits"]
    logits.sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0
    with torch.no_grad():
        model.parameters()["fusion.out.bias"].add_(1)
    assert_close("shared bias", model.forward(**values)["logits"], before + 1, 1e-5)


def test_training_is_a_function_of_its_seed(folder, recipe, run, tmp_path):
    torch.manual_seed(123)
    relata.train(recipe, [f"{k}={json.dumps(v)}" for k, v in OVERRIDES.items()], data=folder, out=tmp_path / "again", seed=3)
    again, first = relata.models.load(tmp_path / "again"), relata.models.load(run)
    assert again.weights_hash == first.weights_hash
    relata.train(recipe, OVERRIDES, folder, tmp_path / "other", seed=4)
    assert relata.models.load(tmp_path / "other").weights_hash != first.weights_hash


def test_errors(run, folder, recipe, tmp_path):
    model = relata.models.load(run)
    values, _ = records(2, 4)
    broken = values["a"].copy()
    broken[2, 1] = np.nan
    for call, message in [
        (lambda: model.forward(), "no modality was given"),
        (lambda: model.forward(z=values["a"]), "no modality 'z'"),
        (lambda: model.forward(a=values["b"]), "trained on 5 features"),
        (lambda: model.forward(a=values["a"], b=values["b"][:2]), "each must be"),
        (lambda: model.forward(a=broken), "row 2: 'a' holds a value that is not finite"),
        (lambda: relata.models.load(tmp_path), "no model folder"),
        (lambda: relata.train("m3col/rosmp", {}, folder, tmp_path / "x"), "did you mean 'm3col/rosmap"),
        (lambda: relata.train(recipe, {"train.epoch": 1, **OVERRIDES}, data=folder, out=tmp_path / "x"), "train.epochs"),
        (lambda: relata.train(recipe, OVERRIDES, data=folder, out=run), str(run)),
        (lambda: relata.evaluate(model, folder, "dev"), "dev"),
    ]:
        with pytest.raises(relata.Error, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "x").exists()
    assert "m3col/rosmap" in relata.recipes()


def test_interrupt_then_resume(folder, recipe, run, tmp_path):
    """Ctrl-C ends training after a checkpoint; Python's own handler is back; resuming gives the same."""
    import signal
    import threading

    long = {**OVERRIDES, "train.epochs": 3000, "train.checkpoint.every_seconds": 1e9}
    handler = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(1.0, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        relata.train(recipe, long, data=folder, out=tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) is handler
    assert (tmp_path / "run" / "checkpoints" / "latest.safetensors").is_file()
    short = {**OVERRIDES}
    relata.train(recipe, short, data=folder, out=tmp_path / "after", seed=3)
    assert relata.models.load(tmp_path / "after").weights_hash == relata.models.load(run).weights_hash
