"""safetensors files both ways against the public library."""

import pickle

import pytest
import relata
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from typed_tensors import DTYPES, assert_same, random_tensors


def test_reads_what_the_public_library_writes(tmp_path):
    for seed in range(3):
        tensors = random_tensors(seed, DTYPES)
        save_file(tensors, tmp_path / "theirs.safetensors", {"format": "pt", "größe": "ü"})
        assert_same(relata.io.load_safetensors(tmp_path / "theirs.safetensors"), tensors)
        metadata = relata.io.read_safetensors_metadata(tmp_path / "theirs.safetensors")
        assert metadata == {"format": "pt", "größe": "ü"}


def test_the_public_library_reads_what_we_write(tmp_path):
    for seed in range(3):
        tensors = random_tensors(seed, DTYPES)
        relata.io.save_safetensors(tmp_path / "ours.safetensors", tensors, {"a": "b\n\"c\""})
        assert_same(load_file(tmp_path / "ours.safetensors"), tensors)
        with safe_open(tmp_path / "ours.safetensors", "pt") as file:
            assert file.metadata() == {"a": 'b\n"c"'}


def test_equal_bytes(tmp_path):
    """The same tensors give the very file that the public library writes."""
    tensors = random_tensors(0, [torch.float32, torch.float16, torch.int64])
    save_file(tensors, tmp_path / "theirs")
    relata.io.save_safetensors(tmp_path / "ours", tensors)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_strided_tensors_and_no_metadata(tmp_path):
    x = torch.arange(12.0).reshape(3, 4)
    relata.io.save_safetensors(str(tmp_path / "x"), {"t": x.T, "s": x[:, ::2], "g": x.clone().requires_grad_()})
    back = load_file(tmp_path / "x")
    assert torch.equal(back["t"], x.T) and torch.equal(back["s"], x[:, ::2]) and torch.equal(back["g"], x)
    assert relata.io.read_safetensors_metadata(tmp_path / "x") == {}


def test_errors(tmp_path):
    with pytest.raises(relata.Error, match="absent"):
        relata.io.load_safetensors(tmp_path / "absent")
    (tmp_path / "broken").write_bytes(b"\xff" * 20)
    with pytest.raises(relata.Error, match="broken") as caught:
        relata.io.load_safetensors(tmp_path / "broken")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.exit_code) == (str(caught.value), 2)
    with pytest.raises(relata.Error, match="'c' is ComplexDouble, which safetensors cannot hold"):
        relata.io.save_safetensors(tmp_path / "c", {"c": torch.zeros(2, dtype=torch.complex128)})
    assert not (tmp_path / "c").exists()
