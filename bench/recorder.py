"""A proxy before a chat server that writes down what it is asked."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

Body = dict[str, Any]


@asynccontextmanager
async def recording(url: str) -> AsyncIterator[tuple[str, dict[str, list[Body]]]]:
    """Runs the proxy.

    Args:
        url: Base URL of the server behind it.

    Yields:
        Its own base URL, and the bodies of the requests in their order, by the first words of the person in each.
    """
    bodies: dict[str, list[Body]] = defaultdict(list)
    async with httpx2.AsyncClient(timeout=600, trust_env=False) as client:

        async def chat(request: Request) -> Response:
            raw = await request.body()
            body = json.loads(raw)
            bodies[_question(body)].append(body)
            sent = client.build_request(
                "POST", f"{url}/chat/completions", content=raw, headers={"content-type": "application/json"}
            )
            reply = await client.send(sent, stream=True)
            kind = reply.headers.get("content-type")
            return StreamingResponse(reply.aiter_bytes(), reply.status_code, media_type=kind)

        async def models(request: Request) -> Response:
            reply = await client.get(f"{url}/models")
            return Response(reply.content, reply.status_code, media_type="application/json")

        routes = [Route("/v1/chat/completions", chat, methods=["POST"]), Route("/v1/models", models)]
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
        server, listener = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", bodies
        finally:
            server.should_exit = True
            await serving
            listener.close()


def _question(body: Body) -> str:
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return str(said[0]) if said else ""
