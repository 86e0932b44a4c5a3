"""Starts ``vllm serve``, waits until it is ready, starts it again when it dies, and stops it with the assistant."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import httpx

from assistant.engines.vllm.gpus import Gpu, find_gpus
from assistant.engines.vllm.log import Reason
from assistant.engines.vllm.plan import Plan, make_plan
from assistant.engines.vllm.process import Run, running
from assistant.engines.vllm.shared import Claim
from assistant.engines.vllm.state import Phase, Progress, State
from assistant.errors import AssistantError
from assistant.settings import ServerEngine
from assistant.vllm_settings import VllmEngine

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_BETWEEN_CHECKS = 5.0
SECONDS_TO_ANSWER = 5.0
# Which a server may take to end that has said it cannot start.
SECONDS_TO_END = 20.0
# After so many checks in a row without an answer a server that was ready is taken to hang.
CHECKS_MISSED = 12
# Until the next start: doubled with each, seconds.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# A server that was ready for so long has not died of how it is started.
SECONDS_TO_TRUST = 300.0
# Who asks within so many seconds of a failure is told of that, and nothing is started again.
SECONDS_TO_REST = 10.0
FOREVER = 10**6

Planner = Callable[[VllmEngine, Sequence[Gpu]], Plan]


class VllmServer:
    """A server of our own.

    Args:
        engine: What to serve, and how.
        home: The home folder, which holds the log.
        plan: Makes the command.
    """

    def __init__(self, engine: VllmEngine, home: Path, plan: Planner = make_plan) -> None:
        self._engine = engine
        self._folder = home / "logs"
        self._plan = plan
        self._state = State("loading", Progress("starting"))
        self._bells: set[asyncio.Event] = set()
        self._doubt, self._asked = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failed_at = 0.0
        self._failures = 0

    @property
    def state(self) -> State:
        """What it does now."""
        return self._state

    @property
    def log(self) -> Path:
        """The file that holds all that vLLM says."""
        return self._folder / "vllm.log"

    def start(self) -> None:
        """Begins to start it, and to watch over it."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep())

    async def follow(self) -> AsyncGenerator[State, None]:
        """Yields what it does, at once and whenever that changes, without an end; one that failed is tried again."""
        self.start()
        bell = asyncio.Event()
        self._bells.add(bell)
        if self._state.phase == "failed" and time.monotonic() - self._failed_at > SECONDS_TO_REST:
            self._set("loading", Progress("starting"))
            self._asked.set()
        try:
            while True:
                bell.clear()
                yield self._state
                await bell.wait()
        finally:
            self._bells.discard(bell)

    def suspect(self) -> None:
        """Tells that a request found nobody there: until it has been looked at, the server is not ready."""
        if self._state.phase == "ready":
            self._set("loading", Progress("looking whether vLLM still runs"))
            self._doubt.set()

    async def close(self) -> None:
        """Stops it."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _keep(self) -> None:
        while True:
            try:
                await self._serve()
            except AssistantError as error:
                await self._give_up(str(error))
            except Exception as error:
                log.exception("vLLM cannot be watched")
                await self._give_up(f"vLLM cannot be watched ({type(error).__name__}: {error}).")

    async def _give_up(self, reason: str) -> None:
        """Tells why there is no server, and waits until somebody asks for it again."""
        log.error("no vLLM: %s", reason)
        self._failed_at, self._failures = time.monotonic(), 0
        self._asked.clear()
        self._set("failed", Progress(reason))
        await self._asked.wait()

    async def _serve(self) -> None:
        """Runs the server once, or waits for the end of another assistant's; tells what became of it."""
        claim = Claim(self._folder.parent)
        if not claim.take():
            await self._share(claim)
            return
        with claim:
            self._set("loading", Progress("looking at the model"))
            gpus = await asyncio.to_thread(find_gpus)
            plan = await asyncio.to_thread(self._plan, self._engine, gpus)
            log.info("vLLM: %s: %s", plan.about, " ".join(plan.command))
            self._set("loading", Progress(f"starting vLLM for {plan.about}"))
            server = ServerEngine(
                url=plan.url,
                model=plan.name,
                timeout=self._engine.timeout,
                temperature=self._engine.temperature,
                vision=self._engine.vision,
            )
            claim.tell(server)
            async with running(plan.command, plan.environ, self.log) as run:
                reason = await self._watch(run, server)
            # The claim is kept meanwhile, or an assistant that only looks in would come to own the server.
            lost = await self._mourn(reason)
        if lost:
            await self._give_up(lost)

    async def _watch(self, run: Run, server: ServerEngine) -> Reason:
        """Follows a server from its start to its end; returns why it ended."""
        async with httpx.AsyncClient(timeout=SECONDS_TO_ANSWER, trust_env=False) as client:
            while not await _answers(client, server):
                if run.ended or await run.wait(SECONDS_BETWEEN_LOOKS):
                    return run.reason()
                if (heard := run.hear()) and heard != self._state.progress:
                    self._set("loading", heard)
                if run.lost and time.monotonic() - run.lost > SECONDS_TO_END:
                    return run.reason()
                if time.monotonic() - run.heard > self._engine.patience:
                    return Reason(f"vLLM has said nothing for {self._engine.patience:g} s while it loaded.", final=True)
            began = time.monotonic()
            self._ready(server)
            reason = await self._attend(run, server, client)
            if time.monotonic() - began > SECONDS_TO_TRUST:
                self._failures = 0
            return reason

    async def _attend(self, run: Run, server: ServerEngine, client: httpx.AsyncClient) -> Reason:
        """Waits for the end of a server that is ready; one that hangs is ended."""
        missed = 0
        while missed < CHECKS_MISSED:
            await _first(run.wait(SECONDS_BETWEEN_CHECKS), self._doubt.wait())
            doubted = self._doubt.is_set()
            self._doubt.clear()
            if run.ended or (doubted and await run.wait(SECONDS_BETWEEN_LOOKS)):
                # Whatever it says as it ends, it has worked as it was started.
                return Reason(run.reason().text, final=False)
            if await _answers(client, server):
                missed = 0
                if self._state.phase != "ready":
                    self._ready(server)
            else:
                missed += 1
                self._doubt.set() if doubted else None
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        return Reason("vLLM did not answer any more.", final=False)

    async def _mourn(self, reason: Reason) -> str | None:
        """Waits after the end of a server until it is to be started again; returns why it is not."""
        self._failures += 1
        tell = f"{reason.text} The whole story is in {self.log}."
        if reason.final or self._failures > self._engine.restarts:
            again = f" It has been started {self._failures} times." if self._failures > 1 else ""
            return tell + again
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._failures - 1))
        count = f"{self._failures} of {self._engine.restarts}"
        log.warning("%s It is started again in %.0f s (%s).", reason.text, pause, count)
        self._set("loading", Progress(f"{reason.text} It is started again in {pause:.0f} s ({count})"))
        await asyncio.sleep(pause)
        return None

    async def _share(self, claim: Claim) -> None:
        """Uses the server of another assistant of this home folder for as long as that runs."""
        self._set("loading", Progress("waiting for the vLLM of another assistant of this home folder"))
        server: ServerEngine | None = None
        async with httpx.AsyncClient(timeout=SECONDS_TO_ANSWER, trust_env=False) as client:
            while not claim.free():
                server = claim.told(self._engine)
                answers = server is not None and await _answers(client, server)
                if server and answers and self._state.phase != "ready":
                    self._ready(server)
                elif not answers and self._state.phase == "ready":
                    self.suspect()
                pause = SECONDS_BETWEEN_CHECKS if self._state.phase == "ready" else SECONDS_BETWEEN_LOOKS
                self._doubt.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._doubt.wait(), pause)

    def _ready(self, server: ServerEngine) -> None:
        self._set("ready", Progress("ready"), server)

    def _set(self, phase: Phase, progress: Progress, engine: ServerEngine | None = None) -> None:
        state = State(phase, progress, engine)
        if state == self._state:
            return
        self._state = state
        for bell in self._bells:
            bell.set()


async def _answers(client: httpx.AsyncClient, server: ServerEngine) -> bool:
    """Whether a server is ready for questions."""
    try:
        return (await client.get(f"{server.place.removesuffix('/v1')}/health")).is_success
    except httpx.HTTPError:
        return False


async def _first(*waiting: object) -> None:
    """Waits until one of several has happened, and gives the others up."""
    tasks = [asyncio.ensure_future(each) for each in waiting]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
