"""How a figure is reported: the machine it was measured on, and whether a limit held."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def describe(*packages: str) -> str:
    """Returns one line: processor, cores, Python and the versions of ``packages``."""
    versions = [f"{package} {version(package)}" for package in packages]
    return ", ".join([_processor(), f"{os.cpu_count()} cores", f"Python {platform.python_version()}", *versions])


def verdict(what: str, value: float, limit: float, unit: str = "") -> bool:
    """Prints a figure beside the limit that it must not pass; returns whether it held."""
    held = value <= limit
    number, bound = f"{value:.2f} {unit}".rstrip(), f"{limit:g} {unit}".rstrip()
    print(f"{'held' if held else 'MISSED'}: {what} {number}, limit {bound}", flush=True)
    return held


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text().splitlines() if cpus.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
