"""Files dropped on, pasted into or chosen for a question: they belong to its conversation, unless they are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from index.errors import LibraryError
from ui.attached import attached_html
from ui.identity import identity
from ui.language import label
from ui.reasons import said
from ui.stage import Stage, Updates
from ui.upload_queue import UploadQueue
from ui.uploads import Upload
from ui.view import ShownTurn, View


def make_button() -> gr.UploadButton:
    """Makes the button; what is dropped on the question or pasted into it goes through it too."""
    return gr.UploadButton(
        label("attach.button"),  # type: ignore[arg-type]  # translated in the browser
        file_count="multiple",
        elem_id="attach",
        size="sm",
        scale=0,
        min_width=0,
    )


class Attaching:
    """The events of files for a question.

    Args:
        stage: Shows the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def attach(self, files: list[str], token: str | None, view: View) -> AsyncGenerator[Updates, None]:
        """Adds files to the conversation, one by one; the next question names those that it took."""
        view, draft, history = view.of(token), self._stage.parts.draft, self._stage.parts.history
        if not files:
            yield {draft: gr.skip()}
            return
        begun = not view.written
        key = view.written or await self._begun(view, Path(files[0]).name)
        view.arriving = queue = view.arriving or UploadQueue(self._stage.uploads)
        running = queue.running
        queue.put([Upload(Path(path).name, Path(path), conversation=key) for path in files])
        if running:  # that which began it shows these too
            yield {draft: gr.skip()}
            return
        async with aclosing(queue.watch()) as states:
            async for state in states:
                if view.arriving is not queue:  # another conversation is shown
                    return
                rows = await self._stage.attached(key, view.library)
                yield {draft: attached_html(rows, view.t, state.entries)}
        name_settled(view)
        rows = await self._stage.attached(key, view.library)
        unused = not rows and not queue.awaited and view.conversation == key and not view.turns
        if begun and unused:  # nothing came of it, and no question that waited for it goes on with it
            await self._stage.assistant.delete(key, view.owner)
            view.show(None, [])
        yield {draft: attached_html(rows, view.t, queue.entries), history: await self._stage.history(view)}

    async def halt(self, view: View, _: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Gives up a file that is being read or waits for it."""
        if view.arriving:
            view.arriving.stop(_number(event))
        yield await self._shown(view)

    async def adopt(self, view: View, _: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Puts a document of the conversation into the library as well."""
        who, key, number = identity(), view.written or "", _number(event)
        if who is not None and not who.may("user"):
            gr.Warning(view.t("account.refused"))
        for each in await self._stage.attached(key, view.library):
            if each.document.id == number and (who is None or who.may("user")):
                path = Path(each.document.path)
                upload = Upload(path.name, path, view.library)
                await self._stage.uploads.add(upload)
                if upload.failed and upload.outcome:
                    gr.Warning(said(upload.outcome.reason, view.t))
        yield await self._shown(view)

    async def detach(self, view: View, _: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Takes a document away from the conversation."""
        try:
            assistant, key = self._stage.assistant, view.written or ""
            async with assistant.attachment_bucket.changing(key):
                await asyncio.to_thread(assistant.attachments.remove, key, _number(event))
        except (AssistantError, LibraryError) as error:
            gr.Warning(str(error))
        yield await self._shown(view)

    async def _shown(self, view: View) -> Updates:
        rows = await self._stage.attached(view.written or "", view.library)
        names = {each.document.path.rpartition("/")[2] for each in rows}
        view.attached = [each for each in view.attached if each in names]
        return {self._stage.parts.draft: attached_html(rows, view.t, view.arriving.entries if view.arriving else ())}

    async def _begun(self, view: View, title: str) -> str:
        """Begins a conversation for files that come before the first question."""
        assistant = self._stage.assistant
        library = view.library or assistant.libraries.default
        view.conversation = await assistant.conversations.open(view.owner, title, library, view.off)
        return view.conversation


def name_settled(view: View) -> None:
    """Has the next question name the files that have been added; those that were refused stay to be told of."""
    if view.arriving and not view.arriving.running:
        view.attached += [each.name for each in view.arriving.entries if each.outcome and not each.failed]
        view.arriving.entries = [each for each in view.arriving.entries if each.failed]


def _number(event: Any) -> int:
    return int(event.to) if str(getattr(event, "to", "")).isdecimal() else 0
