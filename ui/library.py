"""The library panel: adding documents with progress and an outcome for each, the list, removing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.session import Assistant
from index.errors import LibraryError
from index.types import Document
from ui.assets import script
from ui.evidence import EVENT
from ui.text import size_words
from ui.uploads import Upload, Uploads, kinds
from ui.view import View

NOTE = """<div class="about-library"><p>Everyone who uses this server shares this library: what you add, all of them can
ask about and read.</p></div>"""
EMPTY = '<div class="empty"><b>The library is empty.</b> Add documents above, then ask about them.</div>'
WORDS = {
    "added": "added",
    "changed": "replaced by the new version",
    "unchanged": "was here already",
    "refused": "not added",
    "removed": "removed",
}

Updates = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """What others need of the panel.

    Attributes:
        listed: The list of documents.
        refresh: Brings it up to date, from what the tab shows.
    """

    listed: gr.HTML
    refresh: Callable[[View], Awaitable[str]]


def make_chooser(assistant: Assistant) -> gr.Dropdown:
    """Makes the list of libraries to choose from."""
    return shelf(assistant, None)


def shelf(assistant: Assistant, chosen: str | None) -> gr.Dropdown:
    """Returns the libraries to choose from; hidden where there is no choice.

    Args:
        assistant: Whose libraries.
        chosen: The name of the chosen one; None is the default. One that was deleted is listed still.
    """
    chosen = chosen or assistant.libraries.default
    names = list(dict.fromkeys([*assistant.libraries.names(), chosen]))
    return gr.Dropdown(names, value=chosen, label="Library", visible=len(names) > 1, elem_id="shelf")


def make_panel(assistant: Assistant, tab: gr.Tab, view: gr.State) -> Panel:
    """Makes the panel in the current layout.

    Args:
        assistant: Whose libraries.
        tab: The tab that the panel is in; selecting it brings the list up to date.
        view: What the tab shows, and with it the library.
    """
    uploads = Uploads(assistant)
    gr.HTML(f'{NOTE}<p class="kinds">It reads {escape(kinds())}.</p>', container=False)
    files = gr.File(
        file_count="multiple", label="Add documents: drop files here or click to choose", elem_id="upload", height=150
    )
    stop = gr.Button("Stop adding", elem_id="stop-adding", size="sm", visible=False)
    progress = gr.HTML("", elem_id="progress", container=False)
    listed = gr.HTML("", elem_id="documents", js_on_load=script("list.js"), container=False)

    async def documents(view: View) -> str:
        return await asyncio.to_thread(_listed, assistant, view.library)

    async def add(paths: list[str], view: View) -> AsyncGenerator[Updates, None]:
        stopping = view.uploading = Event()
        yield {files: gr.File(interactive=False), stop: gr.Button(visible=True, interactive=True)}
        async with aclosing(uploads.add([Path(path) for path in paths], view.library, stopping)) as states:
            async for state in states:
                yield {progress: progress_html(state)}
        yield {
            files: gr.File(value=None, interactive=True),
            stop: gr.Button(visible=False),
            listed: await documents(view),
        }

    def end(view: View) -> Updates:
        if view.uploading:
            view.uploading.set()
        return {stop: gr.Button(interactive=False)}

    async def act(view: View, event: gr.EventData) -> Updates:
        problem = await asyncio.to_thread(uploads.remove, event.id, view.library)
        if problem:
            gr.Warning(problem)
        return {listed: await documents(view), progress: ""}

    files.upload(add, [files, view], [files, stop, progress, listed], **EVENT)
    stop.click(end, [view], [stop], **EVENT)
    listed.act(act, [view], [listed, progress], **EVENT)
    tab.select(documents, [view], [listed], **EVENT)
    return Panel(listed, documents)


def _listed(assistant: Assistant, library: str | None) -> str:
    try:
        return documents_html(assistant.libraries.get(library).documents())
    except (AssistantError, LibraryError) as error:
        return f'<div class="empty"><b>{escape(str(error))}</b></div>'


def progress_html(uploads: Sequence[Upload]) -> str:
    """Returns one line for each file with what became of it, and a bar for all."""
    done = sum(upload.outcome is not None or upload.stopped for upload in uploads)
    words = f"{done} of {len(uploads)} read" if done < len(uploads) else _summary(uploads)
    bar = f'<progress max="{len(uploads)}" value="{done}" aria-label="Files read"></progress>'
    rows = "".join(_upload_row(upload) for upload in uploads)
    return f'<div class="progress" role="status"><p>{words}</p>{bar}<ul>{rows}</ul></div>'


def _summary(uploads: Sequence[Upload]) -> str:
    refused = sum(upload.status == "refused" or upload.stopped for upload in uploads)
    taken = len(uploads) - refused
    words = f"{taken} of {len(uploads)} in the library" if refused else f"All {len(uploads)} in the library"
    return "In the library" if len(uploads) == 1 and not refused else words


def _upload_row(upload: Upload) -> str:
    if upload.stopped:
        state, words = "refused", "stopped, not added"
    elif upload.outcome is None:
        state, words = ("reading", upload.words or "being read …") if upload.started else ("waiting", "waiting")
    else:
        state, words = upload.outcome.status, WORDS[upload.outcome.status]
        if upload.outcome.reason:
            words += f": {upload.outcome.reason}"
        elif upload.outcome.document:
            words += f", {_amount(upload.outcome.document)}"
    return f'<li class="{state}"><b>{escape(upload.name)}</b> <span>{escape(words)}</span></li>'


def documents_html(documents: Sequence[Document]) -> str:
    """Returns the list of documents by title."""
    if not documents:
        return EMPTY
    count = "1 document" if len(documents) == 1 else f"{len(documents)} documents"
    rows = "".join(_document_row(each) for each in sorted(documents, key=lambda each: each.title.casefold()))
    return f'<div class="documents"><h2>{count}</h2><ul>{rows}</ul></div>'


def _document_row(document: Document) -> str:
    name = escape(Path(document.path).name)
    facts = escape(f"{_amount(document)}, {size_words(document.size)}, added {document.added[:10]}")
    facts += "".join(f' <span class="tag">{escape(tag)}</span>' for tag in document.tags)
    return (
        f'<li><span class="kind">{escape(document.kind)}</span>'
        f'<div><b>{escape(document.title)}</b><span class="facts">{name} · {facts}</span></div>'
        f'<button class="delete" data-action="remove" data-id="{document.id}" data-confirm="Remove for everyone?" '
        f'aria-label="Remove {name}">Remove</button></li>'
    )


def _amount(document: Document) -> str:
    passages = "1 passage" if document.passages == 1 else f"{document.passages:,} passages"
    return f"{document.pages:,} pages, {passages}" if document.pages > 1 else passages
