"""A scripted ``/v1/embeddings`` whose vectors are the real model's."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np

from index.embed import Embedder

Json = dict[str, Any]
Refusal = tuple[int, str]


class EmbeddingsServer:
    """``with EmbeddingsServer(embedder) as server`` runs it in a thread on a free loopback port.

    Attributes:
        failures: Answers given before any embeddings are, each a status and a message.
        refuses: Says of a request why it cannot be answered; None where it can.
        answer: What is said in place of embeddings.
        requests: The body of each request.
        keys: The authorization header of each.
    """

    def __init__(self, embedder: Embedder, *failures: Refusal) -> None:
        self.embedder = embedder
        self.failures = deque(failures)
        self.refuses: Callable[[Json], Refusal | None] = lambda body: None
        self.answer: bytes | None = None
        self.requests: list[Json] = []
        self.keys: list[str] = []

    def __enter__(self) -> EmbeddingsServer:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                server.keys.append(self.headers.get("Authorization", ""))
                status, data = server.respond(self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def respond(self, path: str, body: Json) -> tuple[int, bytes]:
        if path != "/v1/embeddings":
            return 404, b'{"error": {"message": "no such path"}}'
        refusal = self.failures.popleft() if self.failures else self.refuses(body)
        if refusal:
            return refusal[0], json.dumps({"error": {"message": refusal[1]}}).encode()
        return 200, self.answer or json.dumps(self.embeddings(body)).encode()

    def embeddings(self, body: Json) -> Json:
        """Not of length 1 and in another order, as a server may; shortened where that is asked for."""
        vectors = 3 * self.embedder.embed(body["input"])[:, : body.get("dimensions")]
        rows = [
            {"object": "embedding", "index": place, "embedding": self._coded(vector, body)}
            for place, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage}

    def _coded(self, vector: np.ndarray, body: Json) -> str | list[float]:
        if body.get("encoding_format") == "base64":
            return base64.b64encode(vector.astype("<f4").tobytes()).decode()
        return vector.tolist()
