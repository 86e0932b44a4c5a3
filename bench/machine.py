"""The machine that a figure was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def describe(*packages: str) -> str:
    """Returns one line: processor, cores, Python and the versions of ``packages``."""
    versions = [f"{package} {version(package)}" for package in packages]
    return ", ".join([_processor(), f"{os.cpu_count()} cores", f"Python {platform.python_version()}", *versions])


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text().splitlines() if cpus.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
