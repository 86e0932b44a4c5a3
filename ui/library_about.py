"""The library's other views: its map, its data sheet, and all libraries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from html import escape
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.session import Assistant
from index.errors import LibraryError, UnknownDocument
from index.types import Passage
from ui.assets import script
from ui.evidence import EVENT
from ui.language import label
from ui.library_names import names_html, read_named
from ui.library_preview import passage_of, preview_html
from ui.library_sheet import inventory_html
from ui.map import map_html
from ui.view import View

Updates = dict[Any, Any]


def make_views(assistant: Assistant, view: gr.State) -> gr.HTML:
    """Makes the tabs beside the list of documents.

    Args:
        assistant: Whose libraries.
        view: What the tab shows, and with it the library.

    Returns:
        The list of libraries, whose ``use_it`` event wants to turn to another one.
    """
    with gr.Tab(label("library.map_tab"), elem_id="map-tab") as map_tab:
        drawn = gr.HTML("", elem_id="map", js_on_load=script("map.js"), container=False)
        opened = gr.HTML("", elem_id="map-preview", js_on_load=script("armed.js", "documents.js"), container=False)
    with gr.Tab(label("library.sheet_tab"), elem_id="sheet-tab") as sheet_tab:
        sheet = gr.HTML("", elem_id="inventory", container=False)
    with gr.Tab(label("library.names_tab"), elem_id="names-tab") as names_tab:
        names = gr.HTML("", elem_id="names", js_on_load=script("armed.js", "names.js"), container=False)
    views = _Views(assistant, drawn, opened, sheet, names)
    map_tab.select(views.draw, [view], [drawn, opened], **EVENT)
    drawn.open_it(views.open, [view], [opened], **EVENT)
    opened.act(views.turn, [view], [opened], **EVENT)
    sheet_tab.select(views.count, [view], [sheet], **EVENT)
    names_tab.select(views.list, [view], [names], **EVENT)
    names.change_it(views.change, [view], [names], **EVENT)
    return names


class _Views:
    """What happens in these views."""

    def __init__(self, assistant: Assistant, drawn: gr.HTML, opened: gr.HTML, sheet: gr.HTML, names: gr.HTML) -> None:
        self._libraries = assistant.libraries
        self._drawn, self._opened, self._sheet, self._names = drawn, opened, sheet, names

    async def draw(self, view: View) -> AsyncGenerator[Updates, None]:
        """Shows the map, which may take a few seconds to draw."""
        waiting = f'<div class="empty" role="status"><b>{view.t.html("library.drawing")}</b></div>'
        yield {self._drawn: waiting, self._opened: ""}
        yield {self._drawn: await asyncio.to_thread(self._map, view)}

    async def open(self, view: View, event: gr.EventData) -> Updates:
        """Opens the document of a passage where that stands."""
        number, page = _number(getattr(event, "id", None)), getattr(event, "page", None)
        begins = str(getattr(event, "text", ""))
        if number is None:
            return {self._opened: ""}
        return {self._opened: await asyncio.to_thread(self._page, view, number, page, begins)}

    async def turn(self, view: View, event: gr.EventData) -> Updates:
        """Turns a page of the opened document, or closes it."""
        place, number = _number(getattr(event, "id", None)), _number(getattr(event, "document", None))
        if event.action == "close" or place is None or number is None:
            return {self._opened: ""}
        return {self._opened: await asyncio.to_thread(self._preview, view, number, place)}

    async def count(self, view: View) -> Updates:
        """Shows the data sheet."""
        return {self._sheet: await asyncio.to_thread(self._inventory, view)}

    async def list(self, view: View) -> Updates:
        """Shows all libraries."""
        return {self._names: await asyncio.to_thread(self._list, view)}

    async def change(self, view: View, event: gr.EventData) -> Updates:
        """Makes or deletes a library."""
        name = str(getattr(event, "id", ""))
        if problem := await asyncio.to_thread(self._change, str(event.action), name, view):
            gr.Warning(escape(problem))
        return await self.list(view)

    def _map(self, view: View) -> str:
        try:
            return map_html(self._libraries.get(view.library).map(), view.t)
        except (AssistantError, LibraryError) as error:
            return _problem(error)

    def _page(self, view: View, number: int, page: object, begins: str) -> str:
        try:
            library = self._libraries.get(view.library)
            pages = library.page_numbers(number)
            passage = passage_of(library, number, page, begins)
        except (AssistantError, LibraryError) as error:
            return _problem(error)
        return self._preview(view, number, pages.index(page) if page in pages else 0, passage)

    def _preview(self, view: View, number: int, place: int, passage: Passage | None = None) -> str:
        try:
            return preview_html(self._libraries.get(view.library), number, place, view.t, passage)
        except UnknownDocument:
            return f'<div class="empty"><b>{view.t.html("library.not_there")}</b></div>'
        except (AssistantError, LibraryError) as error:
            return _problem(error)

    def _inventory(self, view: View) -> str:
        try:
            return inventory_html(self._libraries.get(view.library).inventory(), view.t)
        except (AssistantError, LibraryError) as error:
            return _problem(error)

    def _list(self, view: View) -> str:
        default = self._libraries.default
        return names_html(read_named(self._libraries), view.library or default, default, view.t)

    def _change(self, action: str, name: str, view: View) -> str:
        """Returns what kept it from being done."""
        in_use = name in (self._libraries.default, view.library)
        try:
            if action == "make":
                self._libraries.create(name)
            elif action == "delete" and not in_use:
                self._libraries.remove(name)
        except (AssistantError, LibraryError) as error:
            return str(error)
        return ""


def _problem(error: Exception) -> str:
    return f'<div class="empty"><b>{escape(str(error))}</b></div>'


def _number(sent: object) -> int | None:
    """Reads a number that the page sent as a word."""
    return int(sent) if isinstance(sent, str) and sent.isascii() and sent.isdecimal() and len(sent) < 16 else None  # noqa: PLR2004
