"""This assistant's tools and library for any client of the Model Context Protocol.

What the client's model has read is not known here, so every call counts as made in the presence of foreign text.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.approval import NOBODY, Rule, judge
from assistant.context import Context
from assistant.events import Artifact
from assistant.loader import builtin_folder
from assistant.runner import misfit, run_tool
from assistant.settings import Settings
from assistant.toolbox import Plugins
from index.library import Library
from index.types import Hit

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp.types import ContentBlock

MAX_PICTURE_BYTES = 4_000_000
SCHEME = "library://document/"


class Desk:
    """What clients are served with.

    Args:
        settings: Of the assistant.
        library: The documents.
        rules: Come before those of the settings.
    """

    def __init__(self, settings: Settings, library: Library, rules: Sequence[Rule]) -> None:
        self._settings = settings
        self._library = library
        self._rules = (*rules, *settings.tools.rules)
        self._plugins = Plugins([builtin_folder(), *settings.tools.folders], settings.tools.settings)
        self._cited: list[int] = []

    async def call(self, name: str, arguments: dict[str, Any]) -> list[ContentBlock]:
        """Calls a tool.

        Raises:
            ValueError: There is none of this name, it is not approved, or it failed; the text is for the client.
        """
        from mcp import types

        tool = self._plugins.refresh().tools.get(name)
        if tool is None:
            raise ValueError(f"there is no tool {name}")
        verdict = judge(tool, arguments, self._rules, tainted=True)
        if verdict.ruling == "ask" and (wrong := misfit(tool, arguments)):
            raise ValueError(wrong)
        if verdict.ruling != "approve":
            why = verdict.reason if verdict.ruling == "refuse" else f"{verdict.reason}; {NOBODY}"
            raise ValueError(f"this call was not approved: {why}")
        context = Context(
            self._library, self._cite, self._settings.home / "files" / "mcp", self._settings.library.passages
        )
        done = await run_tool(tool, "mcp", arguments, context)
        if not done.ok:
            raise ValueError(str(done.result))
        text = done.result if isinstance(done.result, str) else json.dumps(done.result, ensure_ascii=False)
        content: list[ContentBlock] = [types.TextContent(type="text", text=text)]
        return content + await asyncio.to_thread(lambda: [_shown(each) for each in context.artifacts])

    def tools(self) -> list[Any]:
        """Returns the tools there are now."""
        from mcp import types

        found = self._plugins.refresh().tools.values()
        return [types.Tool(name=t.name, description=t.description, inputSchema=t.parameters) for t in found]

    def documents(self) -> list[Any]:
        """Returns the library's documents."""
        from mcp import types
        from pydantic import AnyUrl

        return [
            types.Resource(
                uri=AnyUrl(f"{SCHEME}{each.id}"), name=each.title, mimeType="text/plain", description=each.path
            )
            for each in self._library.documents()
        ]

    def read(self, uri: str) -> str:
        """Returns the text of a document, page by page.

        Raises:
            ValueError: The address is of another form.
            UnknownDocument: There is no such document.
        """
        number = uri.removeprefix(SCHEME)
        if not uri.startswith(SCHEME) or not number.isdigit():
            raise ValueError(f"{uri} is no document; documents are {SCHEME}NUMBER")
        pages = dict.fromkeys(passage.page for passage in self._library.passages(int(number)))
        self._library.document(int(number))
        return "\n\n".join(self._library.page_text(int(number), page) for page in pages)

    def _cite(self, hit: Hit) -> int:
        if hit.passage.id not in self._cited:
            self._cited.append(hit.passage.id)
        return self._cited.index(hit.passage.id) + 1


def _shown(artifact: Artifact) -> ContentBlock:
    """Small pictures travel with the answer; of other files the client is told where they are."""
    from mcp import types

    path = Path(artifact.path)
    if artifact.kind == "picture" and path.stat().st_size <= MAX_PICTURE_BYTES:
        data = base64.b64encode(path.read_bytes()).decode()
        return types.ImageContent(type="image", data=data, mimeType=artifact.media_type)
    return types.TextContent(type="text", text=f"[file {path}]")


def make_server(desk: Desk) -> Server[Any, Any]:
    """Connects the desk with the protocol."""
    from mcp.server.lowlevel import Server
    from mcp.server.lowlevel.helper_types import ReadResourceContents

    server: Server[Any, Any] = Server("assistant", version=version("assistant"))

    async def tools() -> list[Any]:
        return await asyncio.to_thread(desk.tools)

    async def call(name: str, arguments: dict[str, Any]) -> list[ContentBlock]:
        return await desk.call(name, arguments)

    async def documents() -> list[Any]:
        return await asyncio.to_thread(desk.documents)

    async def read(uri: Any) -> list[ReadResourceContents]:
        return [ReadResourceContents(await asyncio.to_thread(desk.read, str(uri)), "text/plain")]

    server.list_tools()(tools)  # type: ignore[no-untyped-call]
    server.call_tool(validate_input=False)(call)  # the tool's own check tells more
    server.list_resources()(documents)  # type: ignore[no-untyped-call]
    server.read_resource()(read)  # type: ignore[no-untyped-call]
    return server


@asynccontextmanager
async def _server(settings: Settings, rules: Sequence[Rule]) -> AsyncIterator[Server[Any, Any]]:
    from assistant.app import open_library

    library = open_library(settings)
    try:
        yield make_server(await asyncio.to_thread(Desk, settings, library, rules))
    finally:
        library.close()


async def serve_stdio(settings: Settings, rules: Sequence[Rule]) -> None:
    """Serves one client over standard input and output, until it closes them."""
    import anyio
    from mcp.server.stdio import stdio_server

    # Whatever prints must not come between the messages: from here on it goes to standard error.
    protocol = io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    async with (
        _server(settings, rules) as server,
        stdio_server(stdout=anyio.wrap_file(protocol)) as (incoming, outgoing),
    ):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def serve_http(settings: Settings, rules: Sequence[Rule], host: str, port: int) -> None:
    """Serves any number of clients at ``http://HOST:PORT/mcp``."""
    import uvicorn
    from mcp.server.fastmcp.server import StreamableHTTPASGIApp
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.applications import Starlette
    from starlette.routing import Route

    # A page in a browser must not reach a server on this machine under a name of its own.
    names = [host, "127.0.0.1", "localhost"]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[f"{name}:*" for name in names],
        allowed_origins=[f"http://{name}:*" for name in names],
    )
    async with _server(settings, rules) as server:
        manager = StreamableHTTPSessionManager(server, security_settings=security)

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            async with manager.run():
                yield

        app = Starlette(routes=[Route("/mcp", StreamableHTTPASGIApp(manager))], lifespan=lifespan)
        config = uvicorn.Config(app, host, port, log_level="warning", timeout_graceful_shutdown=2)
        await uvicorn.Server(config).serve()
