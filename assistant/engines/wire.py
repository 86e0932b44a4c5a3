"""HTTP to a model server: JSON there, JSON or server-sent events back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson

from assistant.engines.faults import BrokenOff, Refusal, page_instead

Piece = dict[str, Any]
Place = Callable[[], AbstractAsyncContextManager[None]]

OK = 200
DATA, DONE = b"data:", b"[DONE]"
# How long the end of a response is waited for behind its last word, so that the connection can be used again.
SECONDS_TO_END = 0.2


class Wire:
    """Sends requests to one server over connections that are kept.

    The openai package's client takes several times the processor time for a request; with many rows of a batch or many
    people that was what a turn cost most.

    Args:
        url: Where the server is, without the path of what is asked.
        key: Sent as the bearer's.
        patience: Seconds for a connection, and for each next part of a response.
    """

    def __init__(self, url: str, key: str, patience: float) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"}
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=patience, sock_read=patience)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, seconds: float) -> Any:
        """Returns what the server answers.

        Args:
            path: Behind the URL.
            seconds: That it may take.

        Raises:
            Refusal: It answers with an error.
            EngineRefused: It answers with a web page.
            aiohttp.ClientError: It does not answer.
            TimeoutError: Nor did it in time.
            ValueError: It is no JSON.
        """
        async with (
            asyncio.timeout(seconds),
            self._opened().get(self.url + path, headers=self._headers) as response,
        ):
            await _require(response)
            return orjson.loads(await response.read())

    @asynccontextmanager
    async def post(self, path: str, body: Mapping[str, Any], place: Place = nullcontext) -> AsyncIterator[Stream]:
        """Yields the pieces of a stream; leaving it early ends the request, which frees its place at the server.

        Args:
            path: Behind the URL.
            body: JSON.
            place: Gives what is held from when the request is sent until the response has ended.

        Raises:
            Refusal: It answers with an error.
            EngineRefused: It answers with a web page.
            aiohttp.ClientError: It does not answer.
            TimeoutError: Nor did it in time.
        """
        headers = {**self._headers, "Content-Type": "application/json", "Accept": "text/event-stream"}
        ask, data = partial(self._opened().post, self.url + path, headers=headers), _encoded(body)
        async with place():
            try:
                response = await ask(data=data)
            except aiohttp.ServerDisconnectedError:  # a connection that was kept and that the server had given up
                response = await ask(data=data)
            async with response:
                await _require(response)
                yield Stream(response)

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:  # it belongs to the event loop that is there now
            connector = aiohttp.TCPConnector(limit=0)
            # With trust_env it would look for the proxy, in a thread, at each request.
            proxy = _proxy(self.url)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, proxy=proxy)
        return self._session


class Stream:
    """The pieces of a reply.

    Args:
        response: Carries server-sent events.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncGenerator[Piece, None]:
        """Yields each piece.

        Raises:
            BrokenOff: The server says that it cannot go on.
            ValueError: A piece is no JSON.
        """
        content = self._response.content
        rest = b""
        async for data in content.iter_any():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if (piece := _piece(line)) is DONE:
                    await self._end()
                    return
                if piece is not None:
                    yield piece
        if isinstance(piece := _piece(rest), dict):
            yield piece

    async def sleep(self, seconds: float) -> None:
        """Leaves with the system what comes meanwhile."""
        connection = self._response.connection  # none once all has come
        transport = connection.transport if connection else None
        if transport:
            transport.pause_reading()
        try:
            await asyncio.sleep(seconds)
        finally:
            if transport:
                transport.resume_reading()

    async def _end(self) -> None:
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(SECONDS_TO_END):
                await self._response.content.read()


def _piece(line: bytes) -> Any:
    """What a line of a stream brings: a piece, ``DONE``, or None."""
    if not line.startswith(DATA):
        return None
    if (data := line[len(DATA) :].strip()) == DONE:
        return DONE
    piece = orjson.loads(data)
    if isinstance(piece, dict) and piece.get("error"):
        raise BrokenOff(piece["error"])
    return piece


async def _require(response: aiohttp.ClientResponse) -> None:
    if response.status == OK:
        if response.content_type == "text/html":  # which would be taken for a reply without a word
            raise page_instead(str(response.url))
        return
    text = await response.text(errors="replace")
    try:
        body: object = json.loads(text)
    except ValueError:
        body = text
    raise Refusal(response.status, body, response.headers.get("Retry-After"))


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # half a character, or a number of more than 64 bits
        return json.dumps(body).encode()
