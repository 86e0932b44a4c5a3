"""Servers of the Model Context Protocol, whose tools become tools like any other: limited, approved, not trusted."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import mimetypes
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import ConfigDict, Field, create_model

from assistant.guard import guarded
from assistant.plugin import Context, ToolError, ToolOptions
from assistant.schema import Tool
from assistant.settings import McpServer

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp.types import CallToolResult
    from mcp.types import Tool as Offered

START_SECONDS = 15.0
END_SECONDS = 5.0
CONTEXT = "__context__"
LONGEST_NAME = 64  # what the chat completions API takes
# Characters; a server must not fill the model's context with what it says of its tools.
LONGEST_DESCRIPTION, LONGEST_SCHEMA = 4_000, 20_000
_UNSET: Any = object()
log = logging.getLogger(__name__)


class Unreachable(Exception):
    """A server cannot be used; the text says which and why."""


class Connection:
    """One server, connected while the assistant runs; one that has gone is connected again by the next call.

    Args:
        name: As the settings call it.
        server: Where it is.
    """

    def __init__(self, name: str, server: McpServer) -> None:
        self.name = name
        self.server = server
        self.offered: Sequence[Offered] = ()
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()
        self._session: ClientSession | None = None
        self._holding: asyncio.Task[None] | None = None
        self._end = asyncio.Event()

    async def open(self) -> None:
        """Connects, and asks which tools there are.

        Raises:
            Unreachable: That failed, or took too long.
        """
        self._end = asyncio.Event()
        ready: asyncio.Future[None] = self._loop.create_future()
        self._holding = asyncio.create_task(self._hold(ready))
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.shield(ready)
        except TimeoutError as error:
            ready.cancel()  # nobody waits for it any more
            await self.close()
            raise Unreachable(f"it did not answer within {START_SECONDS:.0f} s") from error
        except Exception as error:
            await self.close()
            log.warning("MCP server %s", self.name, exc_info=error)
            raise Unreachable(_reason(error)) from error

    async def close(self) -> None:
        """Disconnects; a program that was started is ended."""
        self._end.set()
        if self._holding is None:
            return
        _, late = await asyncio.wait([self._holding], timeout=END_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.wait([self._holding], timeout=END_SECONDS)

    async def call(self, tool: str, arguments: dict[str, Any], ctx: Context) -> Any:
        """Calls a tool from any event loop.

        Raises:
            ToolError: The server says that the call failed, or cannot be reached.
        """
        with guarded(None):  # what it takes to reach the server is not the tool's doing
            future = asyncio.run_coroutine_threadsafe(self._call(tool, arguments, ctx), self._loop)
        return await asyncio.wrap_future(future)

    async def _call(self, tool: str, arguments: dict[str, Any], ctx: Context) -> Any:
        async def report(progress: float, total: float | None, message: str | None) -> None:
            ctx.progress(message or tool, progress / total if total else None)

        async def ask() -> CallToolResult:
            session = await self._connected()
            return await self._race(session.call_tool(tool, arguments, progress_callback=report))

        try:
            try:
                result = await ask()
            except anyio.ClosedResourceError:  # gone since the last call; nothing was sent, so asking again is safe
                await self.close()
                result = await ask()
        except Unreachable as error:
            raise ToolError(f"the MCP server {self.name} cannot be reached: {error}") from error
        except Exception as error:
            if _lost(error):  # the program has ended, and the session does not know it; the next call starts it again
                await self.close()
            raise ToolError(f"the MCP server {self.name} failed: {_reason(error)}") from error
        return _taken(result, ctx)

    async def _race(self, call: Any) -> CallToolResult:
        """Waits for a call, or for the connection to end under it."""
        assert self._holding is not None
        running = asyncio.ensure_future(call)
        try:
            await asyncio.wait([running, self._holding], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise Unreachable("it ended in the middle of the call")
            result: CallToolResult = running.result()
            return result
        finally:
            running.cancel()

    async def _connected(self) -> ClientSession:
        async with self._lock:
            if self._session is None:
                await self.open()
            assert self._session is not None
            return self._session

    async def _hold(self, ready: asyncio.Future[None]) -> None:
        """Keeps the connection open in a task of its own, since it has to end in the task that began it."""
        from langchain_mcp_adapters.sessions import create_session

        try:
            async with create_session(_address(self.server)) as session:
                await session.initialize()
                self.offered = await _listed(session)
                self._session = session
                if not ready.done():
                    ready.set_result(None)
                await self._end.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error if isinstance(error, Exception) else Unreachable("it was stopped"))
            elif not isinstance(error, asyncio.CancelledError):
                log.warning("the MCP server %s has gone", self.name, exc_info=error)
        finally:
            self._session = None


@asynccontextmanager
async def connected(servers: Mapping[str, McpServer]) -> AsyncIterator[tuple[list[Tool], dict[str, str]]]:
    """Connects to all servers at once, and disconnects at the end.

    Args:
        servers: By name.

    Yields:
        Their tools, and why some servers could not be had, by where they are.
    """
    connections = [Connection(name, server) for name, server in servers.items()]
    outcomes = await asyncio.gather(*(each.open() for each in connections), return_exceptions=True)
    broken = {
        f"MCP server {each.name}": f"MCP server {each.name}: {outcome}; see tools.mcp in the settings."
        for each, outcome in zip(connections, outcomes, strict=True)
        if isinstance(outcome, Exception)
    }
    try:
        yield [tool for each in connections for tool in _tools(each, broken)], broken
    finally:
        await asyncio.gather(*(each.close() for each in connections), return_exceptions=True)


async def _listed(session: ClientSession) -> list[Offered]:
    found, cursor = [], None
    while True:
        page = await session.list_tools(cursor)
        found += page.tools
        cursor = page.nextCursor
        if not cursor:
            return found


def _tools(connection: Connection, broken: dict[str, str]) -> list[Tool]:
    wanted = connection.server.tools
    found = []
    for each in connection.offered:
        if wanted is None or each.name in wanted:
            try:
                found.append(_tool(connection, each))
            except Exception as error:  # a description of a tool may be anything
                source = f"MCP server {connection.name}: {each.name[:LONGEST_NAME]}"
                broken[source] = f"{source}: it is described in a way that cannot be used: {_reason(error)}"
                log.warning("%s", broken[source], exc_info=error)
    return found


def _tool(connection: Connection, offered: Offered) -> Tool:
    schema = offered.inputSchema
    if (size := len(json.dumps(schema))) > LONGEST_SCHEMA:
        raise ValueError(f"its schema has {size:,} characters, more than {LONGEST_SCHEMA:,}")
    name = re.sub(r"\W", "_", f"{connection.name}_{offered.name}", flags=re.ASCII)[:LONGEST_NAME]
    required = set(schema.get("required", ()))
    fields: dict[str, Any] = {
        f"given_{number}": (Any, Field(... if each in required else _UNSET, alias=each))
        for number, each in enumerate(schema.get("properties", {}))
    }
    server = connection.server

    async def function(**given: Any) -> Any:
        ctx = given.pop(CONTEXT)
        arguments = {key: value for key, value in given.items() if value is not _UNSET}
        _check(arguments, schema)
        return await connection.call(offered.name, arguments, ctx)

    return Tool(
        name,
        (offered.description or offered.title or offered.name).strip()[:LONGEST_DESCRIPTION],
        create_model(name, __config__=ConfigDict(extra="forbid"), **fields),
        {"type": "object", **schema},
        CONTEXT,
        ToolOptions(timeout=server.timeout, approval=server.approval, touches=server.touches),
        function,
        f"MCP server {connection.name}",
    )


def _check(arguments: dict[str, Any], schema: dict[str, Any]) -> None:
    try:
        mistake = next(_validator(schema).iter_errors(arguments), None)
    except Exception as error:  # a schema that refers to itself, or elsewhere; the server judges for itself
        log.info("the schema of an MCP server's tool cannot be used", exc_info=error)
        return
    if mistake:
        raise ToolError(f"wrong arguments: {'.'.join(map(str, mistake.absolute_path))}: {mistake.message[:500]}")


def _validator(schema: dict[str, Any]) -> Any:
    """Returns what checks against a server's schema, which may be made to do harm.

    It looks nothing up elsewhere, and leaves regular expressions to the server: one can be made to run for years.
    """
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    Draft202012Validator.check_schema(schema)
    ours = validators.extend(Draft202012Validator, dict.fromkeys(("pattern", "patternProperties"), _leave))
    return ours(schema, registry=Registry())


def _leave(*_: Any) -> None:
    """Checks nothing."""


def _taken(result: CallToolResult, ctx: Context) -> Any:
    """Makes a result of a server's contents; pictures, sounds and files are saved."""
    texts: list[str] = []
    for content in result.content:
        resource = getattr(content, "resource", None)
        if content.type == "text":
            texts.append(content.text)
        elif content.type in ("image", "audio"):
            texts.append(_saved(ctx, content.data, content.mimeType))
        elif resource is not None:
            blob = getattr(resource, "blob", None)
            texts.append(_saved(ctx, blob, resource.mimeType) if blob else resource.text)
        else:
            texts.append(f"[link to {content.uri}]")  # type: ignore[union-attr]
    text = "\n".join(texts)
    if result.isError:
        raise ToolError(text or "the server gave no reason")
    return text or result.structuredContent or "done"


def _saved(ctx: Context, data: str, media_type: str | None) -> str:
    ending = mimetypes.guess_extension(media_type or "") or ".bin"
    try:
        content = base64.b64decode(data)
    except (binascii.Error, ValueError):
        return "[a file that is not in base 64]"
    return f"[saved {ctx.save(f'result{ending}', content, media_type).path.rpartition('/')[2]}]"


def _address(server: McpServer) -> Any:
    if server.command is not None:
        missing = [name for name in server.pass_env if name not in os.environ]
        if missing:
            raise Unreachable(f"the environment variable {missing[0]} is not set")
        return {
            "transport": "stdio",
            "command": server.command,
            "args": list(server.args),
            "env": {name: os.environ[name] for name in server.pass_env},
        }
    headers = {}
    if server.token_env:
        if not os.environ.get(server.token_env):
            raise Unreachable(f"the environment variable {server.token_env} is not set")
        headers["Authorization"] = f"Bearer {os.environ[server.token_env]}"
    return {"transport": "streamable_http", "url": server.url, "headers": headers}


def _lost(error: Exception) -> bool:
    from mcp import McpError
    from mcp.types import CONNECTION_CLOSED

    if isinstance(error, McpError):
        return error.error.code == CONNECTION_CLOSED
    return isinstance(error, (anyio.ClosedResourceError, anyio.BrokenResourceError))


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename} is not installed or not on the PATH"
    if str(error) == "Connection closed":  # what the protocol's library says
        return "it ended before it answered"
    text = " ".join(str(error).split())[:300] or type(error).__name__
    return text if isinstance(error, Unreachable) else f"{type(error).__name__}: {text}"
