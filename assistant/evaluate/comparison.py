"""Two runs side by side, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.evaluate.compare import Change, differing
from assistant.evaluate.saved import Run
from assistant.evaluate.suite import shown

SHOWN = 3
"""Cases of a figure whose score changed."""
WIDTH = 60


def text(old: Run, new: Run, changes: Sequence[Change]) -> str:
    """Returns how two runs differ: in what they were made with, in their figures, and in which cases."""
    return "\n".join(_lines(old, new, changes))


def _lines(old: Run, new: Run, changes: Sequence[Change]) -> Iterator[str]:
    yield f"Compared with {old.path}, over the cases that both runs have:"
    yield from (f"  {name}: {was} → {now}" for name, was, now in differing(old, new))
    if not changes:
        yield "  They have no case in common, so that nothing can be said."
    width = max((len(change.figure) for change in changes), default=0)
    for change in changes:
        yield _line(change, width)
        for before, after in change.rows[:SHOWN] if not change.unit else ():
            was, now = f"{before.score:.2f}: {_short(before.said)}", f"{after.score:.2f}: {_short(after.said)}"
            yield f"      {_short(after.asked)}  {was} → {now}"


def _line(change: Change, width: int) -> str:
    old, new = shown(change.old, change.unit), shown(change.new, change.unit)
    figures = f"{old} → {new}  {shown(change.difference, change.unit, '+')}"
    return f"  {change.suite:16}  {change.figure:{width}}  {figures}  {said(change)}"


def said(change: Change) -> str:
    """Returns what can be said of a change: its interval, in how many cases the score changed, whether for worse."""
    number = f"{len(change.rows)} of {change.cases} cases changed in score"
    if not change.rows:
        return f"no score changed in {change.cases} cases"
    if change.low is None or change.high is None:
        return f"too few cases to tell it from chance: {number}"
    spread = f"95 % within {change.low:+.3f} and {change.high:+.3f}, {number}"
    return f"{spread}  WORSE" if change.worse else spread


def _short(said: str) -> str:
    flat = " ".join(said.split())
    return flat if len(flat) <= WIDTH else flat[: WIDTH - 1] + "…"
