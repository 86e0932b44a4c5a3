"""Turns that run whether anybody watches or not: a closed tab or a lost connection does not stop an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from assistant.conversations import Turn
from assistant.events import Answer, ApprovalNeeded, Began, Event, Failed

log = logging.getLogger(__name__)

STOPPED = "The turn was stopped."


class LiveTurn:
    """One turn that runs.

    Attributes:
        question: What was asked.
        events: What has happened so far.
        conversation: The conversation's id, once the question was written down.
        turn: The question's row in the log, likewise.
        resumed: The turn as it was stored while it waited, where it goes on from there.

    Args:
        question: What was asked.
        conversation: Where it goes on, of a turn that waited.
        resumed: As the attribute.
    """

    def __init__(self, question: str, conversation: str = "", resumed: Turn | None = None) -> None:
        self.question = question
        self.events: list[Event] = []
        self.conversation = conversation
        self.turn = resumed.id if resumed else None
        self.resumed = resumed
        self._task: asyncio.Task[None] | None = None
        self._bells: set[asyncio.Event] = set()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self._task is not None and self._task.done()

    @property
    def task(self) -> asyncio.Task[None]:
        """What runs it."""
        assert self._task
        return self._task

    def stop(self) -> None:
        """Stops it; whoever follows it then gets its end."""
        if self._task:
            self._task.cancel()

    async def follow(self) -> AsyncGenerator[list[Event], None]:
        """Yields what has happened so far, at once, and then what happens, until the end.

        Closing the iterator leaves the turn running.
        """
        seen, bell = 0, asyncio.Event()
        self._bells.add(bell)
        try:
            while True:
                bell.clear()
                if seen < len(self.events):
                    batch, seen = self.events[seen:], len(self.events)
                    yield batch
                elif self.ended:
                    return
                else:
                    await bell.wait()
        finally:
            self._bells.discard(bell)

    def take(self, event: Event) -> None:
        """Adds what happened."""
        self.events.append(event)
        self._ring()

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    def run(self, stream: AsyncGenerator[Event, None], done: LiveTurns) -> asyncio.Task[None]:
        """Begins to take the events of a stream."""
        self._task = asyncio.create_task(self._run(stream, done))
        self._task.add_done_callback(lambda _: self._ring())
        return self._task

    async def _run(self, stream: AsyncGenerator[Event, None], turns: LiveTurns) -> None:
        try:
            async with aclosing(stream):
                async for event in stream:
                    if isinstance(event, Began):
                        self.conversation, self.turn = event.conversation, event.turn
                        turns.name(self)
                    self.take(event)
        except Exception as error:  # the edge: whatever went wrong, those who follow get an end
            log.exception("a turn failed")
            self.take(Failed(f"Something went wrong ({type(error).__name__}: {error}).", self.conversation))
        finally:
            turns.forget(self)
            if not (self.events and isinstance(self.events[-1], Answer | Failed | ApprovalNeeded)):
                self.take(Failed(STOPPED, self.conversation, "Stopped"))


class LiveTurns:
    """The turns that run in this process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._by_conversation: dict[str, LiveTurn] = {}
        self.closing = False

    def __len__(self) -> int:
        """Returns how many turns run."""
        return len(self._tasks)

    def start(
        self,
        question: str,
        stream: AsyncGenerator[Event, None],
        conversation: str = "",
        resumed: Turn | None = None,
    ) -> LiveTurn:
        """Runs a turn in a task of its own.

        Args:
            question: What was asked.
            stream: Its events.
            conversation: The conversation's id where the turn has waited in it, so that nobody else decides as well.
            resumed: The turn as it was stored while it waited.
        """
        turn = LiveTurn(question, conversation, resumed)
        if conversation:
            self.name(turn)
        task = turn.run(stream, self)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return turn

    def of(self, conversation: str | None) -> LiveTurn | None:
        """Returns the turn that runs in a conversation."""
        return self._by_conversation.get(conversation or "")

    def name(self, turn: LiveTurn) -> None:
        """Makes a turn known under its conversation."""
        self._by_conversation[turn.conversation] = turn

    def forget(self, turn: LiveTurn) -> None:
        """Forgets a turn that has ended."""
        if self._by_conversation.get(turn.conversation) is turn:
            del self._by_conversation[turn.conversation]

    async def close(self) -> None:
        """Ends every turn, each with what it has shown written down."""
        self.closing = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
