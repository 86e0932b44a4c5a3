"""Makes messages shorter for a model: passages that fit less well go first, then the middle of long texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

# What one picture and the frame of one message take, in bytes, roughly.
PICTURE, FRAME = 3_000, 24
# No text is cut shorter than this.
SHORTEST = 400
LEFT_OUT = "{n} that fit less well were left out, since there was no room for them; search for less at once."


def size(messages: Sequence[AnyMessage]) -> int:
    """Returns roughly how many bytes messages take in a request."""
    return sum(map(_size, messages))


def _size(message: AnyMessage) -> int:
    parts = message.content if isinstance(message.content, list) else []
    pictures = sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)
    calls = json.dumps([call["args"] for call in message.tool_calls]) if isinstance(message, AIMessage) else ""
    text: str = message.text
    return int(len(text.encode()) + len(calls) + pictures * PICTURE + FRAME)


def trimmed(messages: Sequence[AnyMessage], most: int) -> list[AnyMessage]:
    """Returns messages that take no more than so many bytes, as far as that can be had.

    Args:
        messages: As they are kept, without what is put around foreign text.
        most: Bytes.
    """
    shown = _without_least(list(messages), size(messages) - most)
    while (excess := size(shown) - most) > 0:
        longest = max(range(len(shown)), key=lambda at: len(shown[at].text))
        cut = _cut(shown[longest].text, excess)
        if cut is None:
            break
        shown[longest] = shown[longest].model_copy(update={"content": cut})
    return shown


def _without_least(messages: list[AnyMessage], excess: int) -> list[AnyMessage]:
    """Leaves out the passages with the lowest scores, over all results; the best of each result stays."""
    results = {at: rows for at, message in enumerate(messages) if (rows := _rows(message))}
    ranked = sorted(
        (float(row.get("score", -1)), -at, -place)
        for at, rows in results.items()
        for place, row in enumerate(rows)
        if place
    )
    gone: dict[int, set[int]] = {}
    for _, at, place in ranked:
        if excess <= 0:
            break
        excess += 0 if -at in gone else len(LEFT_OUT) + FRAME
        gone.setdefault(-at, set()).add(-place)
        excess -= len(json.dumps(results[-at][-place], ensure_ascii=False).encode())
    for at, places in gone.items():
        kept = [row for place, row in enumerate(results[at]) if place not in places]
        messages[at] = _with_rows(messages[at], kept, len(places))
    return messages


def _rows(message: AnyMessage) -> list[dict[str, Any]]:
    """The passages or pictures of a search's result; nothing where it is none."""
    found = _result(message)
    rows = found.get("pictures") if isinstance(found, dict) else found
    fits = isinstance(rows, list) and len(rows) > 1 and all(isinstance(row, dict) and "text" in row for row in rows)
    return rows if fits and isinstance(rows, list) else []


def _result(message: AnyMessage) -> Any:
    if not isinstance(message, ToolMessage) or message.status == "error":
        return None
    try:
        return json.loads(message.text)
    except ValueError:
        return None


def _with_rows(message: AnyMessage, rows: list[dict[str, Any]], left_out: int) -> AnyMessage:
    note, found = LEFT_OUT.format(n=left_out), _result(message)
    result = {**found, "pictures": rows, "left_out": note} if isinstance(found, dict) else [*rows, {"left_out": note}]
    return message.model_copy(update={"content": json.dumps(result, ensure_ascii=False)})


def _cut(text: str, excess: int) -> str | None:
    """A text without its middle; None where it is too short for that."""
    if len(text) <= SHORTEST:
        return None
    # Characters of several bytes make this more than is needed, never less than a character.
    keep = max(SHORTEST // 2, len(text) - excess - 60)
    return f"{text[: keep // 2]} [… {len(text) - keep:,} characters left out …] {text[-(keep - keep // 2) :]}"
