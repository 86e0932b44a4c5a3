"""Keeps an unusable torchvision from breaking the libraries that merely notice that it is installed.

The wheel of torchvision on the package index is built for CUDA. Beside a torch without CUDA its compiled operators
cannot be loaded, ``import torchvision`` raises ``operator torchvision::nms does not exist``, and sentence-transformers,
transformers and diffusers fail with it. Declaring the schemas of two operators is enough for the import to succeed.
This is the only place that knows about it.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_lock = Lock()
_kept: list[Any] = []  # a declaration lasts as long as its object


def guard_torchvision() -> None:
    """Makes ``import torchvision`` succeed where its operators cannot work; does nothing anywhere else.

    To be called before anything imports transformers, sentence_transformers or diffusers.
    """
    with _lock:
        if _kept or "torchvision" in sys.modules:
            return
        spec = find_spec("torchvision")
        if spec is None or not spec.submodule_search_locations:
            return
        import torch

        if torch.version.cuda is None and not _operators_load(Path(spec.submodule_search_locations[0])):
            _kept.append(_declare())


def _operators_load(package: Path) -> bool:
    import torch

    compiled = [path for pattern in ("_C*.so", "_C*.pyd") for path in package.glob(pattern)]
    try:
        for path in compiled:
            torch.ops.load_library(path)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return bool(compiled)


def _declare() -> Any:
    import torch

    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in _OPERATORS:
        library.define(name + _SCHEMA)  # type: ignore[no-untyped-call]
    return library
