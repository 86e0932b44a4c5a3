"""What happens when calls that wait are approved or refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import gradio as gr

from assistant.approval import Decision
from assistant.errors import UnknownConversation
from assistant.events import Failed
from assistant.live import LiveTurn
from ui import approval
from ui.approval import BadArguments
from ui.stage import Stage, Updates
from ui.view import ShownTurn, View, requests_of


class Deciding:
    """The event of the card.

    Args:
        stage: Shows the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def decide(self, token: str | None, view: View, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Goes on with a turn as the person decided on the card; only about what that card showed."""
        stage, view = self._stage, view.of(token)
        yield {stage.parts.card: "", stage.parts.box: gr.update(submit_btn=False, stop_btn=True)}
        key, shown = str(getattr(event, "conversation", "")), getattr(event, "key", None)
        try:
            if view.conversation != key:  # the server was started again since, or another conversation was opened
                await stage.open(key, view)
            turn, tools = view.waiting, stage.assistant.toolbox.tools
            requests = turn.requests if turn else ()
            decisions = approval.read_decisions(requests, getattr(event, "decisions", None), tools)
            if turn is None or shown != approval.fingerprint(key, requests) or stage.assistant.live.of(key):
                updates = self._decided_elsewhere(view)
            else:
                updates = self._resume(view, turn, key, decisions)
        except (UnknownConversation, BadArguments) as error:
            gr.Warning(view.t("chat.gone") if isinstance(error, UnknownConversation) else str(error))
            yield await stage.shown(view)
            return
        async with aclosing(updates):
            async for update in updates:
                yield update

    async def _resume(
        self, view: View, turn: ShownTurn, key: str, decisions: Mapping[str, Decision]
    ) -> AsyncGenerator[Updates, None]:
        """Runs the rest of a turn, unless what waits now is not what was shown."""
        stage, requests = self._stage, turn.requests
        assistant, owner = stage.assistant, view.owner
        stored = await assistant.conversations.turns(key, owner)
        current = approval.fingerprint(key, requests_of(stored[-1]))
        # Nothing is awaited between the look and the start, so that one of two tabs is the first.
        if assistant.live.of(key) or current != approval.fingerprint(key, requests):
            updates = self._decided_elsewhere(view)
        else:
            view.turns[:] = view.turns[: view.turns.index(turn) + 1]  # questions that were refused are not kept
            live = assistant.live.start(turn.question, assistant.resume(key, decisions, owner), key, stored[-1])
            updates = self._followed(view, live)
        async with aclosing(updates):
            async for update in updates:
                yield update

    async def _followed(self, view: View, live: LiveTurn) -> AsyncGenerator[Updates, None]:
        async with aclosing(self._stage.follow(view, live, own=True)) as updates:
            async for update in updates:
                yield update
        end = live.events[-1] if live.events else None
        if isinstance(end, Failed) and end.kind == "NothingWaits":
            async with aclosing(self._decided_elsewhere(view)) as updates:
                async for update in updates:
                    yield update

    async def _decided_elsewhere(self, view: View) -> AsyncGenerator[Updates, None]:
        gr.Warning(view.t("chat.decided"))
        async with aclosing(self._stage.watch(view)) as updates:
            async for update in updates:
                yield update
