"""What the page shows of a conversation: brought up to date as a turn runs, when it ends, when another is opened."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.errors import AssistantError, UnknownConversation
from assistant.events import Answer, TextDelta
from assistant.live import LiveTurn
from assistant.session import Assistant
from index.errors import LibraryError
from ui import adapters, approval, artifacts, dialogs, evidence, header, history
from ui.attached import Attached, attached_html
from ui.followups import followups
from ui.library import shelf
from ui.made import made_in
from ui.newcomer import newcomer_html
from ui.render import messages, turn_messages
from ui.sheet import cited_pictures
from ui.uploads import Uploads
from ui.view import ASKED_WINDOW, ShownTurn, View, from_live, from_stored

# Faster updates than this look the same and cost a message to the browser each.
SECONDS_BETWEEN_UPDATES = 0.04
# With many answers at once each is shown in fewer, larger pieces, so that none of them waits for the others' messages.
SECONDS_FOR_EACH_ANSWER, MOST_SECONDS_BETWEEN_UPDATES = 0.01, 0.25

Updates = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that a turn changes.

    Attributes:
        token: The browser's secret.
        view: What the tab shows.
        header: The line at the top.
        library: Which library a conversation is about.
        adapter: Which of the model's adapters answers.
        chat: The messages.
        card: Where calls wait for approval.
        box: Where questions are typed.
        draft: Says which question is being reworded, and holds what is opened above the page.
        evidence: The panel of sources.
        history: The list of past conversations.
    """

    token: gr.BrowserState
    view: gr.State
    header: gr.HTML
    library: gr.Dropdown
    adapter: gr.Dropdown
    chat: gr.Chatbot
    card: gr.HTML
    box: gr.Component
    draft: gr.HTML
    evidence: gr.HTML
    history: gr.HTML

    @property
    def changed(self) -> list[gr.Component]:
        """What an event of the conversation may change."""
        return [
            self.header,
            self.library,
            self.adapter,
            self.chat,
            self.card,
            self.box,
            self.draft,
            self.evidence,
            self.history,
        ]

    @property
    def who(self) -> list[gr.Component]:
        """What every event needs to know whose it is."""
        return [self.token, self.view]


class Stage:
    """Shows conversations.

    Args:
        assistant: Who answers.
        parts: The components.
    """

    def __init__(self, assistant: Assistant, parts: Parts) -> None:
        self.assistant = assistant
        self.parts = parts
        self.uploads = Uploads(assistant)

    async def open(self, key: str, view: View) -> None:
        """Has a view show a stored conversation.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        turns = await self.read(key, view.owner)
        library = await self.assistant.conversations.library(key, view.owner)
        view.show(key, turns)
        view.library, view.adapter = library, await self.assistant.conversations.adapters.of(key)

    async def read(self, key: str, owner: str, known: Sequence[ShownTurn] = ()) -> list[ShownTurn]:
        """Returns a conversation as it is stored.

        Args:
            key: Its id.
            owner: Whose.
            known: What is shown of it; an answer of these is taken as it is.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        conversations = self.assistant.conversations
        stored, verdicts = await conversations.turns(key, owner), await conversations.feedback.of(key)
        answers = {turn.turn: turn for turn in known if turn.ready}
        turns = []
        for each in stored:
            turn = answers.get(each.id) or from_stored(each)
            turn.versions, turn.verdict = each.versions, verdicts.get(each.id)
            turns.append(turn)
        return turns

    async def refresh(self, view: View) -> None:
        """Has a view show its conversation as it is stored now; one that is gone stays as it was."""
        with suppress(UnknownConversation):
            if view.conversation:
                view.turns[:] = await self.read(view.conversation, view.owner, view.turns)

    async def watch(self, view: View) -> AsyncGenerator[Updates, None]:
        """Shows a view's conversation, and the turn that runs in it until it ends."""
        live = self.assistant.live.of(view.conversation)
        await self.refresh(view)
        shown = await self.shown(view)
        # Said at once: of two updates that follow each other closely, a browser that is still starting may miss one.
        yield {**shown, self.parts.box: _box(running=True)} if live else shown
        if live:
            async with aclosing(self.follow(view, live)) as updates:
                async for update in updates:
                    yield update

    async def follow(self, view: View, live: LiveTurn, *, own: bool = False) -> AsyncGenerator[Updates, None]:
        """Shows a running turn as the last of a view's, until it ends or something else is opened.

        Args:
            view: Where.
            live: The turn.
            own: Whether this tab began it, so that the browser's others are to be told.
        """
        turns, turn = view.turns, from_live(live)
        view.told = secrets.token_hex(4) if own else view.told
        if turns and live.turn is not None and turns[-1].turn == live.turn:
            turns.pop()
        turns.append(turn)
        view.window = min(view.window, ASKED_WINDOW) if own else view.window
        view.running, before, told = live, messages(turns[:-1], view.t, view.first), False
        async with aclosing(live.follow()) as batches:
            async for events in batches:
                for event in events:
                    turn.take(event)
                if view.turns is not turns:
                    yield {self.parts.history: await self.history(view)}
                    return
                # One message to the browser for the beginning: each more would keep the first word waiting.
                update: Updates = {} if told else await self._busy(view, own=own)
                update |= {self.parts.chat: before + turn_messages(turn, len(turns) - 1, view.t)}
                if not told:
                    view.conversation, told = live.conversation or view.conversation, True
                    update[self.parts.history] = await self.history(view)
                yield update
                if isinstance(events[-1], TextDelta):
                    await asyncio.sleep(_pause(len(self.assistant.live)))
        if view.turns is turns:
            view.running = None
            if turn.turn is not None:
                await self.refresh(view)
            yield await self.shown(view)
            if own and (naming := self.assistant.titles.of(view.conversation)):
                await asyncio.wait([naming])
                yield {self.parts.history: await self.history(view)}

    async def _busy(self, view: View, *, own: bool) -> Updates:
        """What to change when a turn begins to run; a line that somebody types in another tab is left alone."""
        view.instead_of = None
        line = {"value": self.typed("")} if own else {}
        return {
            self.parts.box: _box(running=True, **line),
            self.parts.card: "",
            self.parts.draft: await self.attached_html_of(view),
        }

    async def shown(self, view: View) -> Updates:
        """Returns everything that a view shows."""
        parts, waiting, first = self.parts, view.waiting, view.first
        if view.conversation:
            await asyncio.to_thread(self._ready_files, view.conversation, view.turns[first:], view.library)
        asked = await asyncio.to_thread(followups, self.assistant, view)
        return {
            parts.header: self.head(view),
            parts.adapter: await adapters.chooser(self.assistant, view),
            parts.library: await asyncio.to_thread(shelf, self.assistant, view.library),
            parts.chat: messages(view.turns, view.t, first, asked),
            parts.card: approval.card_html(view.conversation or "", waiting.requests if waiting else (), view.t),
            parts.box: _box(running=False),
            parts.draft: self._draft(view)
            + await self.attached_html_of(view)
            + await newcomer_html(self.assistant, view),
            parts.evidence: evidence.latest(view),
            parts.history: await self.history(view),
        }

    async def attached(self, key: str, library: str | None) -> list[Attached]:
        """Returns the documents of a conversation.

        Args:
            key: Its id; empty where there is none yet.
            library: Which library it is about.
        """

        def read() -> list[Attached]:
            documents = self.assistant.attachments.documents(key) if key else []
            return [Attached(each, self.uploads.has(each, library)) for each in documents]

        try:
            if key:
                await self.assistant.attachment_bucket.glance(key)
            return await asyncio.to_thread(read)
        except LibraryError:  # what keeps them from being read is told when they are searched
            return []

    async def attached_html_of(self, view: View) -> str:
        """Returns them as they stand above the line to ask in."""
        arriving = view.arriving.entries if view.arriving else ()
        return attached_html(await self.attached(view.written or "", view.library), view.t, arriving)

    def _draft(self, view: View) -> str:
        reworded = next((turn for turn in view.turns if view.instead_of and turn.turn == view.instead_of), None)
        return dialogs.editing_html(reworded, view.t) if reworded else ""

    def head(self, view: View) -> str:
        """Returns the line at the top."""
        return header.header_html(self.assistant.engine, self.assistant.toolbox.broken, view.t)

    async def history(self, view: View) -> str:
        """Returns the list of conversations, or what was found in them.

        Args:
            view: Whose, and which is shown.
        """
        shelf = self.assistant.conversations.shelf
        listed = await (shelf.search(view.owner, view.search) if view.search else shelf.list(view.owner))
        return history.list_html(listed, view.conversation, view.t, search=view.search, tell=view.told)

    def typed(self, text: str) -> Any:
        """Returns a value of the line to ask in."""
        return text

    def _publish(self, path: Path) -> str:
        """Copies a file to where the page may fetch it from."""
        return str(self.parts.chat.move_resource_to_block_cache(path))

    def _ready_files(self, key: str, turns: list[ShownTurn], library: str | None) -> None:
        """Lets the page fetch the files of answers and the pictures that they name; reads from disk."""
        folder = self.assistant.settings.home / "files" / key
        for turn in turns:
            if isinstance(turn.end, Answer) and not turn.ready:
                made = made_in(turn.end)
                files = [artifacts.load(each, folder) for each in turn.end.artifacts]
                files = [replace(each, made=made.get(each.name)) for each in files]
                turn.artifacts, turn.ready = (*files, *self._pictures(turn.end, library)), True

    def _pictures(self, answer: Answer, library: str | None) -> list[artifacts.ShownArtifact]:
        try:
            return cited_pictures(self.assistant.attachments.holder(library), answer, self._publish)
        except (AssistantError, LibraryError):  # the library has been deleted since, or the document has
            return []


def _box(*, running: bool, **line: Any) -> Any:
    """Returns an update of the line to ask in: one stops there what runs, and else sends."""
    return gr.update(submit_btn=not running, stop_btn=running, **line)


def _pause(running: int) -> float:
    """Returns how many seconds to wait before an answer is brought up to date again, of so many that run."""
    return min(max(SECONDS_BETWEEN_UPDATES, running * SECONDS_FOR_EACH_ANSWER), MOST_SECONDS_BETWEEN_UPDATES)
