"""The trees that ship, and which of them may judge which function in a measurement."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from assistant.engines.builtin.trees import Trees, load

FILE = Path(__file__).parent / "router.safetensors"
FOLDS = 5
NAMES = ("pair", "choice", "fit")


def fold_of(function: str) -> int:
    """Returns the part of the functions that one belongs to; always the same for the same name."""
    return zlib.crc32(function.encode()) % FOLDS


class Models:
    """Trees by what they judge.

    Args:
        path: The file.
        unseen: Whether each function is judged by trees that were fitted without it.
    """

    def __init__(self, path: Path = FILE, *, unseen: bool = False) -> None:
        self._path = path
        self._unseen = unseen

    @cached_property
    def _all(self) -> dict[str, Trees]:
        return load(self._path)

    def of(self, function: str) -> Mapping[str, Trees]:
        """Returns the trees for one function.

        Raises:
            OSError: Their file is not there.
            ValueError: It is damaged.
        """
        suffix = f"-{fold_of(function)}" if self._unseen else ""
        return {name: self._all[f"{name}{suffix}"] for name in NAMES if f"{name}{suffix}" in self._all}
