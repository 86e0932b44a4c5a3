"""MuJoCo, loaded without its window toolkit, which starts a program to look for a display."""

from __future__ import annotations

import importlib
import logging
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


def _warn(message: str) -> None:
    """In place of MuJoCo's own, which writes a file into whatever folder the program runs in."""
    logging.getLogger(__name__).info("MuJoCo: %s", message)


_load()
import mujoco  # noqa: E402

mujoco.set_mju_user_warning(_warn)

__all__ = ["mujoco"]
