"""What a run of a batch did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        written: Rows written by this run.
        skipped: Rows that an earlier run had written.
        errors: Rows with an error in the whole output file.
        abstained: Rows of this run that were declined.
        seconds: That this run took.
        median_seconds: That a row of this run took, half of them less; None where none was answered.
        prompt_tokens: Tokens that a language model was sent in this run, as far as its server tells.
        completion_tokens: Tokens that it made.
        reasons: The commonest errors of this run, each with how many rows had it.
    """

    written: int
    skipped: int
    errors: int
    abstained: int = 0
    seconds: float = 0.0
    median_seconds: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Returns it for people."""
        rate = f", {self.written / self.seconds:.1f} rows/s" if self.written and self.seconds else ""
        lines = [
            f"{self.written} written ({self.abstained} declined{rate}), {self.skipped} already there, "
            f"{self.errors} with an error"
        ]
        if self.prompt_tokens or self.completion_tokens:
            lines.append(f"  {self.prompt_tokens:,} tokens sent, {self.completion_tokens:,} made")
        lines += [f"  {count} × {reason}" for reason, count in self.reasons.items()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Returns it as a JSON object."""
        return asdict(self)


@dataclass(slots=True)
class Tally:
    """What was written so far."""

    written: int = 0
    abstained: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, result: Mapping[str, Any]) -> None:
        """Counts a row."""
        self.written += 1
        self.abstained += bool(result.get("abstained"))
        if "error" in result:
            self.reasons[result["error"]] += 1
        else:
            self.seconds.append(result["seconds"])
        usage = result.get("usage") or {}
        self.prompt_tokens += usage.get("prompt_tokens") or 0
        self.completion_tokens += usage.get("completion_tokens") or 0

    def summary(self, skipped: int, errors: int, seconds: float) -> Summary:
        """Returns what was done.

        Args:
            skipped: Rows that an earlier run had written.
            errors: Rows with an error in the whole output file.
            seconds: That the run took.
        """
        return Summary(
            self.written,
            skipped,
            errors,
            self.abstained,
            round(seconds, 3),
            median(self.seconds) if self.seconds else None,
            self.prompt_tokens,
            self.completion_tokens,
            dict(self.reasons.most_common(5)),
        )
