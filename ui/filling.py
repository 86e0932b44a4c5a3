"""What happens when a newcomer fills an empty library with the documents that ship."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from html import escape
from typing import Any

import gradio as gr

from ui.newcomer import filling_html, may_fill
from ui.stage import Stage, Updates
from ui.upload_queue import UploadQueue
from ui.uploads import samples
from ui.view import ShownTurn, View


class Filling:
    """The event of the button that fills an empty library.

    Args:
        stage: Shows the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def fill(self, view: View, _: ShownTurn, __: Any) -> AsyncGenerator[Updates, None]:
        """Adds the sample documents to the library; it goes on when the page is closed."""
        draft = self._stage.parts.draft
        if not may_fill():
            gr.Warning(view.t("account.refused"))
            yield {draft: gr.skip()}
            return
        queue = UploadQueue(self._stage.uploads)
        queue.put(samples(view.library))
        async with aclosing(queue.watch()) as states:
            async for state in states:
                if not view.turns:
                    yield {draft: filling_html(state, view.t)}
        problem = next((each.outcome.reason for each in queue.entries if each.failed and each.outcome), "")
        gr.Warning(escape(problem)) if problem else gr.Info(view.t("newcomer.filled"))
        if not view.turns:
            yield await self._stage.shown(view)
