"""An audio server that understands and says what a test tells it to."""

from __future__ import annotations

import io
import json
import threading
import wave
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def tone(seconds: float = 0.2) -> bytes:
    """Returns a WAV file of silence, which a browser plays."""
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * seconds)))
    return packed.getvalue()


@dataclass
class AudioServer:
    """One server on this machine.

    Attributes:
        understood: What it hears in every recording.
        status: What it answers with; other than 200 it does nothing.
        seconds: How long what it says is.
        nonsense: Its answer to everything; empty answers sensibly.
        heard: The bodies of the recordings.
        said: The requests to speak.
    """

    understood: str = "What is said here?"
    status: int = 200
    seconds: float = 0.2
    nonsense: bytes = b""
    heard: list[bytes] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> AudioServer:
        audio = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                audio.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        if self.status != 200:
            _send(handler, self.status, b'{"error": {"message": "no"}}')
        elif self.nonsense:
            _send(handler, 200, self.nonsense)
        elif handler.path == "/v1/audio/transcriptions":
            self.heard.append(body)
            _send(handler, 200, json.dumps({"text": self.understood}).encode())
        elif handler.path == "/v1/audio/speech":
            self.said.append(json.loads(body))
            _send(handler, 200, tone(self.seconds), "audio/wav")
        else:
            _send(handler, 404, b"{}")


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "application/json") -> None:
    handler.send_response(status)
    handler.send_header("content-type", kind)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
