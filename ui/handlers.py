"""What happens on each event of the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.approval import Decision
from assistant.errors import AssistantError, UnknownConversation
from assistant.events import Answer, Event, Failed
from assistant.session import Assistant
from index.errors import LibraryError
from ui import approval, artifacts, evidence, header, history, permissions
from ui.approval import BadArguments
from ui.language import preferred
from ui.library import shelf
from ui.render import messages, turn_messages
from ui.sheet import cited_pictures
from ui.turn import play
from ui.view import ShownTurn, View, from_stored, requests_of

SECONDS_BETWEEN_LOOKS = 0.2

Updates = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that a turn changes.

    Attributes:
        token: The browser's secret.
        view: What the tab shows.
        header: The line at the top.
        library: Which library a conversation is about.
        chat: The messages.
        card: Where calls wait for approval.
        box: Where questions are typed.
        evidence: The panel of sources.
        history: The list of past conversations.
    """

    token: gr.BrowserState
    view: gr.State
    header: gr.HTML
    library: gr.Dropdown
    chat: gr.Chatbot
    card: gr.HTML
    box: gr.Textbox
    evidence: gr.HTML
    history: gr.HTML


class Handlers:
    """What happens on each event of the conversation.

    Args:
        assistant: Who answers.
        parts: The components.
    """

    def __init__(self, assistant: Assistant, parts: Parts) -> None:
        self.assistant = assistant
        self.parts = parts
        # The turns that are being answered, by conversation: other tabs follow them, and decide nothing about them.
        self._live: dict[str, ShownTurn] = {}

    async def arrive(self, token: str | None, view: View, request: gr.Request) -> Updates:
        """Gives a browser its token on the first visit, and shows its conversations."""
        parts, view.language = self.parts, preferred(request)
        return {
            parts.token: view.of(token).token,
            parts.history: await self._history(view),
            parts.header: self._head(view),
            parts.library: await self._shelf(view),
        }

    async def choose(self, name: str, token: str | None, view: View) -> Updates:
        """Turns to another library; a conversation keeps its own, so a new one begins."""
        view = view.of(token)
        if name != (view.library or self.assistant.libraries.default):
            view.show(None, [])
            view.library = name
        return await self._ended(view)

    async def ask(self, question: str, token: str | None, view: View) -> AsyncGenerator[Updates, None]:
        """Answers a question; nothing happens for an empty one or while another is being answered."""
        parts, view = self.parts, view.of(token)
        if not question.strip() or view.busy:
            yield {parts.box: gr.skip()}
            return
        turns, turn, waiting = view.turns, ShownTurn(question), view.waiting
        before = messages(turns, view.t)
        turns.append(turn)
        yield {parts.box: gr.Textbox(value="", submit_btn=False, stop_btn=True), parts.card: ""}
        library = None if view.conversation else view.library
        rules = permissions.rules(self.assistant.toolbox.tools)
        stream = self.assistant.stream(question, view.conversation, view.owner, rules, library, view.off)
        async with aclosing(self._play(view, turn, stream)) as updates:
            async for _ in updates:
                if waiting and turn.conversation:  # which is given up now, or was decided elsewhere
                    turns[:-1] = (await self._read(turn.conversation, view.owner))[:-1]
                    waiting, before = None, messages(turns[:-1], view.t)
                if view.turns is turns:
                    yield {parts.chat: before + turn_messages(turn, len(turns) - 1, view.t)}
        yield await self._ended(view) if view.turns is turns else {parts.history: await self._history(view)}

    async def decide(self, token: str | None, view: View, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Goes on with a turn as the person decided on the card; only about what that card showed."""
        parts, view = self.parts, view.of(token)
        yield {parts.card: "", parts.box: gr.Textbox(submit_btn=False, stop_btn=True)}
        key, shown = str(getattr(event, "conversation", "")), getattr(event, "key", None)
        try:
            if view.conversation != key:  # the server was started again since, or another conversation was opened
                await self._open(key, view)
            turn, tools = view.waiting, self.assistant.toolbox.tools
            requests = turn.requests if turn else ()
            decisions = approval.read_decisions(requests, getattr(event, "decisions", None), tools)
            if turn is None or shown != approval.fingerprint(key, requests) or key in self._live:
                updates = self._decided_elsewhere(view)
            else:
                updates = self._resume(view, turn, key, decisions)
        except (UnknownConversation, BadArguments) as error:
            gr.Warning(view.t("chat.gone") if isinstance(error, UnknownConversation) else str(error))
            yield await self._ended(view)
            return
        async with aclosing(updates):
            async for update in updates:
                yield update

    async def stop(self, token: str | None, view: View) -> None:
        """Stops the running answer; what asked the question then shows how far it came."""
        if task := view.of(token).running:
            task.cancel()

    async def example(self, token: str | None, view: View, event: gr.SelectData) -> AsyncGenerator[Updates, None]:
        """Asks the question of an example."""
        async with aclosing(self.ask(str(event.value["text"]), token, view)) as updates:
            async for update in updates:
                yield update

    async def again(self, token: str | None, view: View) -> AsyncGenerator[Updates, None]:
        """Asks the last question once more."""
        question = view.of(token).turns[-1].question if view.turns else ""
        async with aclosing(self.ask(question, token, view)) as updates:
            async for update in updates:
                yield update

    async def new(self, token: str | None, view: View) -> Updates:
        """Begins a new conversation."""
        view = view.of(token)
        view.show(None, [])
        return await self._ended(view)

    async def act(self, token: str | None, view: View, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Opens or deletes a past conversation."""
        view, key = view.of(token), str(event.id)
        try:
            if event.action == "delete":
                await self._delete(key, view)
            else:
                await self._open(key, view)
        except UnknownConversation:
            gr.Warning(view.t("chat.gone"))
        yield await self._ended(view)
        if event.action != "delete" and key in self._live:
            async with aclosing(self._follow(view)) as updates:
                async for update in updates:
                    yield update

    async def _resume(
        self, view: View, turn: ShownTurn, key: str, decisions: Mapping[str, Decision]
    ) -> AsyncGenerator[Updates, None]:
        """Runs the rest of a turn, unless what waits now is not what was shown."""
        turns, requests = view.turns, turn.requests
        self._live[key] = turn  # before anything is awaited, so that one of two tabs is the first
        try:
            stored = await self.assistant.conversations.turns(key, view.owner)
            current = approval.fingerprint(key, requests_of(stored[-1]))
            if current == approval.fingerprint(key, requests):
                del turns[_index(turns, turn) + 1 :]  # questions that were refused, and are not kept
                before = messages(turns[:-1], view.t)
                stream = self.assistant.resume(key, decisions, view.owner)
                async with aclosing(self._play(view, turn, stream)) as updates:
                    async for _ in updates:
                        if view.turns is turns:
                            yield {self.parts.chat: before + turn_messages(turn, len(turns) - 1, view.t)}
        finally:
            self._let_go(turn, key)
        if turn.requests is requests or (isinstance(turn.end, Failed) and turn.end.kind == "NothingWaits"):
            async with aclosing(self._decided_elsewhere(view)) as updates:
                async for update in updates:
                    yield update
        else:
            yield await self._ended(view) if view.turns is turns else {self.parts.history: await self._history(view)}

    async def _decided_elsewhere(self, view: View) -> AsyncGenerator[Updates, None]:
        gr.Warning(view.t("chat.decided"))
        async with aclosing(self._follow(view)) as updates:
            async for update in updates:
                yield update

    async def _follow(self, view: View) -> AsyncGenerator[Updates, None]:
        """Shows a turn that another tab began, until it ends or something else is opened."""
        turns, key, owner = view.turns, view.conversation or "", view.owner
        while (live := self._live.get(key)) and view.turns is turns:
            yield {self.parts.chat: messages(turns[:-1], view.t) + turn_messages(live, len(turns) - 1, view.t)}
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        if view.turns is turns:
            with suppress(UnknownConversation):
                view.show(key, await self._read(key, owner))
            yield await self._ended(view)

    async def _play(
        self, view: View, turn: ShownTurn, stream: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[ShownTurn, None]:
        key = ""
        try:
            async with aclosing(play(view, turn, stream)) as updates:
                async for _ in updates:
                    if turn.conversation and not key:
                        key = turn.conversation
                        self._live[key] = turn
                    yield turn
        finally:
            self._let_go(turn, key)

    def _let_go(self, turn: ShownTurn, key: str) -> None:
        if self._live.get(key) is turn:
            del self._live[key]

    async def _read(self, key: str, owner: str) -> list[ShownTurn]:
        """Returns a conversation as it is stored.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        turns = [from_stored(turn) for turn in await self.assistant.conversations.turns(key, owner)]
        library = await self.assistant.conversations.library(key, owner)
        await asyncio.to_thread(self._ready_files, key, turns, library)
        return turns

    async def _open(self, key: str, view: View) -> None:
        turns = await self._read(key, view.owner)
        library = await self.assistant.conversations.library(key, view.owner)
        view.show(key, turns)
        view.library = library

    async def _delete(self, key: str, view: View) -> None:
        copies = [each for turn in await self._read(key, view.owner) for each in turn.artifacts if each.copy]
        await self.assistant.delete(key, view.owner)
        for each in copies:
            await asyncio.to_thread(Path(each.copy).unlink, missing_ok=True)
        if key == view.conversation:
            view.show(None, [])

    def _ready_files(self, key: str, turns: list[ShownTurn], library: str | None) -> None:
        """Lets the page fetch the files of answers and the pictures that they name; reads from disk."""
        folder = self.assistant.settings.home / "files" / key
        for turn in turns:
            if isinstance(turn.end, Answer) and not turn.ready:
                files = [artifacts.load(each, folder) for each in turn.end.artifacts]
                turn.artifacts, turn.ready = (*files, *self._pictures(turn.end, library)), True

    def _pictures(self, answer: Answer, library: str | None) -> list[artifacts.ShownArtifact]:
        try:
            return cited_pictures(self.assistant.libraries.get(library), answer, self._publish)
        except (AssistantError, LibraryError):  # the library has been deleted since, or the document has
            return []

    def _publish(self, path: Path) -> str:
        return str(self.parts.chat.move_resource_to_block_cache(path))

    async def _ended(self, view: View) -> Updates:
        parts, waiting = self.parts, view.waiting
        if view.conversation:
            await asyncio.to_thread(self._ready_files, view.conversation, view.turns, view.library)
        return {
            parts.header: self._head(view),
            parts.library: await self._shelf(view),
            parts.chat: messages(view.turns, view.t),
            parts.card: approval.card_html(view.conversation or "", waiting.requests if waiting else (), view.t),
            parts.box: gr.Textbox(submit_btn=True, stop_btn=False),
            parts.evidence: evidence.latest(view),
            parts.history: await self._history(view),
        }

    async def _shelf(self, view: View) -> gr.Dropdown:
        return await asyncio.to_thread(shelf, self.assistant, view.library)

    def _head(self, view: View) -> str:
        return header.header_html(self.assistant.engine, self.assistant.toolbox.broken, view.t)

    async def _history(self, view: View) -> str:
        return history.list_html(await self.assistant.conversations.list(view.owner), view.conversation, view.t)


def _index(turns: list[ShownTurn], turn: ShownTurn) -> int:
    return next(number for number, each in enumerate(turns) if each is turn)
