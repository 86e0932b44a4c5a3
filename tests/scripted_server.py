"""An OpenAI-compatible chat server that says what a test tells it to: the only thing tests fake.

In a test process it runs in a thread (``ScriptedServer``), for benches as a program::

    python -m tests.scripted_server --port 0 [--script FILE | --call TOOL]

``FILE`` is a Python file that sets ``script`` to a list of replies or to a function from the request's
JSON to a reply. Without it the server calls ``TOOL``, or the first one offered, for a user's message and answers
a tool's message with ``ANSWER``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import runpy
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvicorn

from tests.replies import (
    MODEL,
    Calls,
    HalfStream,
    Hang,
    Json,
    Nonsense,
    Reply,
    SlowText,
    Spoken,
    Status,
    Text,
    chunks,
    completion,
    cut,
    is_last,
    sse,
)

__all__ = [
    "ANSWER",
    "ARGUMENTS",
    "MODEL",
    "Calls",
    "HalfStream",
    "Hang",
    "Json",
    "Nonsense",
    "Reply",
    "Request",
    "ScriptedServer",
    "SlowText",
    "Status",
    "Text",
    "default_reply",
    "refused_url",
]

ANSWER = "The tool has answered and this sentence says so."
ARGUMENTS = {"expression": "1+1"}

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


Script = Iterable[Reply] | Callable[[Json], Reply]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent.

    Attributes:
        headers: With names in lower case.
        body: The decoded JSON.
    """

    headers: dict[str, str]
    body: Json

    @property
    def key(self) -> str:
        """The bearer token; empty where none was sent."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def messages(self) -> list[Json]:
        """The conversation, oldest first."""
        messages: list[Json] = self.body["messages"]
        return messages

    @property
    def tools(self) -> list[str]:
        """Names of the offered tools."""
        return [tool["function"]["name"] for tool in self.body.get("tools") or []]


def default_reply(body: Json, tool: str | None = None) -> Reply:
    """Calls a tool, and answers its result with a sentence.

    Args:
        body: The request.
        tool: Which tool is called; None takes the first one offered.
    """
    offered = [each["function"]["name"] for each in body.get("tools") or []]
    # smolagents ends by calling this tool, and hands results over as messages of the user.
    if "final_answer" in offered and any(message["role"] == "assistant" for message in body["messages"]):
        return Calls([("final_answer", {"answer": ANSWER})])
    if offered and body["messages"][-1]["role"] != "tool":
        return Calls([(tool or offered[0], ARGUMENTS)])
    return Text(ANSWER)


def refused_url() -> str:
    """Returns a loopback ``/v1`` URL at which nothing listens."""
    with contextlib.closing(_bind(0)) as sock:
        return f"http://127.0.0.1:{sock.getsockname()[1]}/v1"


class _DroppedError(Exception):
    """Raised inside a response: uvicorn then closes the connection without ending the body."""


@dataclass
class ScriptedServer:
    """The server; ``with ScriptedServer() as server`` runs it in a thread on a free loopback port.

    Attributes:
        script: Replies in order, or a function from the request's JSON to a reply.
        models: What ``GET /v1/models`` lists: names, or rows.
        on_models: A reply in place of that list.
        port: 0 takes a free one.
        requests: Every chat request, in order of arrival.
        unscripted: One line for each request for which the script had no reply; those were answered with 400.
        title: What it calls conversations; empty refuses to name them.
    """

    script: Script = default_reply
    models: tuple[str | Json, ...] = (MODEL,)
    on_models: Reply | None = None
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    unscripted: list[str] = field(default_factory=list)
    title: str = ""
    _queue: deque[Reply] = field(default_factory=deque, repr=False)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    _ready: threading.Event = field(default_factory=threading.Event, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __post_init__(self) -> None:
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        if not callable(self.script):
            self.say(*self.script)

    @property
    def url(self) -> str:
        """The base URL that clients are configured with, ending in ``/v1``."""
        return f"http://127.0.0.1:{self.port}/v1"

    def say(self, *replies: Reply) -> None:
        """Appends replies to be given in order."""
        self._queue.extend(replies)
        self.script = self._from_queue

    def always(self, script: Callable[[Json], Reply] | Reply) -> None:
        """Answers every further request from one function, or with one reply."""
        self._queue.clear()
        self.script = script if callable(script) else lambda _: script

    def __enter__(self) -> ScriptedServer:
        self._socket = _bind(self.port)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="scripted-server", daemon=True)
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the scripted server did not start within 10 s")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._thread is not None
        if not self._thread.is_alive():  # a test has ended it before
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    async def serve(self, announce: Callable[[str], None] = lambda _: None) -> None:
        """Serves until stopped; ``announce`` is called with the URL once connections are taken."""
        self._socket = self._socket or _bind(self.port)
        self.port = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        config = uvicorn.Config(self, lifespan="off", ws="none", log_config=None, log_level=100, access_log=False)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        # Not server.serve(): its main loop looks ten times a second whether to stop, which each test would wait for.
        await server.startup(sockets=[self._socket])
        self._ready.set()
        announce(self.url)
        try:
            await self._stopping.wait()
        finally:
            self._stopping.set()
            await self._close(server)

    async def _close(self, server: uvicorn.Server) -> None:
        assert self._socket is not None
        for listener in server.servers:
            listener.close()
        self._socket.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await asyncio.gather(*server.server_state.tasks, return_exceptions=True)

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """The ASGI application."""
        match scope["method"], scope["path"]:
            case "POST", "/v1/chat/completions":
                body = json.loads(await _read(receive))
                # Asked for beside each first answer; scripts are about the answers.
                if str(body["messages"][0].get("content")).startswith("Give this conversation a title"):
                    await self._reply(Text(self.title) if self.title else Status(400), body, receive, send)
                    return
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
                self.requests.append(Request(headers, body))
                await self._reply(self._next(body), body, receive, send)
            case "GET", "/v1/models" if self.on_models:
                await self._reply(self.on_models, {"messages": []}, receive, send)
            case "GET", "/v1/models":
                rows = [{"object": "model"} | ({"id": m} if isinstance(m, str) else m) for m in self.models]
                await _send_json(send, {"object": "list", "data": rows})
            case method, path:
                await _send_json(send, {"error": {"message": f"nothing at {method} {path}"}}, 404)

    def _next(self, body: Json) -> Reply:
        assert callable(self.script)
        try:
            return self.script(body)
        except Exception as error:
            self.unscripted.append(f"request {len(self.requests)}: {error!r}")
            # 400, because clients try again after a 500.
            return Status(400, json.dumps({"error": {"message": f"scripted server: {error!r}"}}))

    def _from_queue(self, _: Json) -> Reply:
        if not self._queue:
            raise LookupError("the script has no reply left")
        return self._queue.popleft()

    async def _reply(self, reply: Reply, body: Json, receive: _Receive, send: _Send) -> None:
        match reply:
            case Status(code, text, content_type, headers):
                await _send_whole(send, text.encode(), content_type, code, headers)
            case Nonsense(raw, content_type):
                await _send_whole(send, raw, content_type)
            case Hang(seconds):
                await self._wait_for_end(receive, seconds)
                raise _DroppedError
            case _ if body.get("stream"):
                await _send_pieces(send, self._pieces(reply, body))
            case _:
                await self._sendcompletion(reply, body, send)

    async def _wait_for_end(self, receive: _Receive, seconds: float) -> None:
        ends = [asyncio.create_task(wait) for wait in (self._stopping.wait(), _disconnected(receive))]
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
            raise _DroppedError

    async def _pieces(self, reply: Spoken, body: Json) -> AsyncIterator[bytes]:
        events = chunks(reply, body, self._ids)
        if isinstance(reply, SlowText):
            for chunk in events:
                if chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                    await self._pause(reply.delay)
                yield sse(chunk)
        elif isinstance(reply, HalfStream):
            yield b"".join(sse(chunk) for chunk in events if not is_last(chunk))
            raise _DroppedError
        else:
            # One write: what a server that answers at once would leave in the client's socket buffer.
            yield b"".join(map(sse, events)) + b"data: [DONE]\n\n"
            return
        yield b"data: [DONE]\n\n"

    async def _sendcompletion(self, reply: Spoken, body: Json, send: _Send) -> None:
        if isinstance(reply, SlowText):
            await self._pause(reply.delay * len(cut(reply.text, reply.chunk)))
        whole = json.dumps(completion(reply, body, self._ids)).encode()
        if isinstance(reply, HalfStream):
            await _start(send, 200, "application/json", len(whole))
            await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
            raise _DroppedError
        await _send_whole(send, whole, "application/json")


def _bind(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only where the protocol is named; with it an answer takes 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


async def _read(receive: _Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def _disconnected(receive: _Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(
    send: _Send, code: int, content_type: str, length: int | None = None, more: Sequence[tuple[str, str]] = ()
) -> None:
    headers = [(b"content-type", content_type.encode())]
    headers += [(name.encode(), value.encode()) for name, value in more]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": code, "headers": headers})


async def _send_whole(
    send: _Send, body: bytes, content_type: str, code: int = 200, more: Sequence[tuple[str, str]] = ()
) -> None:
    await _start(send, code, content_type, len(body), more)
    await send({"type": "http.response.body", "body": body})


async def _send_json(send: _Send, body: Json, code: int = 200) -> None:
    await _send_whole(send, json.dumps(body).encode(), "application/json", code)


async def _send_pieces(send: _Send, pieces: AsyncIterator[bytes]) -> None:
    await _start(send, 200, "text/event-stream")
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Runs the server until it is interrupted; its first line of output is the URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.scripted_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--script", help="a Python file that sets `script`")
    parser.add_argument("--call", metavar="TOOL", help="the tool to call where there is no script")
    options = parser.parse_args()
    script = runpy.run_path(options.script)["script"] if options.script else partial(default_reply, tool=options.call)
    server = ScriptedServer(script=script, port=options.port)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(announce=lambda url: print(url, flush=True)))


if __name__ == "__main__":
    main()
