"""What a conversation's next turn builds on: the turns that the model is shown, and the numbered passages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from assistant.conversations import Begun, Conversations
from assistant.evidence import Ledger
from assistant.past import Past
from assistant.settings import AgentSettings
from assistant.state import is_complete

# Conversations kept in memory; another one is read from disk again.
MAX_KEPT = 256


@dataclass(slots=True)
class Recollection:
    """What is known of one conversation.

    Attributes:
        ledger: Its passages.
        past: Its turns that came to their end.
        last: Row of the newest turn that this covers; None before the first.
        granted: Tools that a person approved in it.
        saved: Row up to which its summary is on disk.
    """

    ledger: Ledger
    past: Past
    last: int | None
    granted: frozenset[str] = frozenset()
    saved: int | None = None


class Memory:
    """Keeps the conversations in use, so that a turn need not read the earlier ones from disk.

    Args:
        saver: Holds each turn's messages as one checkpoint.
        conversations: Holds the passages.
        limits: How much the model is shown.
    """

    def __init__(self, saver: BaseCheckpointSaver[str], conversations: Conversations, limits: AgentSettings) -> None:
        self._saver = saver
        self._conversations = conversations
        self._limits = limits
        self._kept: OrderedDict[str, Recollection] = OrderedDict()

    async def recall(self, begun: Begun) -> Recollection:
        """Returns what came before a turn; read anew where another process has gone on with the conversation."""
        kept = Recollection(Ledger(), Past(), None) if begun.new else await self._known(begun)
        self._kept[begun.conversation] = kept
        self._kept.move_to_end(begun.conversation)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return kept

    def remember(self, begun: Begun, recollection: Recollection, messages: Sequence[AnyMessage]) -> None:
        """Adds a turn that has ended; one that failed has no messages."""
        recollection.last = begun.turn
        if is_complete(messages):
            recollection.past.add(begun.turn, messages)

    def tell(self, recollection: Recollection, history: Sequence[tuple[str, str]]) -> None:
        """Puts questions and answers from elsewhere before a conversation's first turn."""
        for asked, said in history:
            recollection.past.add(None, [HumanMessage(asked), AIMessage(said)])

    async def unfinished(self, conversation: str, turn: int) -> list[AnyMessage]:
        """Returns the messages of a turn that was broken off, up to the last call that has its result.

        Args:
            conversation: Where it was.
            turn: Its row.
        """
        async for checkpoint in self._saver.alist(thread(conversation), filter={"turn": turn}, limit=1):
            messages: list[AnyMessage] = checkpoint.checkpoint["channel_values"].get("messages", [])
            while messages and isinstance(messages[-1], AIMessage):
                messages = messages[:-1]
            return messages
        return []

    def forget(self, conversation: str) -> None:
        """Drops a conversation."""
        self._kept.pop(conversation, None)

    async def save(self, begun: Begun, recollection: Recollection) -> None:
        """Writes down what was summarised in a turn."""
        summary = recollection.past.summary
        if summary and summary.covers not in (None, recollection.saved):
            recollection.saved = summary.covers
            await self._conversations.summaries.keep(begun.conversation, summary)

    async def _known(self, begun: Begun) -> Recollection:
        kept = self._kept.get(begun.conversation)
        newest = await self._conversations.newest_passage(begun.conversation)
        if kept is None or kept.last != begun.previous or kept.ledger.newest != newest:
            return await self._read(begun)
        return kept

    async def _read(self, begun: Begun) -> Recollection:
        ledger = Ledger(await self._conversations.evidence(begun.conversation))
        summary = await self._conversations.summaries.newest(begun.conversation, begun.path)
        shown = [row for row in begun.path if summary is None or row > (summary.covers or 0)]
        found: list[tuple[int | None, list[AnyMessage]]] = []
        async for checkpoint in self._saver.alist(thread(begun.conversation)):
            # One of an earlier version does not name its turn; there were no branches then.
            row = checkpoint.metadata.get("turn", begun.previous)
            if row in shown:
                found.append((row, checkpoint.checkpoint["channel_values"].get("messages", [])))
            if len(found) > self._limits.history_turns:
                break
        past = Past(summary=summary)
        for row, messages in reversed(found):
            if is_complete(messages):
                past.add(row, messages)
        granted = frozenset(await self._conversations.tools.grants(begun.conversation))
        return Recollection(ledger, past, begun.previous, granted, summary.covers if summary else None)


def thread(conversation: str, turn: int | None = None) -> RunnableConfig:
    """Returns the checkpointer's name of a conversation, with the turn that is written to each checkpoint."""
    config: RunnableConfig = {"configurable": {"thread_id": conversation}}
    return config if turn is None else {**config, "metadata": {"turn": turn}}
