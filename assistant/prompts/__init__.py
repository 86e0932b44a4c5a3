"""The prompts, one text file per role."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def prompt(role: str) -> str:
    """Returns the prompt of a role, such as ``system``."""
    return (files(__name__) / f"{role}.txt").read_text(encoding="utf-8").strip()
