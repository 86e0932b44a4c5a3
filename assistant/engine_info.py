"""Which engine answers, for those who show it and choose among its models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.database.base import Database
from assistant.errors import BadQuestion

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.engines.vllm.server import VllmServer


async def no_adapters() -> tuple[str, ...]:
    """Returns the adapters of an engine that has none."""
    return ()


@dataclass(frozen=True, slots=True)
class ServerState:
    """One of the servers behind an engine, as it is now.

    Attributes:
        url: Where it is.
        up: Whether it is asked; one that failed is left out until it answers again.
        running: Requests of ours under way there.
    """

    url: str
    up: bool
    running: int


def no_servers() -> tuple[ServerState, ...]:
    """Returns the servers of an engine that asks none."""
    return ()


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine answers, for people.

    Attributes:
        name: Such as ``built-in engine`` or ``Qwen3-8B at http://…``.
        advice: How to get a stronger one; empty where there is nothing to advise.
        vllm: The server that is started for it, which may still load; None where there is none.
        model: The language model, for what is no turn of a conversation; None of the built-in engine.
        adapters: Returns the LoRA adapters that a conversation may choose in place of the model itself.
        servers: Returns the servers that it asks.
    """

    name: str
    advice: str
    vllm: VllmServer | None = None
    model: BaseChatModel | None = None
    adapters: Callable[[], Awaitable[tuple[str, ...]]] = no_adapters
    servers: Callable[[], tuple[ServerState, ...]] = no_servers

    async def require(self, adapter: str) -> None:
        """Refuses an adapter that there is not.

        Args:
            adapter: Its name; empty is the model itself.

        Raises:
            BadQuestion: There is none of this name.
        """
        if adapter and adapter not in (there := await self.adapters()):
            known = f"there are: {', '.join(there)}" if there else "there is none"
            raise BadQuestion(f"The engine has no adapter '{adapter}'; {known}.")


class Adapters:
    """Which adapter each conversation has chosen.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of(self, conversation: str) -> str:
        """Returns a conversation's adapter; empty is the model itself."""
        select = "SELECT model FROM models WHERE conversation = ?"
        rows = await self._db.rows(select, conversation)
        return str(rows[0][0]) if rows else ""

    async def use(self, conversation: str, adapter: str) -> None:
        """Has a conversation use an adapter from its next question on."""
        insert = "INSERT INTO models VALUES (?, ?) ON CONFLICT (conversation) DO UPDATE SET model = excluded.model"
        async with self._db.change() as change:
            await change.run(insert, conversation, adapter)
