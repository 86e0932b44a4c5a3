"""Mends the calls of a model that writes them almost right; what cannot be mended is asked for again."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall
from langchain_core.messages.tool import ToolCallChunk

from assistant.errors import BadCalls
from assistant.runner import misfit
from assistant.schema import Tool

log = logging.getLogger(__name__)

# How often in a row a model is asked again for a call that is wrong.
MOST_AGAIN = 2
NAME = re.compile(r"(?:functions?|tools?)?[.:/]?([A-Za-z0-9_-]+)")
FENCE = re.compile(r"^```\w*\s*(.*?)\s*```$", re.S)
TRAILING_COMMA = re.compile(r",(\s*[}\]])")
# What may stand behind a whole object: brackets too many, and the tags and fences of templates.
BEHIND = re.compile(r"(?:[\s}\]`;]|</?[\w|]+>|<\|[\w|]+\|>)*")
PAIRS = {"{": "}", "[": "]"}


def mended(reply: AIMessage, chunks: Sequence[ToolCallChunk], tools: Mapping[str, Tool]) -> AIMessage:
    """Returns a reply with its calls read from what the model wrote, each with an id of its own.

    LangChain reads arguments that were cut off as if they were whole; here such a call is no call.

    Args:
        reply: The whole reply.
        chunks: Its calls as they were written.
        tools: What may be called.
    """
    cut_off = reply.response_metadata.get("finish_reason") == "length"
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    seen: set[str] = set()
    for chunk in chunks:
        written, name = chunk["args"] or "", known_name(chunk["name"] or "", tools)
        call_id = chunk["id"] if chunk["id"] and chunk["id"] not in seen else f"call_{uuid4().hex[:24]}"
        seen.add(call_id)
        arguments = read_arguments(written, cut_off=cut_off)
        if arguments is None:
            invalid.append(InvalidToolCall(name=name, args=written, id=call_id, error=None, type="invalid_tool_call"))
        else:
            calls.append(ToolCall(name=name, args=arguments, id=call_id, type="tool_call"))
    return reply.model_copy(update={"tool_calls": calls, "invalid_tool_calls": invalid})


def known_name(written: str, tools: Mapping[str, Tool]) -> str:
    """Returns the tool that is meant by a name with another spelling or a template's words around it."""
    if written in tools or not (match := NAME.match(written.strip())):
        return written
    meant = [name for name in tools if _plain(name) == _plain(match[1])]
    if len(meant) != 1:
        return written
    log.info("the model called %r, taken for %s", written, meant[0])
    return meant[0]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def read_arguments(written: str, *, cut_off: bool = False) -> dict[str, Any] | None:
    """Returns the arguments that a model wrote; None where they are no object and it is not plain what was meant.

    Args:
        written: As it came.
        cut_off: Whether the model was stopped before it had ended.
    """
    text = written.strip()
    if not text:
        return None if cut_off else {}
    if fence := FENCE.match(text):
        text = fence[1]
    for attempt in (_json, _without_commas, _literal, *(() if cut_off else (_closed,))):
        found = attempt(text)
        if isinstance(found, str):  # JSON within JSON
            found = _json(found)
        if isinstance(found, dict) and all(isinstance(key, str) for key in found):
            if attempt is not _json:
                log.info("the arguments %r were mended", written)
            return found
    return None


def _json(text: str) -> Any:
    try:
        found, end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return found if BEHIND.fullmatch(text[end:]) else None


def _without_commas(text: str) -> Any:
    return _json(TRAILING_COMMA.sub(r"\1", text))


def _literal(text: str) -> Any:
    """Python's way of writing the same: single quotes, True, None."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _closed(text: str) -> Any:
    """With the brackets that are missing at the end; not within a text, of which nobody knows how it would go on."""
    open_brackets, quoted, escaped = [], False, False
    for char in text:
        if quoted:
            quoted, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in PAIRS:
            open_brackets.append(PAIRS[char])
        elif open_brackets and char == open_brackets[-1]:
            open_brackets.pop()
    return None if quoted or not open_brackets else _without_commas(text + "".join(reversed(open_brackets)))


def require_sound(replies: Sequence[AIMessage], tools: Mapping[str, Tool]) -> None:
    """Gives up a model that goes on calling tools wrongly.

    Args:
        replies: Of the turn, the last one new.
        tools: What may be called.

    Raises:
        BadCalls: It was asked again ``MOST_AGAIN`` times in vain.
    """
    if len(replies) <= MOST_AGAIN:  # a tool's own validators are not asked more often than they have to be
        return
    wrong: list[str] = []
    for reply in reversed(replies):
        if not (reason := _fault(reply, tools)):
            break
        wrong.append(reason)
    if len(wrong) > MOST_AGAIN:
        raise BadCalls(
            f"The model called tools wrongly {len(wrong)} times in a row, at last so: {wrong[0]} "
            "Ask again in other words, or use a model that is better at calling tools."
        )


def _fault(reply: AIMessage, tools: Mapping[str, Tool]) -> str:
    """What is wrong with a reply's calls, the first of it; empty where a call may run."""
    faults = [f"the arguments of {call['name']} are not valid JSON." for call in reply.invalid_tool_calls]
    for call in reply.tool_calls:
        tool = tools.get(call["name"])
        fault = misfit(tool, call["args"]) if tool else f"there is no tool '{call['name']}'."
        if not fault:
            return ""
        faults.append(fault)
    return faults[0] if faults else ""
