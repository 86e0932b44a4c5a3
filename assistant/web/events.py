"""What an event of the page may hold: pure functions over what a browser sent."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import orjson

# Deeper than anything that the page sends, and shallow enough for every reader behind.
DEEPEST = 40


class BadEvent(ValueError):
    """An event that the page itself could not have sent.

    Args:
        code: Why: a text of the catalogue of refusals.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def named(hash_: object, prefix: str) -> str:
    """Returns under which name Gradio keeps a session: a person's own, so that another's cannot be named.

    Raises:
        BadEvent: It has no form that the page gives it.
    """
    if not (isinstance(hash_, str) and hash_.isalnum() and hash_.isascii() and len(hash_) <= 64):  # noqa: PLR2004
        raise BadEvent("event_session")
    return f"{prefix}{hash_}"


def checked(body: bytes, prefix: str, own: Callable[[str], bool], events: Collection[int] | None = None) -> bytes:
    """Returns an event as it is passed on.

    Args:
        body: JSON as it came.
        prefix: Of the person's sessions.
        own: Whether the person has uploaded a file, by its path.
        events: The numbers of the page's events; None where it is none of them.

    Raises:
        BadEvent: The page could not have sent it.
    """
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadEvent("event_json") from error
    if not isinstance(event, dict):
        raise BadEvent("event_object")
    if events is not None and not (type(event.get("fn_index")) is int and event["fn_index"] in events):
        raise BadEvent("event_unknown")
    event["session_hash"] = named(event.get("session_hash"), prefix)
    # Gradio continues the run of any event whose id it is told.
    event.pop("event_id", None)
    for part in ("data", "event_data"):
        _check(event.get(part), own)
    return orjson.dumps(event)


def _check(value: Any, own: Callable[[str], bool], depth: int = 0) -> None:
    if depth > DEEPEST:
        raise BadEvent("event_deep")
    if isinstance(value, dict):
        _check_file(value, own)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check(each, own, depth + 1)


def _check_file(value: dict[str, Any], own: Callable[[str], bool]) -> None:
    """Lets no file pass but the person's own uploads, and no address, which Gradio would fetch."""
    path = value.get("path")
    if isinstance(path, str) and path and not own(path):
        raise BadEvent("event_file")
    if "meta" in value or "path" in value:
        value.pop("url", None)
