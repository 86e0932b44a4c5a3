"""The folder that an interpreter's sandboxes share; one that a killed assistant left is removed by the next."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import psutil

PREFIX = "assistant-code-"
ROOT = Path(tempfile.gettempdir())


def make_folder() -> Path:
    """Returns a new folder named after this process, and removes those of processes that are gone."""
    for folder in ROOT.glob(f"{PREFIX}*"):
        if _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=ROOT))


def _is_left(folder: Path) -> bool:
    owner = folder.name.removeprefix(PREFIX).partition("-")[0]
    with contextlib.suppress(OSError):
        ours = folder.lstat().st_uid == os.getuid() and not folder.is_symlink()
        return ours and owner.isdecimal() and not psutil.pid_exists(int(owner))
    return False
