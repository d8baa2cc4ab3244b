"""`relata index` and `relata search` from outside: a small random CLIP beside Hugging Face's own."""

import json
import shutil

import numpy as np
import pytest
import torch
from program import run, shaken
from test_embed import CAPTIONS, clip, dataset, picture, small_tokenizer  # noqa: F401 - fixtures


def unit(tensor):
    return torch.nn.functional.normalize(tensor.double(), dim=-1)


@pytest.fixture(scope="module")
def space(clip):  # noqa: F811
    """Vectors of pictures r1 to r5 and of any caption, by the reference."""
    _, model, tokenizer, processor = clip

    def of_text(text):
        tokenizer.enable_truncation(12)
        with torch.no_grad():
            return unit(model.get_text_features(input_ids=torch.tensor([tokenizer.encode(text).ids])).pooler_output[0])

    def of_picture(seed):
        pixels = processor(picture(seed), return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            return unit(model.get_image_features(pixel_values=pixels).pooler_output[0])

    return {f"r{i}": of_picture(i) for i in range(1, 6)}, of_text, of_picture


@pytest.fixture
def data(dataset, tmp_path):  # noqa: F811
    """The dataset with metadata: a year, absent for r3, and tags."""
    folder = tmp_path / "data"
    shutil.copytree(dataset, folder)
    records = [json.loads(line) for line in (folder / "all.jsonl").read_text().splitlines()]
    for i, record in enumerate(records):
        record["tags"] = ["odd" if i % 2 else "even", "all"]
        if i != 3:
            record["year"] = 2000 + i
    write(folder, records)
    (folder / "dataset.yaml").write_text(
        "fields: {photo: image, caption: text, tags: [text]}\nsplits: {all: all.jsonl}\nlabels: {year: {kind: real}}\n"
    )
    return folder, records


def write(folder, records):
    (folder / "all.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


def built(clip, data, tmp_path, *more):  # noqa: F811
    done = run("index", "build", clip[0], data[0], "--out", tmp_path / "index", "--field", "photo",
               "--text-field", "caption", "--columns", "year,tags", "--json", *more)  # fmt: skip
    return json.loads(done.stdout)


def answers(*words):
    return json.loads(run("search", *words, "--json").stdout)["answers"]


def assert_ranked(found, vectors, query, score="score"):
    expected = sorted(((float(query @ v), name) for name, v in vectors.items()), reverse=True)
    assert [a["id"] for a in found] == [name for _, name in expected]
    for answer, (cosine, _) in zip(found, expected):
        assert abs(answer[score] - cosine) < 1e-5


def test_pictures_are_found_in_words_and_by_pictures(clip, data, space, tmp_path):  # noqa: F811
    vectors, of_text, of_picture = space
    told = built(clip, data, tmp_path, "--precision", "bf16")
    assert (told["added"], told["missing"], told["broken"]) == (5, 1, 0)
    for text in CAPTIONS[:2] + CAPTIONS[3:]:
        for precision in ("fp32", "bf16"):
            found = answers(tmp_path / "index", "--text", text, "--precision", precision)
            assert_ranked(found, vectors, of_text(text))
    picture(77).save(tmp_path / "query.png")
    found = answers(tmp_path / "index", "--image", tmp_path / "query.png")
    assert_ranked(found, vectors, of_picture(77))
    assert found[0]["metadata"]["tags"][1] == "all" and found[0]["picture"].endswith(".png")
    others = {name: vector for name, vector in vectors.items() if name != "r2"}
    assert_ranked(answers(tmp_path / "index", "--id", "r2"), others, vectors["r2"])
    np.save(tmp_path / "one.npy", vectors["r3"].numpy())
    assert_ranked(answers(tmp_path / "index", "--vector", tmp_path / "one.npy"), vectors, vectors["r3"])
    np.save(tmp_path / "two.npy", torch.stack([vectors["r3"], -vectors["r4"]]).numpy())
    first, second = answers(tmp_path / "index", "--vector", tmp_path / "two.npy")
    assert_ranked(first, vectors, vectors["r3"])
    assert_ranked(second, vectors, -vectors["r4"])
    kept = {name: vectors[name] for name in ("r1", "r5")}
    found = answers(tmp_path / "index", "--text", "x", "--where", "tags contains 'odd' and year != null")
    assert_ranked(found, kept, of_text("x"))
    assert len(answers(tmp_path / "index", "--text", "x", "-k", 2)) == 2


def test_words_count_too(clip, data, space, tmp_path):  # noqa: F811
    vectors, of_text, _ = space
    built(clip, data, tmp_path)
    found = answers(tmp_path / "index", "--text", "nothing", "--lexical", 0.6)
    assert found[0]["id"] == "r3"
    assert abs(found[0]["score"] - (0.6 + 0.4 * float(of_text("nothing") @ vectors["r3"]))) < 1e-5
    found = answers(tmp_path / "index", "--text", "nothing", "--lexical", 0.6, "--lexical-kind", "trigrams")
    assert found[0]["id"] == "r3" and found[0]["text"] == "nothing"
    found = answers(tmp_path / "index", "--id", "r3", "--lexical", 0.9)
    assert "r3" not in [a["id"] for a in found]


def test_records_come_and_go(clip, data, space, tmp_path):  # noqa: F811
    vectors, of_text, of_picture = space
    built(clip, data, tmp_path)
    folder, records = data
    more = ["index", "add", tmp_path / "index", folder, "--json"]
    told = json.loads(run(*more).stdout)
    assert (told["added"], told["replaced"], told["unchanged"], told["missing"]) == (0, 0, 5, 1)
    picture(9).save(folder / "9.png")
    records[1]["photo"] = "9.png"  # another picture
    records[2]["year"] = 1999  # other metadata
    records.append({"id": "new", "photo": "9.png"})
    write(folder, records)
    told = json.loads(run(*more).stdout)
    assert (told["added"], told["replaced"], told["unchanged"], told["missing"]) == (1, 2, 3, 1)
    now = dict(vectors) | {"r1": of_picture(9), "new": of_picture(9)}
    found = answers(tmp_path / "index", "--text", "x")
    assert sorted(a["id"] for a in found) == sorted(now)
    assert {a["id"]: a["metadata"]["year"] for a in found}["r2"] == 1999
    assert {a["id"]: a["metadata"]["year"] for a in found}["new"] is None
    for answer in found:
        assert abs(answer["score"] - float(of_text("x") @ now[answer["id"]])) < 1e-5
    assert not (tmp_path / "index.encoding").exists()
    (tmp_path / "ids.txt").write_text("r1\nr4\n")
    told = json.loads(run("index", "remove", tmp_path / "index", "--id", "r2", "--ids-file", tmp_path / "ids.txt",
                          "--json").stdout)  # fmt: skip
    assert (told["removed"], told["items"]) == (3, 3)
    assert sorted(a["id"] for a in answers(tmp_path / "index", "--text", "x")) == ["new", "r3", "r5"]
    info = json.loads(run("index", "info", tmp_path / "index", "--verify", "--json").stdout)
    assert (info["items"], info["width"], info["facts"]["field"]) == (3, 10, "photo")
    assert info["columns"][0] == {"name": "year", "kind": "integer"}


def test_a_cut_build_goes_on(clip, data, tmp_path):  # noqa: F811
    """What was encoded before a run was cut is used; what another model encoded is not."""
    run("embed", clip[0], data[0], "--field", "photo", "--out", tmp_path / "index.encoding")
    told = built(clip, data, tmp_path)
    assert told["added"] == 5
    assert not (tmp_path / "index.encoding").exists()
    run("embed", clip[0], data[0], "--field", "caption", "--out", tmp_path / "other.encoding")
    run("index", "build", clip[0], data[0], "--out", tmp_path / "other", "--field", "photo")
    assert len(answers(tmp_path / "other", "--text", "x")) == 5


@pytest.fixture(scope="module")
def other_clip(clip, tmp_path_factory):  # noqa: F811
    """Of the same shape, with other weights."""
    import transformers as hf

    folder = tmp_path_factory.mktemp("other") / "model"
    shutil.copytree(clip[0], folder)
    torch.manual_seed(5)
    model = shaken(hf.CLIPModel.from_pretrained(folder), 0.3)
    model.save_pretrained(folder)
    return folder, model, clip[2], clip[3]


def test_another_model_scores_again(clip, other_clip, data, tmp_path):  # noqa: F811
    built(clip, data, tmp_path)
    _, model, tokenizer, processor = other_clip
    tokenizer.enable_truncation(12)
    with torch.no_grad():
        ids = torch.tensor([tokenizer.encode("a red square").ids])
        query = unit(model.get_text_features(input_ids=ids).pooler_output[0])
        vectors = {
            f"r{i}": unit(
                model.get_image_features(pixel_values=processor(picture(i), return_tensors="pt")["pixel_values"])
                .pooler_output[0]
            )
            for i in range(1, 6)
        }
    found = answers(tmp_path / "index", "--text", "a red square", "--rerank", other_clip[0])
    assert_ranked(found, vectors, query)
    first = answers(tmp_path / "index", "--text", "a red square", "-k", 3)
    few = answers(tmp_path / "index", "--text", "a red square", "--rerank", other_clip[0], "--rerank-top", 3, "-k", 2)
    assert_ranked(few, {a["id"]: vectors[a["id"]] for a in first}, query) if len(few) == 3 else None
    best = sorted((a["id"] for a in first), key=lambda i: -float(query @ vectors[i]))
    assert [a["id"] for a in few] == best[:2]
    assert {a["id"]: a["first_score"] for a in few}.items() <= {a["id"]: a["score"] for a in first}.items()


def test_what_does_not_fit_is_refused(clip, other_clip, data, tmp_path):  # noqa: F811
    built(clip, data, tmp_path)
    index = tmp_path / "index"

    def refuse(*words, saying):
        done = run(*words, code=2)
        lines = [line for line in done.stderr.splitlines() if line.startswith("relata:")]
        assert len(lines) == 1 and all(text in lines[0] for text in saying), done.stderr
        return done

    refuse("search", index, saying=["no query", "--text"])
    refuse("search", index, "--text", "x", "--id", "r1", saying=["several queries"])
    refuse("search", index, "--id", "r9", saying=['no item "r9"'])
    done = refuse("search", index, "--text", "x", "--where", "yaer > 1", saying=["did you mean 'year'?", "tags (strings)"])
    assert "  yaer > 1\n  ^\n" in done.stderr
    refuse("search", index, "--text", "x", "--precision", "bf16", saying=["no vectors in bf16"])
    refuse("search", index, "--image", tmp_path / "none.png", saying=["none.png"])
    refuse("search", index, "--text", "x", "--model", other_clip[0], saying=["another model", str(clip[0])])
    run("search", index, "--text", "x", "--model", other_clip[0], "--force")
    refuse("index", "add", index, data[0], "--model", other_clip[0], saying=["another model"])
    np.save(tmp_path / "wide.npy", np.ones(11))
    refuse("search", index, "--vector", tmp_path / "wide.npy", saying=["wide.npy", "not 10"])
    refuse("search", index, "--vector", tmp_path / "wide.npy", "--lexical", "0.5", saying=["wide.npy"])
    refuse("search", data[0], "--text", "x", saying=["store.json"])
    refuse("index", "build", clip[0], data[0], "--out", index, "--field", "photo", saying=["something already"])
    refuse("index", "build", clip[0], data[0], "--out", tmp_path / "n", saying=["several fields"])
    refuse("index", "build", clip[0], data[0], "--out", tmp_path / "n", "--field", "photo", "--columns", "yer",
           saying=['no field "yer"', "did you mean 'year'"])  # fmt: skip
    refuse("index", "build", clip[0], data[0], "--out", tmp_path / "n", "--field", "photo",
           "--columns", "caption:integer", saying=["does not fit", "record"])  # fmt: skip
    refuse("index", "build", clip[0], data[0], "--out", tmp_path / "n", "--field", "photo", "--text-field", "photo",
           saying=["'photo' is no field of text", "caption"])  # fmt: skip
    assert not (tmp_path / "n").exists()
    refuse("index", "remove", index, "--id", "r9", saying=['"r9" is not there'])
    refuse("index", "remove", index, saying=["no ids"])
    assert len(answers(index, "--text", "x")) == 5


def test_a_broken_picture_is_named_or_left_out(clip, data, tmp_path):  # noqa: F811
    folder, records = data
    (folder / "broken.png").write_bytes(b"no picture")
    write(folder, [*records, {"id": "bad", "photo": "broken.png"}])
    done = run("index", "build", clip[0], folder, "--out", tmp_path / "index", "--field", "photo", code=2)
    assert "record 'bad'" in done.stderr and not (tmp_path / "index").exists()
    told = json.loads(run("index", "build", clip[0], folder, "--out", tmp_path / "index", "--field", "photo",
                          "--on-error", "skip", "--json").stdout)  # fmt: skip
    assert (told["added"], told["broken"]) == (5, 1)


def test_empty_data_is_refused(clip, tmp_path):  # noqa: F811
    (tmp_path / "data").mkdir()
    assert "dataset.yaml" in run("index", "build", clip[0], tmp_path / "data", "--out", tmp_path / "i", code=2).stderr
    (tmp_path / "data.jsonl").write_text('{"id": "a", "caption": "x"}\n{"id": "a", "caption": "y"}\n')
    assert "given twice" in run("index", "build", clip[0], tmp_path / "data.jsonl", "--out", tmp_path / "i", code=2).stderr
    (tmp_path / "data").rmdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dataset.yaml").write_text("fields: {photo: image, caption: text}\nsplits: {all: all.jsonl}\n")
    (tmp_path / "data/all.jsonl").write_text('{"id": "a", "caption": "x"}\n')
    done = run("index", "build", clip[0], tmp_path / "data", "--field", "photo", "--out", tmp_path / "i", code=2)
    assert "no record has the field 'photo'" in done.stderr
