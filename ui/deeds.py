"""What happens on the buttons under questions and answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.export import Exported, export, file_name
from assistant.web.files import url_of
from ui import dialogs
from ui.asking import Asking
from ui.attaching import Attaching
from ui.filling import Filling
from ui.making import Making
from ui.sharing import Sharing
from ui.stage import Stage, Updates
from ui.view import WINDOW, ShownTurn, View

Deed = Callable[[View, ShownTurn, Any], AsyncGenerator[Updates, None]]


class Deeds:
    """The events of the buttons in the chat and of the dialogs that they open.

    Args:
        stage: Shows the conversation.
        asking: Asks questions again.
    """

    def __init__(self, stage: Stage, asking: Asking) -> None:
        self._stage, self._asking = stage, asking
        sharing, making = Sharing(stage), Making(stage, asking)
        self._deeds: dict[str, Deed] = {
            "again": self._again,
            "edit": self._edit,
            "version": self._version,
            "good": self._verdict,
            "bad": self._verdict,
            "comment": self._comment,
            "compare": self._compare,
            "share": sharing.offer,
            "link": sharing.make,
            "unlink": sharing.withdraw,
            "export": self._export,
            "vary": making.vary,
            "larger": making.larger,
            "retouch": making.retouch,
            "change": making.change,
        }
        attaching = Attaching(stage)
        # These are about no turn.
        self._others: dict[str, Deed] = {
            "keep": self._keep,
            "adopt": attaching.adopt,
            "detach": attaching.detach,
            "halt": attaching.halt,
            "samples": Filling(stage).fill,
        }

    async def act(self, token: str | None, view: View, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Does what a button stands for; nothing where it stands for no turn that is shown."""
        view, name = view.of(token), str(getattr(event, "deed", ""))
        wanted = str(getattr(event, "turn", ""))
        turn = next((each for each in view.turns if wanted in map(str, (each.turn, *each.versions))), None)
        if name == "earlier":
            updates = self._earlier(view)
        elif name in self._others:
            updates = self._others[name](view, ShownTurn(""), event)
        elif turn and name in self._deeds and not view.busy:
            updates = self._deeds[name](view, turn, event)
        else:
            updates = self._nothing()
        async with aclosing(updates):
            async for update in updates:
                yield update

    async def _again(self, view: View, turn: ShownTurn, _: Any) -> AsyncGenerator[Updates, None]:
        async with aclosing(self._asking.again(view, turn)) as updates:
            async for update in updates:
                yield update

    async def _edit(self, view: View, turn: ShownTurn, _: Any) -> AsyncGenerator[Updates, None]:
        view.instead_of = turn.turn
        yield {
            self._stage.parts.draft: dialogs.editing_html(turn, view.t),
            self._stage.parts.box: gr.update(value=self._stage.typed(turn.question)),
        }

    async def _keep(self, view: View, _: ShownTurn, __: Any) -> AsyncGenerator[Updates, None]:
        view.instead_of = None
        yield {
            self._stage.parts.draft: await self._stage.attached_html_of(view),
            self._stage.parts.box: gr.update(value=self._stage.typed("")),
        }

    async def _version(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        to = int(event.to) if str(event.to).isdecimal() else 0
        if view.conversation and to in turn.versions:
            await self._stage.assistant.conversations.take_branch(view.conversation, view.owner, to)
            await self._stage.refresh(view)
        yield await self._stage.shown(view)

    async def _verdict(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        given = None if turn.verdict and turn.verdict[0] == event.deed else str(event.deed)
        async with aclosing(self._judged(view, turn, given, "")) as updates:
            async for update in updates:
                if given:
                    update[self._stage.parts.draft] = dialogs.comment_html(turn, view.t)
                yield update

    async def _comment(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        given = turn.verdict[0] if turn.verdict else None
        async with aclosing(self._judged(view, turn, given, str(event.text))) as updates:
            async for update in updates:
                yield update

    async def _judged(
        self, view: View, turn: ShownTurn, verdict: str | None, comment: str
    ) -> AsyncGenerator[Updates, None]:
        try:
            await self._stage.assistant.conversations.feedback.give(turn.turn or 0, view.owner, verdict, comment)
        except AssistantError as error:
            gr.Warning(str(error))
        await self._stage.refresh(view)
        yield await self._stage.shown(view)

    async def _compare(self, view: View, turn: ShownTurn, _: Any) -> AsyncGenerator[Updates, None]:
        stored = await self._stage.assistant.conversations.rows(turn.versions)
        yield {self._stage.parts.draft: dialogs.compare_html(stored, view.t)}

    async def _export(self, view: View, _: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        key, assistant = view.conversation or "", self._stage.assistant
        try:
            conversation = await assistant.exported(key, view.owner)
            url, name = await asyncio.to_thread(self._file, conversation, str(event.to))
        except (AssistantError, OSError) as error:
            gr.Warning(str(error))
            yield {self._stage.parts.draft: ""}
        else:
            yield {self._stage.parts.draft: dialogs.download_html(url, name, view.t)}

    def _file(self, conversation: Exported, kind: str) -> tuple[str, str]:
        data, name = export(conversation, kind), file_name(conversation.title, kind)
        path = conversation.folder / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return url_of(conversation.folder, path), name

    async def _earlier(self, view: View) -> AsyncGenerator[Updates, None]:
        view.window = view.window + WINDOW if view.window >= WINDOW else WINDOW
        yield await self._stage.shown(view)

    async def _nothing(self) -> AsyncGenerator[Updates, None]:
        yield {self._stage.parts.draft: gr.skip()}
