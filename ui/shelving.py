"""What happens when the page is opened, and in the list of conversations and libraries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import gradio as gr

from assistant.errors import UnknownConversation
from ui.examples import examples
from ui.language import DEFAULT, preferred
from ui.stage import Stage, Updates
from ui.view import View

# Gives the conversation's id, and the words or the name that came with it.
Change = Callable[[str, str, str], Awaitable[None]]


class Shelving:
    """The events of opening and keeping conversations.

    Args:
        stage: Shows the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        shelf = stage.assistant.conversations.shelf
        self._changes: dict[str, Change] = {
            "rename": shelf.rename,
            "put": shelf.put,
            "pin": lambda key, owner, _: shelf.pin(key, owner, pinned=True),
            "unpin": lambda key, owner, _: shelf.pin(key, owner, pinned=False),
            "archive": lambda key, owner, _: shelf.archive(key, owner, archived=True),
            "unarchive": lambda key, owner, _: shelf.archive(key, owner, archived=False),
        }

    async def arrive(self, token: str | None, view: View, request: gr.Request) -> AsyncGenerator[Updates, None]:
        """Gives a browser its token on the first visit, and shows the conversation that its address names."""
        view.language = preferred(request)
        view = view.of(token)
        assistant, chat = self._stage.assistant, self._stage.parts.chat
        updates: Updates = {self._stage.parts.token: view.token}
        if view.language != DEFAULT:
            shown = examples(assistant.toolbox.tools, view.t, english=bool(assistant.engine.advice))
            updates[chat] = gr.update(examples=shown)
        yield updates
        key = dict(request.query_params).get("c")
        opened = self._open(str(key), view) if key else self._shown(view)
        async with aclosing(opened):
            async for update in opened:
                yield update

    async def choose(self, name: str, token: str | None, view: View) -> Updates:
        """Turns to another library; a conversation keeps its own, so a new one begins."""
        view = view.of(token)
        if name != (view.library or self._stage.assistant.libraries.default):
            view.show(None, [])
            view.library = name
        return await self._stage.shown(view)

    async def adapt(self, name: str | None, token: str | None, view: View) -> None:
        """Has another adapter of the model answer from the next question on."""
        view = view.of(token)
        view.adapter = name or ""

    async def new(self, token: str | None, view: View) -> Updates:
        """Begins a new conversation."""
        view = view.of(token)
        view.show(None, [])
        return await self._stage.shown(view)

    async def find(self, words: str, token: str | None, view: View) -> Updates:
        """Lists the conversations that hold words."""
        view = view.of(token)
        view.search = words.strip()
        return {self._stage.parts.history: await self._stage.history(view)}

    async def act(self, token: str | None, view: View, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Opens, changes or deletes a past conversation."""
        view, key, action = view.of(token), str(event.id), str(event.action)
        text = str(getattr(event, "text", None) or "")
        if action == "open":
            updates = self._open(key, view)
        elif action == "refresh":
            updates = self._refreshed(key, view)
        elif action == "delete":
            updates = self._deleted(key, view)
        else:
            updates = self._changed(action, key, view, text)
        async with aclosing(updates):
            async for update in updates:
                yield update

    async def _open(self, key: str, view: View) -> AsyncGenerator[Updates, None]:
        try:
            await self._stage.open(key, view)
        except UnknownConversation:
            gr.Warning(view.t("chat.gone"))
            yield await self._stage.shown(view)
            return
        async with aclosing(self._stage.watch(view)) as updates:
            async for update in updates:
                yield update

    async def _refreshed(self, key: str, view: View) -> AsyncGenerator[Updates, None]:
        """Shows what another tab did in the conversation that this one shows."""
        if view.conversation != key or view.busy:
            yield {self._stage.parts.history: gr.skip()}
            return
        async with aclosing(self._stage.watch(view)) as updates:
            async for update in updates:
                yield update

    async def _changed(self, action: str, key: str, view: View, text: str) -> AsyncGenerator[Updates, None]:
        try:
            if change := self._changes.get(action):
                await change(key, view.owner, text)
        except UnknownConversation:
            gr.Warning(view.t("chat.gone"))
        yield {self._stage.parts.history: await self._stage.history(view)}

    async def _deleted(self, key: str, view: View) -> AsyncGenerator[Updates, None]:
        assistant = self._stage.assistant
        try:
            turns = view.turns if key == view.conversation else await self._stage.read(key, view.owner)
            await assistant.delete(key, view.owner)
        except UnknownConversation:
            gr.Warning(view.t("chat.gone"))
        else:
            for each in (each for turn in turns for each in turn.artifacts if each.copy):
                await asyncio.to_thread(Path(each.copy).unlink, missing_ok=True)
            if key == view.conversation:
                view.show(None, [])
        yield await self._stage.shown(view)

    async def _shown(self, view: View) -> AsyncGenerator[Updates, None]:
        yield await self._stage.shown(view)
