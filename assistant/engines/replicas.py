"""One chat model behind one or several servers: asked in turn, left out while they are down, asked again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from random import uniform
from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from pydantic import PrivateAttr

from assistant.engine_info import ServerState
from assistant.engines.chunks import again, waiting
from assistant.engines.direct import DirectModel
from assistant.engines.profile import Profile
from assistant.engines.served import ServedModel
from assistant.errors import EngineBusy, EngineError, EngineRefused, EngineTimeout, EngineUnreachable

log = logging.getLogger(__name__)

# Conversations whose replica is remembered.
MAX_PLACES = 4096
# From then on pauses grow no more.
MOST_DOUBLED = 6
# Between two looks at a replica that is down, in seconds: at first, and at most.
RECHECK, RECHECK_MOST = 0.5, 5.0
# How often one reply is asked for again.
MOST_AGAIN, MOST_REFUSED = 3, 2
PAUSE = 0.5
# A batch has time: so many seconds a busy server is waited for, with pauses of so many at most unless it asks for more.
PATIENT, LONGEST_PAUSE = 600.0, 32.0


class Replica:
    """One server.

    Attributes:
        model: The chat model there.
        running: Requests under way.
        seen: Whether it has ever answered.
        up: Set while it may be asked.
        quiet: Until when a batch asks it nothing, by the monotonic clock, because it has too much to do.
        waves: How often in a row it had too much to do.
    """

    def __init__(self, model: ServedModel) -> None:
        self.model = model
        self.running = 0
        self.seen = False
        self.quiet, self.waves = 0.0, 0
        self.up = asyncio.Event()
        self.up.set()
        self._watch: asyncio.Task[None] | None = None

    def down(self) -> None:
        """Leaves it out until it answers again."""
        if self.up.is_set():
            log.warning("the model server at %s is left out until it answers again", self.model.url)
            self.up.clear()
            self._watch = asyncio.create_task(self._recheck())

    def busy(self, wait: float | None) -> None:
        """Lets all rows of a batch leave it alone for a while, longer each time.

        Args:
            wait: Seconds that it asks for; None where it does not say.
        """
        now = time.monotonic()
        if now >= self.quiet:  # else it was asked before it had said so
            self.waves += 1
        pause = min(PAUSE * 2 ** min(self.waves, MOST_DOUBLED), LONGEST_PAUSE)
        if wait is not None:
            pause = wait if self.waves <= MOST_AGAIN else max(wait, pause / 2**MOST_AGAIN)
        self.quiet = max(self.quiet, now + pause)

    async def calm(self) -> None:
        """Waits until it may be asked again, not at the same moment as all others who wait."""
        while (left := self.quiet - time.monotonic()) > 0:  # noqa: ASYNC110 — it may have become longer meanwhile
            await asyncio.sleep(left * uniform(1, 1.5))  # noqa: S311 — nothing secret is drawn

    async def _recheck(self) -> None:
        pause = RECHECK
        while True:
            await asyncio.sleep(pause)
            if await self.model.alive():
                log.info("the model server at %s answers again", self.model.url)
                self.up.set()
                return
            pause = min(2 * pause, RECHECK_MOST)

    async def aclose(self) -> None:
        """Stops looking after it and closes the connections."""
        if self._watch:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await self.model.aclose()


class Replicas(DirectModel):
    """The chat model of one server or of several that serve the same.

    A conversation stays where it is, whose prefix cache holds its beginning; a new one goes where the fewest requests
    run. While a request has to wait, chunks without text tell why; see ``assistant.engines.chunks``.
    """

    _replicas: list[Replica] = PrivateAttr()
    _places: OrderedDict[str, Replica] = PrivateAttr(default_factory=OrderedDict)
    _patience: float = PrivateAttr()
    _waits: bool = PrivateAttr()

    @classmethod
    def of(cls, models: Sequence[ServedModel], patience: float, *, waits: bool = True) -> Replicas:
        """Returns the model.

        Args:
            models: One for each server.
            patience: Seconds that a request may spend on waiting.
            waits: Whether it waits for servers that have answered before and are down now.
        """
        made = cls()
        made._replicas = [Replica(model) for model in models]
        made._patience, made._waits = patience, waits
        return made

    @property
    def _llm_type(self) -> str:
        return "replicas"

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """The servers."""
        return tuple(self._replicas)

    async def _astream(
        self, *args: Any, conversation: str = "", watched: bool = True, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        began, attempt = time.monotonic(), 0
        deadline = began + self._patience
        batch = kwargs.get("place") is not None
        avoided: set[Replica] = set()
        while True:
            replica = await self._next(conversation, avoided) if batch else self._choose(conversation, avoided)
            said = begun = False
            try:
                async with aclosing(self._ask(replica, *args, watched=watched, **kwargs)) as chunks:
                    async for chunk in chunks:
                        message = chunk.message
                        begun = begun or bool(message.content) or _brings(message)
                        said = said or (watched and bool(message.content))
                        yield chunk
            except EngineError as error:
                if batch and not begun and self._waits_for(error, replica, began):
                    continue
                attempt += 1
                avoided.add(replica)
                pause = None if said or attempt > MOST_AGAIN else self._pause(error, replica, attempt, avoided)
                if pause is None or time.monotonic() + pause > deadline:
                    raise
                log.warning("asked again: %s", error)
                if pause:
                    yield waiting(f"{error} Trying again{f' in {pause:.0f} s' if pause >= 1 else ''}.")
                if begun:
                    yield again()
                await asyncio.sleep(pause)
                if isinstance(error, EngineUnreachable):
                    if not any(each.up.is_set() for each in self._replicas):
                        yield waiting(f"{error} Waiting until it answers again.")
                    if not await self._one_is_up(deadline):
                        raise
            else:
                return

    async def _ask(self, replica: Replica, *args: Any, **kwargs: Any) -> AsyncGenerator[ChatGenerationChunk, None]:
        replica.running += 1
        try:
            async with aclosing(replica.model._astream(*args, **kwargs)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    replica.seen, replica.waves = True, 0
                    yield chunk
        except (EngineUnreachable, EngineTimeout):
            replica.down()
            raise
        finally:
            replica.running -= 1

    def _choose(self, conversation: str, avoided: set[Replica]) -> Replica:
        """The replica where the conversation is, else the one with the least to do; the same after a restart."""
        up = [each for each in self._replicas if each.up.is_set()] or self._replicas
        fresh = [each for each in up if each not in avoided] or up
        place = self._places.get(conversation)
        if place is None or place not in fresh:
            place = min(fresh, key=lambda each: (each.running, _rank(conversation, each)))
        self._places[conversation] = place
        self._places.move_to_end(conversation)
        while len(self._places) > MAX_PLACES:
            self._places.popitem(last=False)
        return place

    async def _next(self, conversation: str, avoided: set[Replica]) -> Replica:
        """Chooses for a batch, which leaves busy ones alone; waits where all of them are."""
        now = time.monotonic()
        replica = self._choose(conversation, avoided | {each for each in self._replicas if each.quiet > now})
        if replica.quiet > now:
            await replica.calm()
        return replica

    def _waits_for(self, error: EngineError, replica: Replica, began: float) -> bool:
        """Whether a batch waits until a replica is busy no more, however often it has to ask."""
        if not isinstance(error, EngineBusy):
            return False
        replica.busy(error.wait)
        log.warning("asked again: %s", error)
        return replica.quiet <= began + max(PATIENT, self._patience)

    def _pause(self, error: EngineError, replica: Replica, attempt: int, avoided: set[Replica]) -> float | None:
        """Returns after how many seconds to ask again; None for an error that would come again."""
        another = any(each.up.is_set() and each not in avoided for each in self._replicas)
        match error:
            case EngineBusy():
                return 0.0 if another else error.wait if error.wait is not None else PAUSE * 2**attempt
            case EngineRefused():
                return None if not error.passing else 0.0 if another else PAUSE if attempt <= MOST_REFUSED else None
            case EngineUnreachable():
                return 0.0 if another or (self._waits and replica.seen) else None
        return None

    async def _one_is_up(self, deadline: float) -> bool:
        """Waits until some replica may be asked; false where none comes up in time."""
        waits = [asyncio.create_task(each.up.wait()) for each in self._replicas]
        left = max(0.0, deadline - time.monotonic())
        done, pending = await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        return bool(done)

    @property
    def name_there(self) -> str:
        """What the servers call the model, as far as it is known."""
        return next((each.model.model_name for each in self._replicas if each.seen), "")

    def states(self) -> tuple[ServerState, ...]:
        """Returns how each server is."""
        return tuple(ServerState(each.model.url, each.up.is_set(), each.running) for each in self._replicas)

    async def describe(self) -> Profile:
        """Returns what the first server that answers tells of itself.

        Raises:
            EngineError: None of them can be asked.
        """
        failed: EngineError | None = None
        for replica in sorted(self._replicas, key=lambda each: not each.up.is_set()):
            try:
                return await replica.model.describe()
            except EngineError as error:
                failed = failed or error
        assert failed
        raise failed

    async def aclose(self) -> None:
        """Closes the connections."""
        await asyncio.gather(*(each.aclose() for each in self._replicas))


def _brings(message: Any) -> bool:
    return bool(message.additional_kwargs or getattr(message, "tool_call_chunks", None))


def _rank(conversation: str, replica: Replica) -> str:
    """An order of the replicas that differs from conversation to conversation and is always the same for one."""
    return hashlib.sha256(f"{conversation} {replica.model.url}".encode()).hexdigest()
