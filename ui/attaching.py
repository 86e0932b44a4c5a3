"""Files dropped on, pasted into or chosen for a question: they join the library, then the question is asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from html import escape
from pathlib import Path

import gradio as gr

from ui.language import Texts, label
from ui.reasons import said
from ui.stage import Stage, Updates
from ui.uploads import Upload, Uploads
from ui.view import View


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
    """The event of files for a question.

    Args:
        stage: Shows the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._uploads = Uploads(stage.assistant)

    async def attach(self, files: list[str], token: str | None, view: View) -> AsyncGenerator[Updates, None]:
        """Adds files to the library of the conversation, one by one; the next question names those that it took."""
        view, draft = view.of(token), self._stage.parts.draft
        uploads = [Upload(Path(path).name, Path(path), view.library) for path in files or []]
        for upload in uploads:
            yield {draft: attached_html(uploads, view.t)}
            await self._uploads.add(upload)
        view.attached += [each.name for each in uploads if each.outcome and not each.failed]
        yield {draft: attached_html(uploads, view.t)}


def attached_html(uploads: list[Upload], t: Texts) -> str:
    """Returns one line for each file with what became of it."""
    rows = "".join(
        f'<li class="{_state(each)}"><b>{escape(each.name)}</b> {escape(_words(each, t))}</li>' for each in uploads
    )
    return f'<ul class="attached" role="status">{rows}</ul>'


def _state(upload: Upload) -> str:
    return "refused" if upload.failed else "added" if upload.outcome else "reading"


def _words(upload: Upload, t: Texts) -> str:
    if upload.failed:
        return t("attach.refused", reason=said(upload.outcome.reason, t) if upload.outcome else "")
    return t("attach.added") if upload.outcome else t("attach.reading")
