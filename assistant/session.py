"""``Assistant``: the one road that the page, the command line, batches and the API take."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver

from assistant.conversations import Begun, Conversations
from assistant.errors import AssistantError, BadQuestion
from assistant.events import Answer, Began, Event, Failed, TextDelta
from assistant.graph import Graph
from assistant.loader import Toolbox
from assistant.memory import Memory, Recollection, thread
from assistant.plugin import Context
from assistant.settings import Settings
from assistant.state import Turn, TurnState
from index.errors import LibraryError
from index.library import Library

log = logging.getLogger(__name__)

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine answers, for people.

    Attributes:
        name: Such as ``built-in engine`` or ``Qwen3-8B at http://…``.
        advice: How to get a stronger one; empty where there is nothing to advise.
    """

    name: str
    advice: str


class Assistant:
    """Answers questions; made by ``assistant.app.build``.

    Attributes:
        settings: As they were read.
        library: The documents.
        toolbox: The tools and the files that could not be loaded.
        conversations: What was asked and answered before.
        engine: Which engine answers.
    """

    def __init__(
        self,
        settings: Settings,
        library: Library,
        toolbox: Toolbox,
        conversations: Conversations,
        engine: EngineInfo,
        graph: Graph,
        saver: BaseCheckpointSaver[str],
    ) -> None:
        self.settings = settings
        self.library = library
        self.toolbox = toolbox
        self.conversations = conversations
        self.engine = engine
        self._graph = graph
        self._saver = saver
        self._memory = Memory(saver, conversations, settings.agent)
        self._preparation: asyncio.Future[None] | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def wait_for(self, preparation: asyncio.Future[None]) -> None:
        """Lets questions wait until something has been done first, such as filling the library."""
        self._preparation = preparation

    async def ask(self, question: str, conversation: str | None = None, owner: str = LOCAL) -> Answer | Failed:
        """Returns the end of the turn; see ``stream``."""
        end: Answer | Failed | None = None
        async for event in self.stream(question, conversation, owner):
            if isinstance(event, Answer | Failed):
                end = event
        assert end is not None
        return end

    async def stream(
        self, question: str, conversation: str | None = None, owner: str = LOCAL
    ) -> AsyncGenerator[Event, None]:
        """Answers a question, event by event; closing the iterator stops the turn.

        Args:
            question: What the person asks.
            conversation: Continues that one; None begins a new one.
            owner: Whose conversation it is; nobody else can continue or read it.

        Yields:
            Events in order, closed by exactly one ``Answer`` or ``Failed``. By then the turn is on disk.
        """
        try:
            self._accept(question)
            begun = await self.conversations.begin(conversation, owner, question)
        except (AssistantError, sqlite3.Error) as error:
            log.warning("question refused: %s", error)
            yield Failed(_message(error), conversation or "", type(error).__name__)
            return
        yield Began(begun.conversation)
        async with self._lock(begun.conversation), aclosing(self._turn(question, begun)) as events:
            async for event in events:
                yield event

    async def delete(self, conversation: str, owner: str = LOCAL) -> None:
        """Deletes a conversation with everything that belongs to it.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self.conversations.delete(conversation, owner)
        await self._saver.adelete_thread(conversation)
        self._memory.forget(conversation)
        await asyncio.to_thread(shutil.rmtree, self._folder(conversation), ignore_errors=True)

    def _accept(self, question: str) -> None:
        limit = self.settings.agent.max_question_characters
        if not question.strip():
            raise BadQuestion("The question is empty; type one.")
        if len(question) > limit:
            raise BadQuestion(
                f"The question has {len(question):,} characters, more than {limit:,}; "
                "add long texts to the library and ask about them."
            )

    async def _turn(self, question: str, begun: Begun) -> AsyncGenerator[Event, None]:
        end: Answer | Failed = Failed("The turn was stopped.", begun.conversation, "Stopped")
        shown: list[str] = []
        if self._preparation:
            await asyncio.shield(self._preparation)
        recollection = await self._memory.recall(begun)
        turn = self._prepare(begun, recollection)
        try:
            async for event in self._run(question, turn):
                if isinstance(event, Answer):
                    end = event
                    continue
                if isinstance(event, TextDelta):
                    shown.append(event.text)
                yield event
        except (AssistantError, LibraryError) as error:
            log.warning("turn failed: %s", error, exc_info=error)
            end = Failed(str(error), begun.conversation, type(error).__name__)
        except Exception as error:  # the edge: whatever went wrong, the next question can be asked
            log.exception("turn failed")
            end = Failed(_message(error), begun.conversation, type(error).__name__)
        finally:
            self._memory.remember(begun, recollection, turn.finished)
            # Shielded, since a stop cancels the task that runs this.
            await asyncio.shield(self._save(begun, turn, end, "".join(shown)))
        yield end

    def _prepare(self, begun: Begun, recollection: Recollection) -> Turn:
        folder, passages = self._folder(begun.conversation), self.settings.library.passages
        cite = recollection.ledger.cite

        def context(report: Callable[[float | None, str], None]) -> Context:
            return Context(self.library, cite, folder, passages, report=report)

        history, tools = recollection.history, self.toolbox.tools
        return Turn(begun.conversation, history, recollection.ledger, tools, context, time.perf_counter())

    async def _run(self, question: str, turn: Turn) -> AsyncGenerator[Event, None]:
        """Runs the graph in a task of its own and yields what its nodes emit."""
        state: TurnState = {"messages": [HumanMessage(question)]}
        # "exit" writes the turn's messages once, when it ends, instead of at every step.
        run = self._graph.ainvoke(state, thread(turn.conversation), context=turn, durability="exit")
        task = asyncio.create_task(run)
        task.add_done_callback(lambda _: turn.events.put_nowait(None))
        try:
            while (event := await turn.events.get()) is not None:
                yield event
            await task  # raises what the graph raised
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _save(self, begun: Begun, turn: Turn, end: Answer | Failed, shown: str) -> None:
        evidence = turn.ledger.take_new()
        if isinstance(end, Answer):
            await self.conversations.end(begun, "answered", end.to_json(), evidence)
        else:
            result = {"error": end.message, "kind": end.kind, "shown": shown}
            await self.conversations.end(begun, "failed", result, evidence)

    def _folder(self, conversation: str) -> Path:
        return self.settings.home / "files" / conversation

    def _lock(self, conversation: str) -> asyncio.Lock:
        return self._locks.setdefault(conversation, asyncio.Lock())


def _message(error: Exception) -> str:
    if isinstance(error, AssistantError | LibraryError):
        return str(error)
    if isinstance(error, sqlite3.OperationalError):
        return f"The conversations cannot be saved ({error}); check the disk and the permissions of the home folder."
    return f"Something went wrong that we did not foresee ({type(error).__name__}: {error}); the log has the details."
