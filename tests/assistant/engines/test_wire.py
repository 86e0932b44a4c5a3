"""What comes over the wire is told apart, and connections are kept and given up as they should be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from assistant.engines.faults import BrokenOff, Refusal
from assistant.engines.wire import Piece, Wire
from assistant.errors import EngineRefused

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def request_of(reader: asyncio.StreamReader) -> bytes:
    """Reads one request and returns its body; empty where the connection was closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return await reader.readexactly(length)


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[Wire]:
    """Yields the wire to a server that answers by hand."""
    async with listening(handler) as address:
        wire = Wire(f"{address}/v1/", "key", 5)
        try:
            yield wire
        finally:
            await wire.aclose()


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    """Yields the address of a server that answers by hand."""
    running: set[asyncio.Task[Any]] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        running.add(task)
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(attend, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def saying(*parts: bytes, connections: list[int] | None = None) -> Handler:
    """A server that answers each request of a connection with these bytes, one write for each."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connections is not None:
            connections.append(1)
        while await request_of(reader):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)

    return handle


async def pieces(wire: Wire, body: Any = None) -> list[Piece]:
    async with wire.post("/chat/completions", body or {"a": 1}) as stream:
        return [piece async for piece in stream]


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([b'data: {"a": 1}\n\ndata: {"a": 2}\n\n', b"data: [DONE]\n\n"], [1, 2]),
        ([b'data: {"a"', b": 1}\n", b'\ndata:{"a": 2}\r\n\r\n'], [1, 2]),
        ([b": still here\n\n", b'event: x\nid: 3\ndata: {"a": 1}\n\n'], [1]),
        ([b'data: {"a": 1}'], [1]),
        ([b'data: {"a": 1}\n\n', b'data: [DONE]\n\ndata: {"a": 2}\n\n'], [1]),
        ([b"data: null\n\n"], []),
    ],
)
async def test_pieces_are_put_together_from_what_comes(parts: Sequence[bytes], found: list[int]) -> None:
    async with served(saying(STREAM, *map(chunk, parts), END)) as wire:
        assert [piece["a"] for piece in await pieces(wire)] == found


async def test_a_connection_is_used_again_and_one_that_the_server_closed_is_not_missed() -> None:
    connections: list[int] = []
    said = [STREAM, chunk(b'data: {"a": 1}\n\ndata: [DONE]\n\n'), END]
    async with served(saying(*said, connections=connections)) as wire:
        for _ in range(3):
            assert await pieces(wire) == [{"a": 1}]
    assert len(connections) == 1

    closed: list[int] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request; on the first connection it gives up at the second, without a word."""
        closed.append(1)
        await request_of(reader)
        writer.write(b"".join(said))
        await request_of(reader)

    async with served(once) as wire:
        assert [await pieces(wire) for _ in range(2)] == [[{"a": 1}]] * 2
    assert len(closed) == 2


async def test_a_server_that_never_ends_its_response_does_not_hold_up_a_reply() -> None:
    async with served(saying(STREAM, chunk(b'data: {"a": 1}\n\ndata: [DONE]\n\n'))) as wire:
        async with asyncio.timeout(4):
            assert await pieces(wire) == [{"a": 1}]


async def test_leaving_a_stream_ends_the_request() -> None:
    ended = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(STREAM + chunk(b'data: {"a": 1}\n\n'))
        assert not await reader.read()
        ended.set()

    async with served(endless) as wire:
        async with wire.post("/chat/completions", {}) as stream:
            async for piece in stream:
                assert piece == {"a": 1}
                break
        await asyncio.wait_for(ended.wait(), 10)


def plain(status: str, kind: str, body: bytes, *more: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status}".encode(), b"Content-Type: " + kind.encode(), b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join([*lines, b"", body])


async def test_refusals_come_with_what_the_server_says() -> None:
    busy = plain("429 Too Many Requests", "application/json", b'{"detail": "slowly"}', b"Retry-After: 7")
    async with served(saying(busy)) as wire:
        with pytest.raises(Refusal) as caught:
            await pieces(wire)
    assert (caught.value.code, caught.value.body, caught.value.retry_after) == (429, {"detail": "slowly"}, "7")
    async with served(saying(plain("502 Bad Gateway", "text/html", b"<html>"))) as wire:
        with pytest.raises(Refusal) as caught:
            await pieces(wire)
    assert caught.value.body == "<html>"


async def test_a_web_page_is_no_reply() -> None:
    async with served(saying(plain("200 OK", "text/html; charset=utf-8", b"<html>hello"))) as wire:
        with pytest.raises(EngineRefused, match="web page"):
            await pieces(wire)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([STREAM, chunk(b'data: {"error": {"message": "died"}}\n\n'), END], BrokenOff),
        ([STREAM, chunk(b"data: {nonsense\n\n"), END], ValueError),
        ([STREAM, chunk(b'data: {"a": 1}\n\n'), b"4\r\nhalf"], aiohttp.ClientError),
    ],
)
async def test_what_breaks_off_is_no_reply(said: Sequence[bytes], error: type[Exception]) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"".join(said))

    async with served(handle) as wire:
        with pytest.raises(error):
            await pieces(wire)


async def test_half_a_character_is_sent_too() -> None:
    found: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.append(await request_of(reader))
        writer.write(STREAM + END)

    async with served(handle) as wire:
        assert await pieces(wire, {"a": "\ud83d", "b": 2**70}) == []
    assert found == [b'{"a": "\\ud83d", "b": %d}' % 2**70]


async def test_the_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(plain("200 OK", "application/json", b"[]"))

    async with listening(proxy) as address:
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setenv("no_proxy", "here.example")
        wire = Wire("http://there.example/v1", "key", 5)
        assert await wire.get("/models", 5) == []
        await wire.aclose()
    assert asked == [b"GET http://there.example/v1/models HTTP/1.1\r\n"]
