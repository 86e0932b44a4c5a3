"""What happens when a question is asked, asked again, reworded or stopped."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from ui import permissions
from ui.attaching import name_settled
from ui.render import AGAIN
from ui.stage import Stage, Updates
from ui.view import ShownTurn, View


class Asking:
    """The events by which turns begin and are stopped.

    Args:
        stage: Shows the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def ask(self, typed: Any, token: str | None, view: View) -> AsyncGenerator[Updates, None]:
        """Answers a question; nothing happens for an empty one or while another is being answered."""
        view = view.of(token)
        question = str(typed or "")
        if question.strip() and view.arriving and not await self._read(view):
            yield {self._stage.parts.box: gr.skip()}
            return
        # The built-in engine, which is the one with advice, would take the names for a part of what is asked.
        if view.attached and question.strip() and not self._stage.assistant.engine.advice:
            names = ", ".join(view.attached)
            question, view.attached = f"{question}\n\n{view.t('attach.about', names=names)}", []
        async with aclosing(self._ask(question, view, view.instead_of)) as updates:
            async for update in updates:
                yield update

    async def _read(self, view: View) -> bool:
        """Waits for the files that a question may be about; False where another question waits for them already."""
        arriving = view.arriving
        if not (arriving and arriving.running):
            name_settled(view)
            view.arriving = None  # those that were refused have been seen
            return True
        if arriving.awaited:
            return False
        arriving.awaited = True
        gr.Info(view.t("attach.waits"))
        await arriving.settled()
        name_settled(view)
        return view.arriving is arriving  # else another conversation is shown by now

    async def example(self, token: str | None, view: View, event: gr.SelectData) -> AsyncGenerator[Updates, None]:
        """Asks the question of an example."""
        async with aclosing(self._ask(str(event.value["text"]), view.of(token))) as updates:
            async for update in updates:
                yield update

    async def option(self, token: str | None, view: View, event: gr.SelectData) -> AsyncGenerator[Updates, None]:
        """Asks the last question once more, or one that follows from the last answer."""
        view, chosen = view.of(token), str(event.value)
        updates = self.again(view) if chosen == AGAIN else self._ask(chosen, view)
        async with aclosing(updates):
            async for update in updates:
                yield update

    async def put(self, view: View, question: str) -> AsyncGenerator[Updates, None]:
        """Asks a question in the person's place."""
        async with aclosing(self._ask(question, view)) as updates:
            async for update in updates:
                yield update

    async def stop(self, token: str | None, view: View) -> None:
        """Stops the running answer; whoever watches it then sees how far it came."""
        if live := view.of(token).running:
            live.stop()

    async def again(self, view: View, turn: ShownTurn | None = None) -> AsyncGenerator[Updates, None]:
        """Asks a question once more, as another branch; a question that was never written down is just asked."""
        turn = turn or (view.turns[-1] if view.turns else None)
        async with aclosing(self._ask(turn.question if turn else "", view, turn.turn if turn else None)) as updates:
            async for update in updates:
                yield update

    async def _ask(self, question: str, view: View, instead_of: int | None = None) -> AsyncGenerator[Updates, None]:
        if not question.strip() or view.busy:
            yield {self._stage.parts.box: gr.skip()}
            return
        assistant = self._stage.assistant
        if view.conversation:  # another tab may have gone on with it, and what waits is given up now
            await self._stage.refresh(view)
        if instead_of is not None:
            view.turns[:] = view.until(instead_of)
        elif view.turns and view.turns[-1].turn is None:  # it was refused and is not kept
            view.turns.pop()
        rules = permissions.rules(assistant.toolbox.tools)
        library = None if view.conversation else view.library
        stream = assistant.stream(
            question, view.conversation, view.owner, rules, library, view.off, instead_of, adapter=view.adapter
        )
        if not view.turns and instead_of is None:
            stream = assistant.titles.named(stream, question, view.owner)
        live = assistant.live.start(question, stream)
        async with aclosing(self._stage.follow(view, live, own=True)) as updates:
            async for update in updates:
                yield update
