"""What an answer rests on, as programs get it: names and addresses in place of the server's paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from assistant.api.sentences import TOLD
from assistant.events import Answer, ApprovalNeeded, End, Failed

Row = Mapping[str, Any]


def usage_of(end: End) -> dict[str, Any] | None:
    """Returns the tokens of an answer as OpenAI's clients expect them; None where nobody has counted them."""
    return tokens(asdict(end.usage)) if isinstance(end, Answer) and end.usage else None


def tokens(usage: Row | None) -> dict[str, Any] | None:
    """Returns the same of a stored answer's ``usage``."""
    if usage is None or usage["prompt_tokens"] is None or usage["completion_tokens"] is None:
        return None
    return {
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["completion_tokens"],
        "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"],
        "prompt_tokens_details": {"cached_tokens": usage["cached_tokens"] or 0},
        "completion_tokens_details": {"reasoning_tokens": usage["reasoning_tokens"] or 0},
    }


def evidence(end: End) -> dict[str, Any]:
    """Returns what an answer rests on: citations, calls, confidence; or what waits for approval, or the error."""
    match end:
        case Answer():
            return shown(end.to_json(), end.conversation)
        case ApprovalNeeded(requests, conversation):
            return shown({"requests": [asdict(each) for each in requests]}, conversation)
        case Failed(message, conversation, kind):
            return shown({"error": message, "kind": kind}, conversation)


def shown(result: Row, conversation: str) -> dict[str, Any]:
    """Returns what is told of a turn's stored result.

    Args:
        result: As the conversation keeps it.
        conversation: Where the turn is.
    """
    # The thoughts have a field of their own beside the text.
    row = {key: value for key, value in result.items() if key not in ("reasoning", "requests")}
    for name, tell in (("citations", _citation), ("artifacts", _artifact)):
        if name in row:
            row[name] = [tell(each, conversation) for each in row[name]]
    if row.get("kind") in TOLD:
        row["error"] = TOLD[row["kind"]]
    waiting = [_request(each, conversation) for each in result.get("requests", ())]
    return {**row, "conversation": conversation, "waiting": waiting}


def _citation(row: Row, _: str) -> dict[str, Any]:
    return {**row, "document": name_of(row["document"])}


def _artifact(row: Row, conversation: str) -> dict[str, Any]:
    return {"name": name_of(row["path"]), "url": _url(row["path"], conversation), **_rest(row, "path")}


def _request(row: Row, conversation: str) -> dict[str, Any]:
    return {**_rest(row, "film"), "film": _url(row["film"], conversation) if row.get("film") else ""}


def _url(path: str, conversation: str) -> str:
    """Returns where the API serves a file of a conversation; another server may have another home folder."""
    below = PurePath(path).as_posix().rpartition(f"/{conversation}/")[2]
    return f"/v1/conversations/{conversation}/files/{quote(below)}"


def _rest(row: Row, key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


def name_of(path: str) -> str:
    """Returns what a file is called, without the folders of the server."""
    return PurePath(path).name
