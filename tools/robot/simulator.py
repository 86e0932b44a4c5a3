"""MuJoCo, loaded without its window toolkit, which starts a program to look for a display."""

from __future__ import annotations

import importlib
import os


def _load() -> None:
    wanted = os.environ.get("MUJOCO_GL")
    os.environ["MUJOCO_GL"] = "disabled"
    try:
        importlib.import_module("mujoco")
    finally:
        if wanted is None:
            del os.environ["MUJOCO_GL"]
        else:
            os.environ["MUJOCO_GL"] = wanted


_load()
import mujoco  # noqa: E402

__all__ = ["mujoco"]
