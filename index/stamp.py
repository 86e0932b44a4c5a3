"""Whether a file is the one that was read before, told without reading it again.

The clock of a file system ticks in steps, and a file may be written twice within one. So a stamp is only given to a
file that had been left alone for a while when it was read, as Git does with its index. Its time of change cannot be set
by a program, so a file that was written anew with its old time of modification has another stamp all the same.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

QUIET_SECONDS = 2.0


def stamp(path: Path, now: float | None = None) -> str | None:
    """Returns what changes with every change of a file.

    Args:
        path: The file.
        now: Seconds since the epoch; None is the time.

    Returns:
        None where the file was changed a moment ago, or is not there.
    """
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    moment = time.time() if now is None else now
    if max(found.st_mtime, found.st_ctime) > moment - QUIET_SECONDS:
        return None
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
