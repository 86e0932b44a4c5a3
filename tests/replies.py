"""What the scripted server can be told to reply, and its form on the wire: OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

MODEL = "scripted"


@dataclass(frozen=True, slots=True)
class Text:
    """An answer in words, streamed ``chunk`` characters at a time; thoughts come before it in a field of their own."""

    text: str
    chunk: int = 8
    thoughts: str = ""
    field: str = "reasoning"
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """Tool calls, each a name and its arguments; a string is sent as it is, valid JSON or not."""

    calls: Sequence[tuple[str, Json | str]]
    text: str = ""
    chunk: int = 8
    thoughts: str = ""
    field: str = "reasoning"
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A plain HTTP response: an error status, or a page that is no chat completion under status 200."""

    code: int
    body: str = '{"error": {"message": "scripted failure", "type": "server_error"}}'
    content_type: str = "application/json"
    headers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Hang:
    """Takes the request and answers nothing; drops the connection after ``seconds`` or when the server stops."""

    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class HalfStream:
    """Sends the text's chunks, or half of a non-streamed body, and drops the connection."""

    text: str
    chunk: int = 8
    thoughts: str = ""
    field: str = "reasoning"


@dataclass(frozen=True, slots=True)
class Nonsense:
    """Bytes in place of a completion, under status 200."""

    body: bytes
    content_type: str = "text/event-stream"


@dataclass(frozen=True, slots=True)
class SlowText:
    """An answer with ``delay`` seconds before each chunk."""

    text: str
    delay: float
    chunk: int = 8


Spoken = Text | Calls | HalfStream | SlowText
Reply = Spoken | Status | Hang | Nonsense


def completion(reply: Spoken, body: Json, ids: Iterator[int]) -> Json:
    message: Json = {"role": "assistant", "content": reply.text}
    if isinstance(reply, Calls):
        message["tool_calls"] = [
            {"id": f"call_{next(ids)}", "type": "function", "function": {"name": name, "arguments": _arguments(given)}}
            for name, given in reply.calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
    return _envelope(body, "chat.completion") | {"choices": [choice], "usage": _usage(reply, body)}


def chunks(reply: Spoken, body: Json, ids: Iterator[int]) -> Iterator[Json]:
    envelope = _envelope(body, "chat.completion.chunk")
    for delta in _deltas(reply, ids):
        yield envelope | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield envelope | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield envelope | {"choices": [], "usage": _usage(reply, body)}


def _deltas(reply: Spoken, ids: Iterator[int]) -> Iterator[Json]:
    yield {"role": "assistant", "content": ""}
    if isinstance(reply, Text | Calls | HalfStream):
        yield from ({reply.field: piece} for piece in cut(reply.thoughts, reply.chunk))
    for piece in cut(reply.text, reply.chunk):
        yield {"content": piece}
    for index, (name, given) in enumerate(reply.calls if isinstance(reply, Calls) else ()):
        function: Json = {"name": name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": f"call_{next(ids)}", "type": "function", "function": function}]}
        for piece in cut(_arguments(given), reply.chunk):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _envelope(body: Json, kind: str) -> Json:
    return {"id": "chatcmpl-scripted", "object": kind, "created": 1, "model": body.get("model", MODEL)}


def _usage(reply: Spoken, body: Json) -> Json:
    """Counts words for tokens."""
    asked = sum(len(str(message.get("content") or "").split()) for message in body["messages"])
    said = len(reply.text.split()) + (len(reply.calls) if isinstance(reply, Calls) else 0)
    usage: Json = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
    if isinstance(reply, Text | Calls) and reply.cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": reply.cached}
    return usage


def _finish(reply: Reply) -> str:
    return "tool_calls" if isinstance(reply, Calls) else "stop"


def is_last(chunk: Json) -> bool:
    return not chunk["choices"] or chunk["choices"][0]["finish_reason"] is not None


def _arguments(given: Json | str) -> str:
    return given if isinstance(given, str) else json.dumps(given)


def cut(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def sse(chunk: Json) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
