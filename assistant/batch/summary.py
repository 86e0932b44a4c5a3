"""What a run of a batch did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from assistant.batch.earlier import Earlier


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        written: Rows written by this run.
        skipped: Rows that this run was to answer and an earlier one had.
        errors: Rows with an error, of those that this run was to answer, also where an earlier one had.
        abstained: Rows that were declined, of the same ones.
        left: Rows that are still to be answered.
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
    left: int = 0
    seconds: float = 0.0
    median_seconds: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Returns it for people."""
        rate = f", {self.written / self.seconds:.1f} rows/s" if self.written and self.seconds else ""
        lines = [
            f"{self.written} written{rate}, {self.skipped} already there; of these {self.abstained} declined, "
            f"{self.errors} with an error" + (f"; {self.left} left" if self.left else "")
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
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, result: Mapping[str, Any]) -> None:
        """Counts a row."""
        self.written += 1
        if "error" in result:
            self.reasons[result["error"]] += 1
        else:
            self.seconds.append(result["seconds"])
        usage = result.get("usage") or {}
        self.prompt_tokens += usage.get("prompt_tokens") or 0
        self.completion_tokens += usage.get("completion_tokens") or 0

    def summary(self, wanted: Sequence[str | int], todo: int, held: Earlier, seconds: float) -> Summary:
        """Returns what was done.

        Args:
            wanted: The ids of the rows that the run was about.
            todo: How many of them were still to be answered when it began.
            held: What the output holds now.
            seconds: That the run took.
        """
        return Summary(
            self.written,
            len(wanted) - todo,
            sum(held.done.get(identity, False) for identity in wanted),
            sum(identity in held.declined for identity in wanted),
            todo - self.written,
            round(seconds, 3),
            median(self.seconds) if self.seconds else None,
            self.prompt_tokens,
            self.completion_tokens,
            dict(self.reasons.most_common(5)),
        )
