"""One row of a batch again, with what the model said then, so that nothing but tools and documents can differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage

from assistant.app import make_embedder
from assistant.approval import Rule
from assistant.batch.answering import Answerer
from assistant.batch.options import Options
from assistant.batch.output import lines_of, results
from assistant.batch.rows import row_of
from assistant.course import replayed
from assistant.engines.choose import Engine
from assistant.engines.recorded import RecordedModel
from assistant.errors import BatchError
from assistant.settings import Settings

LAST = "last-batch"
# What must be the same again; how long it took is not.
COMPARED = ("answer", "error", "citations", "tool_calls", "artifacts", "confidence", "abstained", "unsupported", "why")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A row that was run again.

    Attributes:
        result: What came.
        differences: What is not as it was, one line each.
    """

    result: Mapping[str, Any]
    differences: Sequence[str]


def remember(home: Path, output: Path) -> None:
    """Keeps which output a home folder's last batch wrote; where it cannot, ``--of`` has to name it."""
    try:
        (home / LAST).write_text(f"{output.resolve()}\n", encoding="utf-8")
    except OSError:
        return


async def replay(settings: Settings, row: str, output: Path | None = None, rules: Sequence[Rule] = ()) -> Replayed:
    """Runs a row again with its recorded replies; its tools run anew.

    Args:
        settings: What to answer from.
        row: The row's id.
        output: The batch's output; None takes that of the home folder's last batch.
        rules: Which tool calls are approved; what no rule approves and needs approval is refused.

    Raises:
        BatchError: There is no such row, or it has no recorded replies.
    """
    before = _row(output or _last(settings.home), row)
    model = RecordedModel.of(_replies(before))
    given = replace(row_of(before), seed=before.get("seed"), engine=None)
    async with AsyncExitStack() as parts:
        answerer = Answerer(settings, Options(rules=rules), None, make_embedder(settings), parts)
        await answerer.use(_engine(model, before))
        now = json.loads(json.dumps(await answerer.answer(given)))
    return Replayed(now, [*_differences(before, now), *_unasked(model)])


def _last(home: Path) -> Path:
    try:
        return Path((home / LAST).read_text(encoding="utf-8").strip())
    except OSError:
        raise BatchError(f"{home} knows of no batch; name its output with --of.") from None


def _row(output: Path, identity: str) -> dict[str, Any]:
    if not lines_of(output).exists():
        raise BatchError(f"There is no {lines_of(output)}; name the batch's output with --of.")
    alike: dict[str, Any] | None = None
    for row in results(output):
        if json.dumps(row["id"]) == identity:  # 1 is the number, and "1" the text where there are both
            return row
        if alike is None and str(row["id"]) == identity:
            alike = row
    if alike is not None:
        return alike
    raise BatchError(f"{output} has no row {identity!r}.")


def _replies(row: Mapping[str, Any]) -> list[AIMessage]:
    if not isinstance(kept := row.get("replies"), list) or not kept:
        why = f"it ended with: {row['error']}" if "error" in row else "the batch ran with --no-replies"
        raise BatchError(f"Row {row['id']!r} has no recorded replies; {why}.")
    try:
        return [replayed(each) for each in kept]
    except (LookupError, TypeError, ValueError) as error:
        raise BatchError(f"The replies of row {row['id']!r} cannot be read ({error}).") from error


def _engine(model: RecordedModel, row: Mapping[str, Any]) -> Engine:
    async def close() -> None:
        """There is nothing to close."""

    return Engine(model, f"recorded replies of {row.get('engine', 'the model')}", "", close)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in COMPARED:
        was, is_now = (_lasting(key, row.get(key)) for row in (before, now))
        if was != is_now:
            yield f"{key}: {_short(was)} → {_short(is_now)}"


def _lasting(key: str, value: Any) -> Any:
    """A value without what differs from run to run."""
    if key == "tool_calls" and value:
        return [{name: one for name, one in call.items() if name != "seconds"} for call in value]
    if key == "artifacts" and value:
        return [{**each, "path": Path(each["path"]).name} for each in value]
    return value


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"  # noqa: PLR2004 — a line or two


def _unasked(model: RecordedModel) -> list[str]:
    return [f"replies: {model.left} of those recorded were not asked for"] if model.left else []
