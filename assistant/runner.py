"""Runs one tool call: arguments checked, time and number limited, every outcome told apart."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import pydantic_core
from pydantic import BaseModel, ValidationError

from assistant.errors import ToolCrashed, said
from assistant.events import ToolCall
from assistant.guard import Guard, Unguarded, guarded
from assistant.plugin import Context, ToolError
from assistant.schema import Tool
from assistant.threads import in_thread
from index.errors import LibraryError

log = logging.getLogger(__name__)

# A result goes into the model's context: past this many characters of JSON it would push out everything else.
MAX_RESULT = 200_000
MAX_REASON = 4_000


async def run_tool(tool: Tool, call_id: str, arguments: dict[str, Any], context: Context) -> ToolCall:
    """Calls a tool with the model's arguments. Whether the call is approved has been settled before.

    Args:
        tool: What to call.
        call_id: The model's id for the call.
        arguments: As the model gave them.
        context: Handed to the tool where it asks for one; cancelled when the call ends early.

    Returns:
        The finished call; ``ok`` is false where the arguments do not fit, the tool raised ``ToolError``, took too
        long, reached for what it does not declare, or returned what cannot be passed on.

    Raises:
        LibraryError: The library cannot be used.
        ToolCrashed: The tool raised anything else, which is a bug in it; the log has the whole story.
    """
    started = time.perf_counter()
    guard = Guard(tool.name, tool.options.touches, context.folder, tool.options.sandboxed)
    hide = _serve(tool, context)
    try:
        result, ok = hide(await _call(tool, arguments, context, guard)), True
    except ToolError as error:
        result, ok = hide(_short(said(error), MAX_REASON)) or "the tool gave no reason", False
    except LibraryError:  # no fault of the tool's, and its text is for the person
        raise
    except Exception as error:
        if not guard.refused:
            raise ToolCrashed(hide(_crashed(tool, arguments, error))) from error
        log.warning("tool %s from %s: %s", tool.name, tool.source, guard.refused[0], exc_info=error)
        result, ok = guard.refused[0], False
    finally:
        context.cancel()
    return ToolCall(call_id, tool.name, arguments, result, ok, round(time.perf_counter() - started, 4))


def _serve(tool: Tool, context: Context) -> Callable[[Any], Any]:
    """Gives a context what belongs to the tool.

    Returns:
        Blots the secrets that were handed out by then out of a JSON-able value.
    """
    told: dict[str, str] = {}

    def secret(name: str) -> str:
        if name not in tool.options.secrets:
            raise ToolError(f"{tool.name} does not declare the secret {name}; it is to name it in secrets=[…]")
        if not (value := os.environ.get(name)):
            raise ToolError(f"{tool.name} needs the environment variable {name}, which is not set")
        told[value] = f"[secret {name}]"
        return value

    def hide(value: Any) -> Any:
        return _blotted(value, told) if told else value

    report = context.report
    context.report = lambda fraction, message: report(_part(fraction), hide(_short(str(message), MAX_REASON)))
    context.library = Unguarded(context.library)
    context.settings = tool.settings
    context.secrets = secret
    return hide


def _blotted(value: Any, told: Mapping[str, str]) -> Any:
    match value:
        case str():
            for secret, shown in told.items():
                value = value.replace(secret, shown)
            return value
        case dict():
            return {_blotted(key, told): _blotted(item, told) for key, item in value.items()}
        case list():
            return [_blotted(item, told) for item in value]
    return value


async def _call(tool: Tool, arguments: dict[str, Any], context: Context, guard: Guard) -> Any:
    values = _checked(tool, arguments)
    if tool.context:
        values[tool.context] = context
    function = _plain(partial(tool.function, **values))
    async with _turn(tool, context):
        with guarded(guard):
            return await _limited(tool, function)


def _plain(function: Callable[[], Any]) -> Callable[[], Any]:
    """Lets a result be made into JSON where the tool runs: that may run code of the tool's own, and take long too."""
    if not inspect.iscoroutinefunction(function):
        return lambda: _jsonable(function())

    async def work() -> Any:
        return _jsonable(await function())

    return work


def misfit(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Returns what is wrong with a call's arguments, for the model; empty where they fit.

    It says only whether a person need be bothered: whoever finds a call unfit has to refuse it, since a tool's own
    validator may judge otherwise the next time.
    """
    try:
        _checked(tool, dict(arguments))
    except ToolError as error:
        return said(error)
    except Exception:  # a bug in a validator of the tool's own, which running the call will report
        log.info("the arguments of %s cannot be validated", tool.name, exc_info=True)
    return ""


def _checked(tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        checked = tool.arguments.model_validate(arguments)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:5])
        reason = f"wrong arguments for {tool.name}: {_short(problems, MAX_REASON // 2)}."
        raise ToolError(f"{reason} {parameters(tool)}") from error
    return {field.alias or name: getattr(checked, name) for name, field in type(checked).model_fields.items()}


async def _limited(tool: Tool, function: Callable[[], Any]) -> Any:
    try:
        async with asyncio.timeout(tool.options.timeout) as limit:
            return await in_thread(function)
    except TimeoutError as error:
        if not limit.expired():  # the tool's own
            raise
        log.warning("tool %s from %s took too long", tool.name, tool.source, exc_info=error)
        raise ToolError(f"{tool.name} took longer than {tool.options.timeout:g} s and was given up") from error


def _turn(tool: Tool, context: Context) -> AbstractAsyncContextManager[Any]:
    """Waits until one of the calls that the tool allows at once is free; waiting does not count as the call's time."""
    if tool.gate is None:
        return nullcontext()
    if tool.gate.locked():
        context.progress("waiting for another call to end")
    return tool.gate


def _jsonable(value: Any) -> Any:
    """The value as JSON has it; what is too large is refused before anything is made of it."""
    size = 0
    for part in _sizes(value):
        size += part
        if size > MAX_RESULT:
            raise _too_large()
    try:
        plain = pydantic_core.to_jsonable_python(value, inf_nan_mode="strings")
        text = json.dumps(plain, ensure_ascii=False)
        text.encode()  # an endless number or half a character fails here, not later
    except (pydantic_core.PydanticSerializationError, ValueError, RecursionError, MemoryError) as error:
        raise ToolError(f"the result cannot be passed on: {said(error) or type(error).__name__}") from error
    if len(text) > MAX_RESULT:  # what a value makes of itself is seen only now
        raise _too_large()
    return plain


def _too_large() -> ToolError:
    return ToolError(
        f"the result has more than {MAX_RESULT:,} characters, or holds itself; "
        "ask for less, or let the tool save it as a file"
    )


def _sizes(value: Any) -> Iterator[int]:
    """Yields roughly how many characters each part of a value takes; it need not be walked to its end."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        yield len(item) if isinstance(item, str | bytes | bytearray) else 4
        if isinstance(item, Mapping):
            waiting += [part for pair in _first(item.items()) for part in pair]
        elif isinstance(item, list | tuple | set | frozenset):
            waiting += _first(item)
        elif isinstance(item, BaseModel):
            waiting += vars(item).values()
        elif is_dataclass(item) and not isinstance(item, type):
            waiting += [getattr(item, each.name) for each in fields(item)]
        elif isinstance(item, Iterator):
            raise ToolError("the result is a generator, which cannot be passed on; the tool is to return a list")


def _first(items: Any) -> list[Any]:
    return [item for _, item in zip(range(MAX_RESULT), items, strict=False)]


def _crashed(tool: Tool, arguments: dict[str, Any], error: Exception) -> str:
    log.exception("tool %s from %s failed with arguments %r", tool.name, tool.source, arguments)
    reason = _short(" ".join(f"{type(error).__name__}: {said(error)}".split()), 500)
    return f"The tool '{tool.name}' failed ({reason}); the log has the details."


def parameters(tool: Tool) -> str:
    """Returns what a tool takes, for a model that has called it wrongly."""
    fields = [(field.alias or name, field.is_required()) for name, field in tool.arguments.model_fields.items()]
    names = [name if required else f"{name} (optional)" for name, required in fields]
    schema = json.dumps(tool.parameters, ensure_ascii=False)
    whole = f" Its schema: {schema}" if len(schema) <= MAX_REASON else ""
    return f"It takes: {', '.join(names) or 'nothing'}.{whole}"


def _part(fraction: float | None) -> float | None:
    return fraction if isinstance(fraction, int | float) and 0 <= fraction <= 1 else None


def _short(text: str, limit: int) -> str:
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text.encode(errors="replace").decode()  # half a character, as a file's name may hold, cannot be passed on
