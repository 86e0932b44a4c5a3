"""How much memory this machine has left."""

from __future__ import annotations

import os
from pathlib import Path


def available() -> int:
    """Returns the bytes that a program may take without others being pushed out."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, LookupError):  # not Linux: all there is
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
