"""Random tensors of every type that files hold, and their comparison bit for bit."""

import torch

DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.int32, torch.uint32,
    torch.int64, torch.uint64, torch.float16, torch.bfloat16, torch.float32, torch.float64,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64, torch.float8_e4m3fnuz,
    torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
]  # fmt: skip
SHAPES = [[], [0], [1], [3], [2, 0, 3], [4, 5], [2, 3, 4, 5]]


def random_tensors(seed, dtypes=DTYPES):
    g = torch.Generator().manual_seed(seed)
    tensors = {}
    for dtype in dtypes:
        for shape in SHAPES:
            size = torch.empty(shape, dtype=dtype).nbytes
            high = 2 if dtype == torch.bool else 256
            raw = torch.randint(0, high, [size], generator=g, dtype=torch.uint8)
            tensors[f"{str(dtype)[6:]} {shape} é"] = raw.view(dtype).reshape(shape)
    return tensors


def assert_same(ours, theirs):
    assert sorted(ours) == sorted(theirs)
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype, name
        assert ours[name].shape == tensor.shape, name
        assert ours[name].is_contiguous(), name
        if tensor.numel() == 0:
            continue
        a, b = (x.detach().contiguous().reshape(-1).view(torch.uint8) for x in (ours[name], tensor))
        assert torch.equal(a, b), name
