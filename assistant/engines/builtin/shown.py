"""A tool's result as Markdown, for a person to read."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_LISTED = 20


def as_markdown(result: Any) -> str:
    """Returns what stands behind "returned": on the same line where that is enough, else below it."""
    if isinstance(result, dict) and all(not isinstance(value, dict | list) for value in result.values()):
        return ":\n\n" + "\n\n".join(_field(key, value) for key, value in result.items())
    if isinstance(result, list) and len(result) <= MAX_LISTED and all(_is_short(each) for each in result):
        return f" {', '.join(map(_plain, result))}"
    if _is_short(result):
        return f" {_plain(result)}"
    return ":\n\n" + _fenced(result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, indent=2))


def _field(key: str, value: Any) -> str:
    return f"{key}: {_plain(value)}" if _is_short(value) else f"{key}:\n\n{_fenced(str(value))}"


def _is_short(value: Any) -> bool:
    return not isinstance(value, dict | list) and "\n" not in str(value).strip()


def _plain(value: Any) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _fenced(text: str) -> str:
    """The text as a block of code, with a fence that the text does not hold."""
    longest = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"
