"""``Assistant``: the one road that the page, the command line, batches and the API take."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, nullcontext
from dataclasses import asdict, replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from langchain_core.messages import HumanMessage
from langgraph.types import Command
from opentelemetry.trace import Tracer

from assistant.again import replayed, taken_up
from assistant.approval import Decision, Rule
from assistant.attachment_bucket import AttachmentBucket
from assistant.attachments import Attachments
from assistant.conversations import Begun, Conversations
from assistant.course import Course
from assistant.database.base import Database
from assistant.endings import failure, last, message, stored, written
from assistant.engine_info import EngineInfo
from assistant.errors import AssistantError, StorageError, UnknownConversation
from assistant.events import Answer, ApprovalNeeded, Began, End, Event, Failed
from assistant.export import Exported
from assistant.files import Files
from assistant.graph import Graph
from assistant.joint import JointLibrary
from assistant.libraries import Libraries
from assistant.live import LiveTurns
from assistant.memory import Memory, Recollection
from assistant.meter import Meter
from assistant.origin.sign import Signer
from assistant.play import played
from assistant.plugin import Context
from assistant.progress import Progress, kept
from assistant.question import accepted
from assistant.running import RunningTurns
from assistant.schema import Tool
from assistant.settings import Settings
from assistant.state import Turn, TurnState
from assistant.titles import Titles
from assistant.toolbox import Plugins, Toolbox
from assistant.tracing import OFF, TurnTrace, traced
from assistant.uploaded import Uploaded
from index.errors import LibraryError
from index.library import Library

log = logging.getLogger(__name__)

LOCAL = "local"
CLOSED = "This assistant is closed, or about to be; ask one that is open."


class Assistant:
    """Answers questions; made by ``assistant.app.build``.

    Attributes:
        settings: As they were read.
        libraries: The documents.
        attachments: Those that belong to one conversation only.
        attachment_bucket: Where these are kept for other servers too.
        files: The files of conversations.
        uploaded: Files that programs have sent for questions.
        conversations: What was asked and answered before.
        engine: Which engine answers.
        live: The turns that run whoever watches, such as the page's.
        running: All turns that run.
        titles: Names conversations.
        meter: What the turns of this process took.
    """

    def __init__(
        self,
        settings: Settings,
        libraries: Libraries,
        plugins: Plugins,
        conversations: Conversations,
        engine: EngineInfo,
        graph: Graph,
        database: Database,
        titles: Titles | None = None,
        tracer: Tracer = OFF,
        files: Files | None = None,
    ) -> None:
        self.settings, self.libraries = settings, libraries
        self.attachments = Attachments(libraries, settings.home)
        self.files = files or Files(settings.home)
        self.attachment_bucket = AttachmentBucket(self.attachments, self.files.bucket, conversations.alone)
        self.uploaded = Uploaded(database, self.files)
        self.conversations, self.engine = conversations, engine
        self.live, self.running, self.meter = LiveTurns(), RunningTurns(), Meter()
        self.titles = titles or Titles(None, conversations)
        self._plugins, self._signer = plugins, Signer.of(settings)
        self._graph, self._tracer, self._saver = graph, tracer, database.saver
        self._memory = Memory(database.saver, conversations, settings.agent)
        self._preparation: asyncio.Future[None] | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def library(self) -> Library:
        """The library that is meant where none is named."""
        return self.libraries.get()

    @property
    def toolbox(self) -> Toolbox:
        """The tools as they were at the last question, and the files that could not be loaded."""
        return self._plugins.toolbox

    def wait_for(self, preparation: asyncio.Future[None]) -> None:
        """Lets questions wait until something has been done first, such as filling the library."""
        self._preparation = preparation

    async def refreshed(self) -> Toolbox:
        """Returns the tools as they are now."""
        return self.toolbox if self._plugins.still else await asyncio.to_thread(self._plugins.refresh)

    @property
    def prepared(self) -> bool:
        """Whether what questions wait for has been done."""
        return self._preparation is None or self._preparation.done()

    async def ask(
        self,
        question: str,
        conversation: str | None = None,
        owner: str = LOCAL,
        rules: Sequence[Rule] = (),
        library: str | None = None,
        off: Collection[str] = (),
        adapter: str | None = None,
        course: Course | None = None,
    ) -> Answer | Failed:
        """Returns the end of the turn where nobody watches: a call that needs approval and has no rule is refused.

        The arguments are those of ``stream``.
        """
        how = replace(course or Course(), watched=False)
        end = await last(self.stream(question, conversation, owner, rules, library, off, adapter=adapter, course=how))
        assert not isinstance(end, ApprovalNeeded)
        return end

    async def stream(
        self,
        question: str,
        conversation: str | None = None,
        owner: str = LOCAL,
        rules: Sequence[Rule] = (),
        library: str | None = None,
        off: Collection[str] = (),
        instead_of: int | None = None,
        history: Sequence[tuple[str, str]] = (),
        adapter: str | None = None,
        course: Course | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Answers a question, event by event; closing the iterator stops the turn.

        Args:
            question: What the person asks.
            conversation: Continues that one; None begins a new one. What waits for approval in it is given up.
            owner: Whose conversation it is; nobody else can continue or read it.
            rules: Which calls are approved or refused; they come before those of the settings.
            library: Which library a new conversation is about; None takes that of the settings. A conversation keeps
                its own.
            off: The tools that the model is not to see in a new conversation, which keeps that.
            instead_of: Row of a turn of the conversation in whose place the question is asked, as a branch of its own.
            history: Questions and answers that a new conversation refers to, as from a program that keeps them itself;
                they are not written down.
            adapter: The LoRA adapter that answers from now on in the conversation; empty is the model itself, None
                leaves it as it is.
            course: How the turn is to go; receives what the model says.

        Yields:
            Events in order, closed by exactly one ``Answer``, ``Failed`` or ``ApprovalNeeded``. By then the turn is on
            disk; a turn that waits can be resumed at any time, after a restart too.
        """
        if self.running.closing:
            yield Failed(CLOSED, conversation or "", "Closed")
            return
        try:
            question = accepted(question, self.settings.agent.max_question_characters)
            if conversation is None:  # one that there is not is told before anything is written
                library = library or self.libraries.default
                self.libraries.get(library, begin=False)
            await self.engine.require(adapter or "")
            begun = await self.conversations.begin(conversation, owner, question, library, off, instead_of)
            if adapter is not None and adapter != await self.conversations.adapters.of(begun.conversation):
                await self.conversations.adapters.use(begun.conversation, adapter)
        except (AssistantError, LibraryError, sqlite3.Error) as error:
            log.warning("question refused: %s", error)
            yield Failed(message(error), conversation or "", type(error).__name__)
            return
        yield Began(begun.conversation, begun.turn)
        done, shown = await taken_up(self.conversations, self._memory, begun, question, instead_of), Progress()
        for event in replayed(done):
            shown.take(event)
            yield event
        state: TurnState = {"messages": done or [HumanMessage(question)], "decisions": {}}
        async with aclosing(self._turn(state, begun, rules, shown, history, course)) as events:
            async for event in events:
                yield event

    async def resume(
        self,
        conversation: str,
        decisions: Mapping[str, Decision],
        owner: str = LOCAL,
        rules: Sequence[Rule] = (),
        course: Course | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Goes on with a turn that waits for approval.

        Args:
            conversation: Where it waits.
            decisions: By the request's id; a request without one is refused.
            owner: As for ``stream``.
            rules: As for ``stream``.
            course: As for ``stream``.

        Yields:
            The rest of the turn's events, closed as in ``stream``.
        """
        if self.running.closing:
            yield Failed(CLOSED, conversation, "Closed")
            return
        try:
            begun, turn = await self.conversations.resume(conversation, owner)
        except (AssistantError, sqlite3.Error) as error:
            log.warning("decision refused: %s", error)
            yield Failed(message(error), conversation, type(error).__name__)
            return
        command: Command[Any] = Command(resume={key: asdict(value) for key, value in decisions.items()})
        async with aclosing(self._turn(command, begun, rules, Progress.of(turn.result), course=course)) as events:
            async for event in events:
                yield event

    async def delete(self, conversation: str, owner: str = LOCAL) -> None:
        """Deletes a conversation with everything that belongs to it.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
            StorageError: The bucket or the database cannot be reached; the conversation is still there.
        """
        await self.conversations.library(conversation, owner)
        if turn := self.live.of(conversation):
            turn.stop()
            await asyncio.wait([turn.task])
        await self.running.stop(conversation)
        # The files first, so that it can be asked again where their bucket is away.
        await self._forget_files(conversation)
        await self.forget(conversation, owner)

    async def forget(self, conversation: str, owner: str = LOCAL) -> None:
        """Deletes what was said in a conversation; its files stay."""
        await self.conversations.delete(conversation, owner)
        await self._saver.adelete_thread(conversation)
        self._memory.forget(conversation)

    async def _forget_files(self, conversation: str) -> None:
        await self.files.forget(conversation)
        await self.attachment_bucket.forget(conversation)

    async def exported(self, conversation: str, owner: str = LOCAL) -> Exported:
        """Returns a conversation as it can leave as a file.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        turns = await self.conversations.turns(conversation, owner)
        title = next(each.title for each in await self.conversations.list(owner, -1) if each.id == conversation)
        await self.files.bring(conversation)
        return Exported(title, turns, self.files.folder(conversation))

    async def _turn(
        self,
        start: TurnState | Command[Any],
        begun: Begun,
        rules: Sequence[Rule],
        shown: Progress | None = None,
        history: Sequence[tuple[str, str]] = (),
        course: Course | None = None,
    ) -> AsyncGenerator[Event, None]:
        end: End = Failed("The turn was stopped.", begun.conversation, "Stopped")
        shown = shown or Progress()
        # Let go before the end is told: who takes it up at once must not wait for this iterator to be closed.
        async with AsyncExitStack() as held:
            running = held.enter_context(self.running.turn(begun.conversation))
            try:
                await held.enter_async_context(self._locks.setdefault(begun.conversation, asyncio.Lock()))
                await held.enter_async_context(self.conversations.alone(begun.conversation))
                if self._preparation:
                    await asyncio.shield(self._preparation)
                recollection, turn = await self._made_ready(begun, rules, history, course or Course())
            except (AssistantError, LibraryError, sqlite3.Error) as error:  # such as a library that was moved away
                log.warning("turn failed: %s", error)
                end = Failed(message(error), begun.conversation, type(error).__name__)
                await written(self.conversations.end(begun, "failed", failure(end, shown)), end)
                yield end
                return
            trace = TurnTrace(self._tracer, begun, self.engine.name)
            try:
                keep = partial(self.conversations.keep, begun)
                async with kept(shown, keep) if turn.course.watched else nullcontext():
                    async for event in played(self._graph, start, turn, begun.turn, trace.context, running):
                        if isinstance(event, Answer | ApprovalNeeded):
                            end = event
                            continue
                        shown.take(event)
                        yield event
            except (AssistantError, LibraryError) as error:
                log.warning("turn failed: %s", error, exc_info=error)
                end = Failed(str(error), begun.conversation, type(error).__name__)
            except Exception as error:  # the edge: whatever went wrong, the next question can be asked
                log.exception("turn failed")
                end = Failed(message(error), begun.conversation, type(error).__name__)
            finally:
                if (self.live.closing or self.running.closing) and isinstance(end, Failed) and end.kind == "Stopped":
                    end = replace(end, kind="Interrupted")
                trace.end(end)
                if not isinstance(end, ApprovalNeeded):
                    self._memory.remember(begun, recollection, turn.finished)
                # Shielded, since a stop cancels the task that runs this.
                saving = self._save(begun, recollection, turn, end, shown)
                end = await asyncio.shield(written(saving, end))
        yield end

    async def _made_ready(
        self, begun: Begun, rules: Sequence[Rule], history: Sequence[tuple[str, str]], course: Course
    ) -> tuple[Recollection, Turn]:
        look, key = partial(self._refreshed, begun), begun.conversation
        await asyncio.gather(self.files.bring(key), self.attachment_bucket.bring(key))
        library, toolbox = look() if self._plugins.still else await asyncio.to_thread(look)
        recollection = await self._memory.recall(begun)
        if history and begun.previous is None:
            self._memory.tell(recollection, history)
        tools = await self.conversations.tools.on(begun.conversation, toolbox.tools)
        turn = self._prepare(begun, recollection, library, tools, rules, course)
        turn.model = await self.conversations.adapters.of(begun.conversation)
        return recollection, turn

    def refresh_tools(self) -> Toolbox:
        """Reads the tool files that have changed, as is done at each question."""
        return self._plugins.refresh()

    def _refreshed(self, begun: Begun) -> tuple[Library | JointLibrary, Toolbox]:
        library = self.attachments.beside(begun.conversation, self.libraries.get(begun.library, begin=False))
        return library, self._plugins.refresh()

    def _prepare(
        self,
        begun: Begun,
        recollection: Recollection,
        library: Library | JointLibrary,
        tools: Mapping[str, Tool],
        rules: Sequence[Rule],
        course: Course,
    ) -> Turn:
        folder, passages = self.files.folder(begun.conversation), self.settings.library.passages
        cite, chance, seen = recollection.ledger.cite, course.chance, traced(library, self._tracer)
        # A tool may make its conversation's folder, and nothing outside of it.
        folder.parent.mkdir(parents=True, exist_ok=True)

        def context(report: Callable[[float | None, str], None]) -> Context:
            self._signer.prepare()
            return Context(seen, cite, folder, passages, random=chance, report=report, sign=self._signer.sign)

        return Turn(
            begun.conversation,
            recollection.past,
            recollection.ledger,
            tools,
            library.page_text,
            library.loaded_picture,
            context,
            (*rules, *self.settings.tools.rules),
            set(recollection.granted),
            time.perf_counter(),
            tracer=self._tracer,
            course=course,
            fence=course.fence(self.settings.home, begun.conversation),
        )

    async def _save(self, begun: Begun, recollection: Recollection, turn: Turn, end: End, shown: Progress) -> None:
        self.meter.take(end)
        try:
            there = await self._put_down(begun, recollection, turn, end, shown)
        except (StorageError, sqlite3.Error):
            if await self.conversations.owner(begun.conversation) is not None:
                raise
            there = False
        if not there:  # deleted meanwhile, perhaps by another server
            await self._saver.adelete_thread(begun.conversation)
            self._memory.forget(begun.conversation)
            await self._forget_files(begun.conversation)
            raise UnknownConversation("The conversation was deleted while this was being answered.")

    async def _put_down(self, begun: Begun, recollection: Recollection, turn: Turn, end: End, shown: Progress) -> bool:
        """Saves what came of a turn; returns whether its conversation is still there."""
        evidence = turn.ledger.take_new()
        if not isinstance(end, Failed):
            await self.files.keep(begun.conversation)
        await self._memory.save(begun, recollection)
        if new := turn.granted - recollection.granted:
            await self.conversations.tools.grant(begun.conversation, new)
            recollection.granted = frozenset(turn.granted)
        return await self.conversations.end(begun, *stored(end, shown), evidence)
