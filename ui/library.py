"""The library panel: what is where in it, and what happens on each of its events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.session import Assistant
from index.errors import LibraryError, UnknownDocument
from index.library import Library
from index.listing import Wanted
from ui.assets import script
from ui.evidence import EVENT
from ui.language import DEFAULT, Texts, label, texts
from ui.library_about import make_views
from ui.library_list import COUNT, listing_html, read_wanted, toolbar_html
from ui.library_preview import preview_html
from ui.library_uploads import drop_html, queue_html
from ui.upload_queue import UploadQueue, read_files
from ui.uploads import Upload, Uploads, samples
from ui.view import View

Updates = dict[Any, Any]


@dataclass(slots=True)
class Shelf:
    """What one tab shows of the library.

    Attributes:
        wanted: Which documents are listed.
        opened: The document that is opened, None where the list is shown.
        place: Which of its pages, from 0.
        queue: What the tab has uploaded; None before the first file.
        library: Which library that is about; None is the default.
        language: In which everything is told.
    """

    wanted: Wanted = field(default_factory=lambda: Wanted(count=COUNT))
    opened: int | None = None
    place: int = 0
    queue: UploadQueue | None = None
    library: str | None = None
    language: str = DEFAULT

    def turn_to(self, library: str | None) -> None:
        """Begins anew where another library was chosen."""
        if library != self.library:
            self.library, self.wanted, self.opened = library, Wanted(count=COUNT), None


@dataclass(frozen=True, slots=True)
class Panel:
    """What others need of the panel.

    Attributes:
        inputs: What ``refresh`` takes.
        outputs: What it changes.
        refresh: Brings the panel up to date, as after another library was chosen.
        names: The list of libraries; its ``use_it`` event wants to turn to another one.
    """

    inputs: list[Any]
    outputs: list[Any]
    refresh: Callable[[View, Shelf], Awaitable[Updates]]
    names: gr.HTML


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
    return gr.Dropdown(names, value=chosen, label=label("library.choose"), visible=len(names) > 1, elem_id="shelf")


def make_panel(assistant: Assistant, tab: gr.Tab, view: gr.State) -> Panel:
    """Makes the panel in the current layout.

    Args:
        assistant: Whose libraries.
        tab: The tab that the panel is in; selecting it brings the list up to date.
        view: What the tab shows, and with it the library.
    """
    state = gr.State(Shelf())
    with gr.Tabs(elem_id="library-tabs"):
        with gr.Tab(label("library.documents_tab"), elem_id="documents-tab"):
            drop = gr.HTML(
                drop_html(assistant.settings.page.max_upload_mb, texts()),
                elem_id="upload",
                js_on_load=script("upload.js"),
                container=False,
            )
            progress = gr.HTML("", elem_id="progress", js_on_load=script("armed.js", "list.js"), container=False)
            toolbar = gr.HTML("", elem_id="toolbar", js_on_load=script("toolbar.js"), container=False)
            opened = gr.HTML("", elem_id="preview", js_on_load=script("armed.js", "documents.js"), container=False)
            listed = gr.HTML("", elem_id="documents", js_on_load=script("armed.js", "documents.js"), container=False)
        names = make_views(assistant, view)
    panel = _Panel(assistant, drop, progress, toolbar, opened, listed)
    who, seen = [view, state], [drop, toolbar, opened, listed]
    drop.arrive(panel.add, who, [progress, *seen], trigger_mode="multiple", **EVENT)
    progress.act(panel.steer, who, [progress, *seen], trigger_mode="multiple", **EVENT)
    toolbar.look(panel.look, who, [listed], trigger_mode="always_last", **EVENT)
    listed.act(panel.act, who, [opened, listed], **EVENT)
    listed.change_it(panel.change, who, [progress, *seen], **EVENT)
    opened.act(panel.turn, who, [opened], **EVENT)
    tab.select(panel.refresh, who, seen, **EVENT)
    return Panel(who, seen, panel.refresh, names)


class _Panel:
    """What happens on the events of the panel."""

    def __init__(
        self,
        assistant: Assistant,
        drop: gr.HTML,
        progress: gr.HTML,
        toolbar: gr.HTML,
        opened: gr.HTML,
        listed: gr.HTML,
    ) -> None:
        self._assistant = assistant
        self._uploads = Uploads(assistant)
        self._drop, self._progress, self._toolbar, self._opened, self._listed = (
            drop,
            progress,
            toolbar,
            opened,
            listed,
        )

    async def refresh(self, view: View, shelf: Shelf) -> Updates:
        """Shows everything as it is now; another library is shown from its beginning."""
        shelf.turn_to(view.library)
        return {
            **self._told(view, shelf),
            **await self._changed(view, shelf),
            self._opened: await self._preview(view, shelf),
        }

    def _told(self, view: View, shelf: Shelf) -> Updates:
        """What never changes, once in the person's language: drawn anew it would forget what it is sending."""
        if shelf.language == view.language:
            return {}
        shelf.language = view.language
        return {self._drop: drop_html(self._assistant.settings.page.max_upload_mb, view.t)}

    async def look(self, view: View, shelf: Shelf, event: gr.EventData) -> Updates:
        """Narrows the list."""
        shelf.wanted = read_wanted(event, shelf.wanted)
        return {self._listed: await self._list(view, shelf)}

    async def add(self, view: View, shelf: Shelf, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Adds files that have arrived."""
        files = await asyncio.to_thread(read_files, getattr(event, "files", None), view.library)
        async with aclosing(self._take(files, view, shelf)) as updates:
            async for update in updates:
                yield update

    async def _take(self, files: list[Upload], view: View, shelf: Shelf) -> AsyncGenerator[Updates, None]:
        shelf.queue = queue = shelf.queue or UploadQueue(self._uploads)
        running = queue.running
        queue.put(files)
        if not running:  # else that which began it shows these too
            async with aclosing(self._watch(queue, view, shelf)) as updates:
                async for update in updates:
                    yield update

    async def steer(self, view: View, shelf: Shelf, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Pauses, stops or tries again."""
        if (queue := shelf.queue) is None:
            return
        running, place = queue.running, _number(getattr(event, "id", None))
        match event.action:
            case "pause" | "resume":
                queue.paused = event.action == "pause"
            case "stop":
                queue.stop(place)
            case "retry":
                queue.retry(place)
        yield {self._progress: queue_html(queue, view.t)}
        if queue.running and not running:
            async with aclosing(self._watch(queue, view, shelf)) as updates:
                async for update in updates:
                    yield update

    async def act(self, view: View, shelf: Shelf, event: gr.EventData) -> Updates:
        """Opens a document, or turns to another page of the list."""
        number = _number(getattr(event, "id", None))
        if event.action == "turn":
            shelf.wanted = read_wanted(_Page(number or 0), shelf.wanted)
            return {self._listed: await self._list(view, shelf)}
        shelf.opened, shelf.place = number, 0
        return {self._opened: await self._preview(view, shelf)}

    async def change(self, view: View, shelf: Shelf, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Tags or removes a document, or adds those that ship."""
        if event.action == "samples":
            async with aclosing(self._take(samples(view.library), view, shelf)) as updates:
                async for update in updates:
                    yield update
            return
        number, action, word = _number(getattr(event, "id", None)), event.action, getattr(event, "word", None)
        if problem := await asyncio.to_thread(self._change, action, number, word, view):
            gr.Warning(escape(problem))
        gone = {self._progress: ""} if action == "remove" and not (shelf.queue and shelf.queue.running) else {}
        yield {**await self._changed(view, shelf), **gone}

    async def turn(self, view: View, shelf: Shelf, event: gr.EventData) -> Updates:
        """Turns a page of the opened document, or closes it."""
        shelf.place = _number(getattr(event, "id", None)) or 0
        shelf.opened = None if event.action == "close" else shelf.opened
        return {self._opened: await self._preview(view, shelf)}

    async def _watch(self, queue: UploadQueue, view: View, shelf: Shelf) -> AsyncGenerator[Updates, None]:
        async with aclosing(queue.watch()) as states:
            async for state in states:
                yield {self._progress: queue_html(state, view.t)}
        yield {self._progress: queue_html(queue, view.t), **await self._changed(view, shelf)}

    async def _changed(self, view: View, shelf: Shelf) -> Updates:
        """The list after its documents have changed, with what there is to filter by."""
        toolbar = await asyncio.to_thread(self._tools, view.library, view.t)
        return {self._toolbar: toolbar, self._listed: await self._list(view, shelf)}

    async def _list(self, view: View, shelf: Shelf) -> str:
        def read(library: Library) -> str:
            return listing_html(library.listing(shelf.wanted), shelf.wanted, view.t)

        return await asyncio.to_thread(self._read, view, read)

    async def _preview(self, view: View, shelf: Shelf) -> str:
        if (number := shelf.opened) is None:
            return ""
        return await asyncio.to_thread(self._read, view, lambda held: preview_html(held, number, shelf.place, view.t))

    def _tools(self, name: str | None, t: Texts) -> str:
        try:
            facets = self._assistant.libraries.get(name).facets()
        except (AssistantError, LibraryError):  # the list says so
            return ""
        return toolbar_html(facets, self._uploads.folder, name or "", t) if facets.kinds else ""

    def _read(self, view: View, read: Callable[[Library], str]) -> str:
        try:
            return read(self._assistant.libraries.get(view.library))
        except UnknownDocument:
            return f'<div class="empty"><b>{view.t.html("library.not_there")}</b></div>'
        except (AssistantError, LibraryError) as error:
            return f'<div class="empty"><b>{escape(str(error))}</b></div>'

    def _change(self, action: str, number: int | None, word: object, view: View) -> str:
        """Changes a document, and returns what kept it from that."""
        if action == "remove":
            return self._uploads.remove(number, view.library, view.t)
        if number is None or not isinstance(word, str) or action not in ("tag", "untag"):
            return ""
        try:
            held = self._assistant.libraries.get(view.library)
            change = held.tag if action == "tag" else held.untag
            change(held.document(number).path, [word])
        except (AssistantError, LibraryError) as error:
            return str(error)
        return ""


@dataclass(frozen=True, slots=True)
class _Page:
    page: int


def _number(sent: object) -> int | None:
    """Reads a number that the page sent as a word."""
    return int(sent) if isinstance(sent, str) and sent.isascii() and sent.isdecimal() and len(sent) < 16 else None  # noqa: PLR2004
