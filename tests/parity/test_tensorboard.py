"""Event files as TensorBoard reads them."""

import pytest
import torch
from relata._relata import _testing


def test_event_accumulator_reads_what_we_write(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    g = torch.Generator().manual_seed(0)
    scalars = [
        (tag, step, float(torch.randn([], generator=g) * 10 ** (step % 7 - 3)))
        for step in range(200)
        for tag in ("train/loss", "test/f1 größe", "lr")
    ]
    _testing.write_events(tmp_path, scalars)
    events = accumulator.EventAccumulator(str(tmp_path), size_guidance={"scalars": 0})
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == ["lr", "test/f1 größe", "train/loss"]
    for tag in events.Tags()["scalars"]:
        read = [(e.step, e.value) for e in events.Scalars(tag)]
        wrote = [(step, torch.tensor(v, dtype=torch.float32).item()) for t, step, v in scalars if t == tag]
        assert read == wrote
        assert events.Scalars(tag)[0].wall_time == 1.7e9
