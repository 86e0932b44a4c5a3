"""One thing that ``assistant doctor`` has looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "missing", "broken"]
SIGNS = {"ok": "✓", "missing": "–", "broken": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What.
        state: ``missing`` is optional, ``broken`` is not.
        detail: What was found.
        advice: What to do; empty where nothing need be done.
    """

    name: str
    state: State
    detail: str
    advice: str = ""

    def row(self) -> dict[str, str]:
        """Returns it for ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        line = f"{SIGNS[self.state]} {self.name}: {self.detail}"
        return f"{line}\n    → {self.advice}" if self.advice else line
