"""A picture server that answers as a test tells it to, over a real connection."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from PIL import Image


@dataclass
class PictureServer:
    """What a test and the server share.

    Attributes:
        url: Its base URL.
        answer: Called with the handler to answer a request.
        asked: Path, headers and body of each request.
        over: Set when the test ends, for answers that never come.
    """

    url: str = ""
    answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    over: Event = field(default_factory=Event)


def said(status: int, body: bytes, kind: str = "application/json") -> Callable[[BaseHTTPRequestHandler], None]:
    """Returns an answer."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def picture(size: tuple[int, int] = (64, 64), colour: str = "teal", mode: str = "RGB") -> bytes:
    """Returns the JSON of an answer with a picture."""
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    return coded(buffer.getvalue())


def coded(data: bytes) -> bytes:
    """Returns the JSON of an answer that holds these bytes for a picture."""
    return json.dumps({"created": 1, "data": [{"b64_json": base64.b64encode(data).decode()}]}).encode()


@contextmanager
def picture_server() -> Iterator[PictureServer]:
    """Runs a server on this machine."""
    shared = PictureServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            shared.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            try:
                shared.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shared.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shared
    finally:
        shared.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
