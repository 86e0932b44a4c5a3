"""The evidence panel: the sources of the answer in view, and the stored page around a quote."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.events import Answer, Citation
from assistant.session import Assistant
from index.errors import LibraryError
from ui.assets import script
from ui.sheet import Sheet, sheet_html, sheets
from ui.text import place
from ui.view import ShownTurn, View

# Characters of a page shown before and after a quote: some thousand words stay quick to load on a phone.
AROUND = 6_000

EMPTY = """<div class="empty"><b>Sources appear here</b>
Each number in an answer, such as <span class="chip">1</span>, stands for a quotation from a document.
Choose one to read it in its place.</div>"""
NONE = """<div class="empty"><b>No sources</b>This answer cites no document.</div>"""


@dataclass(frozen=True, slots=True)
class Source:
    """A citation opened in its document.

    Attributes:
        n: Which citation.
        text: The page's text; empty where it can no longer be shown.
        problem: Why not, else empty.
        sheets: What it looks like; none where the format has no look.
    """

    n: int
    text: str
    problem: str = ""
    sheets: tuple[Sheet, ...] = ()


def make_panel(view: gr.State, assistant: Assistant) -> gr.HTML:
    """Makes the panel; choosing a citation in it or in the chat opens the quote.

    Args:
        view: What the tab shows.
        assistant: Whose library is read.
    """
    panel = gr.HTML(EMPTY, elem_id="evidence", js_on_load=script("evidence.js"), container=False)

    async def choose(view: View, event: gr.EventData) -> str:
        return await asyncio.to_thread(open_source, assistant, view, event.turn, event.n)

    panel.cite(choose, [view], [panel], **EVENT)
    return panel


# Every event of the page: only the page may send it, and nobody waits for anybody else.
EVENT: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}


def open_source(assistant: Assistant, view: View, turn: object, n: object) -> str:
    """Returns the panel with one citation opened; numbers that do not exist leave it closed."""
    if not isinstance(turn, int) or not 0 <= turn < len(view.turns):
        return EMPTY
    shown = view.turns[turn]
    citation = next((each for each in shown.citations if each.n == n), None)
    return panel_html(shown, turn, find_source(assistant, citation, view.library) if citation else None)


def latest(view: View) -> str:
    """Returns the panel for the newest answer."""
    return panel_html(view.turns[-1], len(view.turns) - 1) if view.turns else EMPTY


def find_source(assistant: Assistant, citation: Citation, library_name: str | None = None) -> Source:
    """Looks a citation up in the conversation's library as it is now."""
    try:
        library = assistant.libraries.get(library_name)
    except (AssistantError, LibraryError) as error:
        return Source(citation.n, "", str(error))
    # By path, since a stored answer names no ids and a document that was changed has a new one.
    found = next((each for each in library.documents() if each.path == citation.document), None)
    if found is None:
        return Source(citation.n, "", "This document has been removed from the library since.")
    try:
        text = library.page_text(found.id, citation.page)
    except (LibraryError, LookupError):
        text = ""
    if text[citation.start : citation.end] != citation.quote:
        return Source(citation.n, "", "This document has been changed since; it read as quoted above.")
    return Source(citation.n, text, sheets=sheets(library, found, citation))


def panel_html(turn: ShownTurn, number: int, opened: Source | None = None) -> str:
    """Returns the list of an answer's citations.

    Args:
        turn: The answer.
        number: Its position in the conversation.
        opened: The citation that is shown in its place.
    """
    if not turn.citations:
        return NONE if isinstance(turn.end, Answer) else EMPTY
    question = escape(" ".join(turn.question.split())[:120])
    cards = [_card(each, number, opened if opened and opened.n == each.n else None) for each in turn.citations]
    return f'<p class="about">Sources for “{question}”</p><ol class="cards">{"".join(cards)}</ol>'


def _card(citation: Citation, turn: int, opened: Source | None) -> str:
    page = f"page {citation.page}" if citation.page else ""
    expanded, state = ("true", "card open") if opened else ("false", "card")
    return (
        f'<li class="{state}"><button class="card-head" data-turn="{turn}" data-n="{citation.n}" '
        f'aria-expanded="{expanded}"><span class="chip">{citation.n}</span>'
        f'<span class="title">{escape(citation.title)}</span><span class="page">{page}</span></button>'
        f"<blockquote>{escape(citation.quote)}</blockquote>{_source(citation, opened) if opened else ''}</li>"
    )


def _source(citation: Citation, source: Source) -> str:
    if source.problem:
        return f'<p class="problem">{escape(source.problem)}</p>'
    start, end = max(0, citation.start - AROUND), citation.end + AROUND
    before, after = source.text[start : citation.start], source.text[citation.end : end]
    before, after = "… " * bool(start) + before, after + " …" * (end < len(source.text))
    looks = "".join(map(sheet_html, source.sheets))
    return (
        f'<div class="source" tabindex="0" role="region" aria-label="The page around the quote">{escape(before)}'
        f"<mark>{escape(citation.quote)}</mark>{escape(after)}</div>{looks}"
        f'<p class="where" title="{escape(citation.document)}">{escape(place(citation))}</p>'
    )
