"""A browser's part of the page in plain HTTP: what bench and tests send in its place."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

API = "/gradio_api"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which event is which, as the page tells every browser.

    Attributes:
        config: Gradio's.
    """

    config: dict[str, Any]

    def component(self, elem_id: str) -> int:
        """Returns the number of a component."""
        return next(each["id"] for each in self.config["components"] if each["props"].get("elem_id") == elem_id)

    def event(self, elem_id: str, name: str) -> dict[str, Any]:
        """Returns the event of a component, such as ``submit`` of ``ask``."""
        target = [self.component(elem_id), name]
        return next(each for each in self.config["dependencies"] if target in each["targets"])


class Tab:
    """One tab of the page.

    Args:
        client: A browser with its cookies.
        layout: As read from the page.
    """

    def __init__(self, client: httpx.AsyncClient, layout: Layout) -> None:
        self.client, self.layout = client, layout
        self.hash = secrets.token_hex(6)

    @classmethod
    async def opened(cls, client: httpx.AsyncClient) -> Tab:
        """Opens the page."""
        response = await client.get("/config")
        response.raise_for_status()
        return cls(client, Layout(response.json()))

    async def send(self, event: dict[str, Any], data: list[Any], about: Any = None) -> httpx.Response:
        """Sends an event and does not wait for what comes of it."""
        body = {"fn_index": event["id"], "data": data, "event_data": about, "session_hash": self.hash}
        return await self.client.post(f"{API}/queue/join", json=body)

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yields what comes of the events that were sent, until the last one has ended."""
        query = {"session_hash": self.hash}
        async with self.client.stream("GET", f"{API}/queue/data", params=query, timeout=120) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    message = json.loads(line[6:])
                    yield message
                    if message["msg"] in ("close_stream", "unexpected_error"):
                        return

    async def run(self, event: dict[str, Any], data: list[Any], about: Any = None) -> list[dict[str, Any]]:
        """Sends an event and returns all that comes of it."""
        (await self.send(event, data, about)).raise_for_status()
        return [message async for message in self.messages()]
