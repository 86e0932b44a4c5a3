"""Runs one tool call: arguments checked, time limited, every outcome told apart."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pydantic_core
from pydantic import BaseModel, ValidationError

from assistant.errors import ToolCrashed
from assistant.events import ToolCall
from assistant.plugin import Context, ToolError
from assistant.schema import Tool
from index.errors import LibraryError

log = logging.getLogger(__name__)

# A result goes into the model's context: past this many characters of JSON it would push out everything else.
MAX_RESULT = 200_000


async def run_tool(tool: Tool, call_id: str, arguments: dict[str, Any], context: Context) -> ToolCall:
    """Calls a tool with the model's arguments.

    Args:
        tool: What to call.
        call_id: The model's id for the call.
        arguments: As the model gave them.
        context: Handed to the tool where it asks for one; cancelled when the call ends early.

    Returns:
        The finished call; ``ok`` is false where the arguments do not fit, the tool raised ``ToolError``,
        took too long or returned what cannot be passed on.

    Raises:
        LibraryError: The library cannot be used.
        ToolCrashed: The tool raised anything else, which is a bug in it; the log has the whole story.
    """
    started = time.perf_counter()
    try:
        result, ok = await _call(tool, arguments, context), True
    except (ToolError, ValidationError) as error:
        result, ok = _explain(error, tool), False
    except TimeoutError:
        result, ok = f"{tool.name} took longer than {tool.options.timeout:g} s and was given up", False
    except LibraryError:  # no fault of the tool's, and its text is for the person
        raise
    except Exception as error:
        log.exception("tool %s from %s failed with arguments %r", tool.name, tool.source, arguments)
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ToolCrashed(f"The tool '{tool.name}' failed ({reason}); the log has the details.") from error
    finally:
        context.cancel()
    return ToolCall(call_id, tool.name, arguments, result, ok, round(time.perf_counter() - started, 4))


async def _call(tool: Tool, arguments: dict[str, Any], context: Context) -> Any:
    checked = tool.arguments.model_validate(arguments)
    values = {name: getattr(checked, name) for name in type(checked).model_fields}
    if tool.context:
        values[tool.context] = context
    async with asyncio.timeout(tool.options.timeout):
        if inspect.iscoroutinefunction(tool.function):
            result = await tool.function(**values)
        else:
            result = await _in_thread(lambda: tool.function(**values))
    return _jsonable(result)


async def _in_thread(function: Callable[[], Any]) -> Any:
    """Runs a function in a daemon thread of its own.

    A pool would be filled by tools that hang, and its threads would keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(setter: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            setter(value)

    def work() -> None:
        try:
            value = function()
        except BaseException as error:  # SystemExit in a tool must not end the thread unheard
            shown = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
            _post(loop, settle, future.set_exception, shown)
        else:
            _post(loop, settle, future.set_result, value)

    threading.Thread(target=work, name="tool", daemon=True).start()
    return await future


def _post(loop: asyncio.AbstractEventLoop, *call: Any) -> None:
    try:
        loop.call_soon_threadsafe(*call)
    except RuntimeError:
        log.info("a tool returned after its event loop was closed")


def _jsonable(value: Any) -> Any:
    try:
        size = len(pydantic_core.to_json(value))
        result = pydantic_core.to_jsonable_python(value)
    except (pydantic_core.PydanticSerializationError, ValueError, RecursionError) as error:
        raise ToolError(f"the result cannot be passed on: {error}") from error
    if size > MAX_RESULT:
        raise ToolError(f"the result has {size:,} characters, more than {MAX_RESULT:,}; ask for less")
    return result


def _explain(error: ToolError | ValidationError, tool: Tool) -> str:
    if isinstance(error, ToolError):
        return str(error) or "the tool gave no reason"
    problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:5])
    return f"wrong arguments for {tool.name}: {problems}. {_parameters(tool.arguments)}"


def _parameters(model: type[BaseModel]) -> str:
    names = [name if field.is_required() else f"{name} (optional)" for name, field in model.model_fields.items()]
    return f"It takes: {', '.join(names) or 'nothing'}."
