"""What a run was made with, so that a difference between two can be told from a difference in how they were made."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from assistant.settings import DEFAULT_LIBRARY

if TYPE_CHECKING:
    from assistant.evaluate.suite import Cases, Suite

NOBODY = "none was asked"
# What decides where a passage begins and ends.
RULES = ("chunk.py", "sentences.py")


def measured_on(cases: Cases, suites: Sequence[Suite]) -> dict[str, str]:
    """Returns what must be the same in the last run for a comparison with it to say anything."""
    data = {"data": str(cases.folder.resolve()) if cases.folder else "the samples that ship"}
    own = any(suite.own for suite in suites)
    return data | ({"library": cases.settings.library.name or DEFAULT_LIBRARY} if own else {})


def made_with(cases: Cases, suites: Sequence[Suite]) -> dict[str, str]:
    """Returns what a run was made with, by name, as people read it."""
    settings, engine = cases.settings, cases.settings.engine
    return {
        "command": cases.command,
        "assistant": version("assistant"),
        "engine": ", ".join(sorted(cases.engines)) or NOBODY,
        "engine setting": engine if isinstance(engine, str) else str(engine.model_dump(mode="json")),
        "embedder": cases.embedder.name,
        "reranker": settings.library.reranker or "words compared by the embedder",
        "search": f"{settings.library.passages} passages",
        "chunking": f"{cases.embedder.max_tokens} tokens at most, rules {_hash('index', RULES)}",
        "prompts": _hash("assistant.prompts", [each.name for each in files("assistant.prompts").iterdir()]),
        **measured_on(cases, suites),
        "limit": f"{cases.limit} cases of each file" if cases.limit else "none",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        **_load(),
    }


def _load() -> dict[str, str]:
    """How busy the machine was, without which its times say little; nothing where the system does not tell."""
    try:
        minutes = os.getloadavg()[1]
    except (OSError, AttributeError):
        return {}
    return {"load": f"{minutes:.1f} processes at work over the last five minutes, those of the evaluation among them"}


def _hash(package: str, names: Sequence[str]) -> str:
    """Tells versions of files apart."""
    chosen = sorted(name for name in names if name.endswith((".py", ".txt")))
    texts = ((files(package) / name).read_bytes() for name in chosen)
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:10]
