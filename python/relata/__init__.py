"""relata: a native engine for multimodal relation learning.

Train a recipe on a dataset, evaluate it, predict with it, or use its parts - losses, metrics,
files, models - on torch tensors::

    import relata

    relata.train("m3col/rosmap", {"train.epochs": 100}, data="rosmap/", out="runs/first")
    model = relata.models.load("runs/first")
    answer = model.forward(mrna=x1, methylation=x2)      # mirna left out: a missing modality
    relata.metrics.accuracy(answer["logits"], labels)

Everything that goes wrong raises :class:`relata.Error` with one line that says what, where and how
to mend it.
"""

import torch as _torch  # first: it loads the libraries that the engine stands on

try:
    from relata._relata import Error, __version__
except ImportError as error:  # pragma: no cover - depends on the installation
    raise ImportError(
        f"relata's engine does not fit torch {_torch.__version__} (an extension module is made for "
        "one version of torch): build it again with "
        "`pip install --no-build-isolation --force-reinstall --no-deps .`; "
        f"the loader said: {error}"
    ) from error

from relata import io, metrics, models, objectives, text
from relata._jobs import evaluate, predict, recipes, train
from relata.index import Index

__all__ = [
    "Error",
    "Index",
    "__version__",
    "evaluate",
    "io",
    "metrics",
    "models",
    "objectives",
    "predict",
    "recipes",
    "text",
    "train",
]
