"""`relata embed` and `relata generate` from outside: a small random CLIP beside Hugging Face's own pipeline."""

import io
import json
import tarfile

import numpy as np
import pytest
import torch
import transformers as hf
from PIL import Image
from program import run, shaken
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

CAPTIONS = ["a red square", "two blue circles on a table", "", "nothing", "a very long caption " * 9, "naïve café 日本"]


def small_tokenizer(folder):
    tokenizer = Tokenizer(models.BPE(unk_token="<|end|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<|start|>", "<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(CAPTIONS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|start|> $A <|end|>", special_tokens=[("<|start|>", 0), ("<|end|>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": "<|start|>", "eos_token": "<|end|>", "pad_token": "<|end|>"})
    )
    return tokenizer


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The folder, the reference, its tokenizer and its picture processor."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clip") / "model"
    small = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 24}
    config = hf.CLIPConfig(
        text_config={**small, "vocab_size": 400, "max_position_embeddings": 12, "eos_token_id": 1, "bos_token_id": 0},
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=10,
    )
    model = shaken(hf.CLIPModel(config))
    model.save_pretrained(folder)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor.save_pretrained(folder)
    return folder, model, small_tokenizer(folder), processor


def picture(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(20, 90, 2)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Pictures as files and as members of a tar archive, captions, one record without a picture."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "dataset.yaml").write_text("fields: {photo: image, caption: text}\nsplits: {all: all.jsonl}\n")
    lines = []
    with tarfile.open(folder / "shard.tar", "w") as tar:
        for i, caption in enumerate(CAPTIONS):
            data = io.BytesIO()
            picture(i).save(data, "PNG")
            record = {"id": f"r{i}", "caption": caption}
            if i % 2:
                (folder / f"{i}.png").write_bytes(data.getvalue())
                record["photo"] = f"{i}.png"
            elif i:
                member = tarfile.TarInfo(f"pictures/{i}.png")
                member.size = len(data.getvalue())
                tar.addfile(member, io.BytesIO(data.getvalue()))
                record["photo"] = f"shard.tar#pictures/{i}.png"
            lines.append(json.dumps(record))
    (folder / "all.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def vectors(out, field):
    ids = (out / "ids.txt").read_text().split()
    return dict(zip(ids, torch.from_numpy(np.load(out / f"{field}.npy"))))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_pictures(clip, dataset, precision, tmp_path):
    folder, model, _, processor = clip
    done = run("embed", folder, dataset, "--field", "photo", "--out", tmp_path / "out", "--npy", "--json",
               "--precision", precision)  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["embedded"], told["missing"], told["width"], told["role"]) == (5, 1, 10, "image")
    found = vectors(tmp_path / "out", "photo")
    assert sorted(found) == ["r1", "r2", "r3", "r4", "r5"]
    for i in range(1, 6):
        pixels = processor(picture(i), return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            expected = model.get_image_features(pixel_values=pixels).pooler_output[0]
        if precision == "fp32":
            assert (found[f"r{i}"] - expected).abs().max() < 1e-5
        assert torch.cosine_similarity(found[f"r{i}"], expected, dim=0) > 0.9995


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_texts(clip, dataset, precision, tmp_path):
    folder, model, tokenizer, _ = clip
    run("embed", folder, dataset, "--field", "caption", "--out", tmp_path / "out", "--npy", "--precision", precision)
    found = vectors(tmp_path / "out", "caption")
    assert list(found) == [f"r{i}" for i in range(6)]
    tokenizer.enable_truncation(12)
    for i, caption in enumerate(CAPTIONS):
        ids = torch.tensor([tokenizer.encode(caption).ids])
        with torch.no_grad():
            expected = model.get_text_features(input_ids=ids).pooler_output[0]
        if precision == "fp32":
            assert (found[f"r{i}"] - expected).abs().max() < 1e-5
        assert torch.cosine_similarity(found[f"r{i}"], expected, dim=0) > 0.9995


def test_a_second_run_reads_what_is_there(clip, dataset, tmp_path):
    words = ["embed", clip[0], dataset, "--field", "caption", "--out", tmp_path / "out", "--json"]
    assert json.loads(run(*words).stdout)["embedded"] == 6
    again = json.loads(run(*words).stdout)
    assert (again["embedded"], again["reused"]) == (0, 6)
    refused = run(*words, "--precision", "bf16", code=2)
    assert "'encoder'" in refused.stderr


def test_info_says_what_they_are(clip, dataset, tmp_path):
    run("embed", clip[0], dataset, "--field", "caption", "--out", tmp_path / "out")
    store = json.loads(run("info", tmp_path / "out", "--json").stdout)
    assert (store["kind"], store["items"], store["column embedding"]) == ("Store", "6", "F32 [10]")
    model = json.loads(run("info", clip[0], "--json").stdout)
    assert model["can"] == "embeds pictures, embeds texts"
    assert int(model["parameters"]) == sum(p.numel() for p in clip[1].parameters())


def test_which_field_is_asked(clip, dataset, tmp_path):
    assert "several fields: photo, caption" in run("embed", clip[0], dataset, "--out", tmp_path / "a", code=2).stderr
    wrong = run("embed", clip[0], dataset, "--field", "title", "--out", tmp_path / "a", code=2)
    assert "does not encode 'title'" in wrong.stderr
    told = run("embed", clip[0], dataset, "--role", "image", "--out", tmp_path / "a", "--json").stdout
    assert json.loads(told)["field"] == "photo"


def test_a_corrupt_picture_fails_alone(clip, dataset, tmp_path):
    (tmp_path / "d").mkdir()
    lines = []
    for i in range(8):
        path = tmp_path / "d" / f"{i}.png"
        picture(i).save(path)
        lines.append(json.dumps({"id": f"p{i}", "photo": f"{i}.png"}))
    (tmp_path / "d/5.png").write_bytes((tmp_path / "d/5.png").read_bytes()[:300])
    (tmp_path / "d/all.jsonl").write_text("\n".join(lines))
    failed = run("embed", clip[0], tmp_path / "d/all.jsonl", "--field", "photo", "--out", tmp_path / "a", code=2)
    assert "record 'p5'" in failed.stderr
    words = ["embed", clip[0], tmp_path / "d/all.jsonl", "--field", "photo", "--out", tmp_path / "b", "--npy", "--json"]
    told = run(*words, "--on-error", "skip")
    assert "record 'p5'" in told.stderr
    assert json.loads(told.stdout)["broken"] == 1
    assert sorted(vectors(tmp_path / "b", "photo")) == [f"p{i}" for i in range(8) if i != 5]


def test_models_that_do_not_fit(clip, dataset, tmp_path):
    def broken(name, change):
        folder = tmp_path / name
        folder.mkdir()
        for file in clip[0].iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        change(folder)
        return run("embed", folder, dataset, "--field", "caption", "--out", tmp_path / "out", code=2).stderr

    def edit(folder, **changes):
        config = json.loads((folder / "config.json").read_text())
        config.update(changes)
        (folder / "config.json").write_text(json.dumps(config))

    assert "the architecture 'lstm' is not known" in broken("a", lambda f: edit(f, model_type="lstm"))
    message = broken("b", lambda f: edit(f, projection_dim=11))
    assert "'text_projection.weight' is [10, 16] but must be [11, 16]" in message
    assert "'visual_projection.weight'" in message
    assert "no weights" in broken("c", lambda f: (f / "model.safetensors").unlink())
    assert "preprocessor_config.json" in broken("d", lambda f: (f / "preprocessor_config.json").unlink())
    assert "tokenizer" in broken("e", lambda f: (f / "tokenizer.json").unlink())

    def large_vocabulary(folder):
        content = json.loads((folder / "tokenizer.json").read_text())
        vocabulary = content["model"]["vocab"]
        vocabulary.update({f"extra{i}": len(vocabulary) + i for i in range(200)})
        (folder / "tokenizer.json").write_text(json.dumps(content))

    assert "model vectors for 400" in broken("f", large_vocabulary)


def test_models_from_the_local_cache(clip, dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    repository = tmp_path / "hf/hub/models--some--clip"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text("abc")
    (repository / "snapshots").mkdir()
    (repository / "snapshots/abc").symlink_to(clip[0])
    told = run("embed", "some/clip", dataset, "--field", "caption", "--out", tmp_path / "out", "--json").stdout
    assert json.loads(told)["embedded"] == 6
    absent = run("embed", "some/other", dataset, "--field", "caption", "--out", tmp_path / "x", code=2).stderr
    assert "models--some--other" in absent


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("llama") / "model"
    model = shaken(hf.LlamaForCausalLM(hf.LlamaConfig(
        hidden_size=24, num_attention_heads=2, num_key_value_heads=1, num_hidden_layers=2, intermediate_size=32,
        vocab_size=400, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )), 0.2)  # fmt: skip
    model.save_pretrained(folder)
    return folder, model, small_tokenizer(folder)


def test_generate(llama, tmp_path):
    folder, model, tokenizer = llama
    ids = torch.tensor([tokenizer.encode("a red").ids])
    expected = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
    text = tokenizer.decode(expected[0, ids.shape[1] :].tolist())
    told = json.loads(run("generate", folder, "--prompt", "a red", "--max-new-tokens", 12, "--json").stdout)
    assert told["text"] == text
    assert told["usage"]["prompt_tokens"] == ids.shape[1]
    assert run("generate", folder, "--prompt", "a red", "--max-new-tokens", 12).stdout == text + "\n"
    # A stop string ends the answer before it.
    word = text[len(text) // 2 : len(text) // 2 + 2]
    stopped = json.loads(run("generate", folder, "--prompt", "a red", "--max-new-tokens", 12, "--stop", word, "--json").stdout)
    assert stopped["text"] == text[: text.index(word)]
    assert stopped["finish_reason"] == "stop"
    (tmp_path / "q.jsonl").write_text('{"id": "x", "q": "a red"}\n{"id": "y", "q": "two"}\n')
    lines = run("generate", folder, "--data", tmp_path / "q.jsonl", "--field", "q", "--max-new-tokens", 12).stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["x", "y"]
    assert json.loads(lines[0])["text"] == text


def test_generate_refuses(llama, clip):
    assert "generates no text" in run("generate", clip[0], "--prompt", "x", code=2).stderr
    assert "either --prompt or --data" in run("generate", llama[0], code=2).stderr
    assert "turns of a conversation" in run("generate", llama[0], "--chat", "--prompt", "x", code=2).stderr
    assert "positions" in run("generate", llama[0], "--prompt", "a " * 200, code=2).stderr


def test_import_model(clip, tmp_path):
    told = run("import", "model", clip[0], "--out", tmp_path / "copy", "--json").stdout
    assert json.loads(told)["model"] == "clip"
    names = {file.name for file in (tmp_path / "copy").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"} <= names
    again = hf.CLIPModel.from_pretrained(tmp_path / "copy").state_dict()
    for name, tensor in clip[1].state_dict().items():
        assert torch.equal(again[name], tensor)
    (tmp_path / "text.bin").write_bytes(b"no weights at all")
    assert "text.bin" in run("import", "model", tmp_path / "text.bin", "--out", tmp_path / "x", code=2).stderr
    assert not (tmp_path / "x").exists()
