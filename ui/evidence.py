"""The evidence panel: the sources of the answer in view, each opened in its place with the reasons why it came."""

from __future__ import annotations

import asyncio
import re
from html import escape
from typing import Any

import gradio as gr

from assistant.events import Answer, Citation
from assistant.session import Assistant
from ui.assets import script
from ui.language import Texts, texts
from ui.sheet import sheet_html
from ui.source import Around, Piece, Source, find_source
from ui.text import place
from ui.view import ShownTurn, View
from ui.why import why_html

# One sign alone also begins comments of code.
HEADING = re.compile(r"^#{2,6} +(.+)$", re.MULTILINE)


def make_panel(view: gr.State, assistant: Assistant) -> gr.HTML:
    """Makes the panel; choosing a citation in it or in the chat opens the quote.

    Args:
        view: What the tab shows.
        assistant: Whose library is read.
    """
    panel = gr.HTML(empty_html(texts()), elem_id="evidence", js_on_load=script("evidence.js"), container=False)

    async def choose(view: View, event: gr.EventData) -> str:
        around = Around.read(getattr(event, "before", None), getattr(event, "after", None))
        return await asyncio.to_thread(open_source, assistant, view, event.turn, event.n, around)

    panel.cite(choose, [view], [panel], **EVENT)
    return panel


# Every event of the page: only the page may send it, and nobody waits for anybody else.
EVENT: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}


def open_source(assistant: Assistant, view: View, turn: object, n: object, around: Around | None = None) -> str:
    """Returns the panel with one citation opened; numbers that do not exist leave it closed."""
    if not isinstance(turn, int) or not 0 <= turn < len(view.turns):
        return empty_html(view.t)
    shown = view.turns[turn]
    citation = next((each for each in shown.citations if each.n == n), None)
    opened = find_source(assistant, citation, view.library, around or Around(), view.t) if citation else None
    return panel_html(shown, turn, view.t, opened)


def latest(view: View) -> str:
    """Returns the panel for the newest answer."""
    return panel_html(view.turns[-1], len(view.turns) - 1, view.t) if view.turns else empty_html(view.t)


def empty_html(t: Texts) -> str:
    """Returns what the panel shows before the first answer."""
    hint = t.html("evidence.empty_hint", chip="\0").replace("\0", '<span class="chip">1</span>')
    return f'<div class="empty"><b>{t.html("evidence.empty")}</b>{hint}</div>'


def panel_html(turn: ShownTurn, number: int, t: Texts, opened: Source | None = None) -> str:
    """Returns the list of an answer's citations.

    Args:
        turn: The answer.
        number: Its position in the conversation.
        t: What the page says.
        opened: The citation that is shown in its place.
    """
    if not turn.citations:
        none = f'<div class="empty"><b>{t.html("evidence.none")}</b>{t.html("evidence.none_hint")}</div>'
        return none if isinstance(turn.end, Answer) else empty_html(t)
    about = t.html("evidence.sources_for", question=" ".join(turn.question.split())[:120])
    cards = [_card(each, number, opened if opened and opened.n == each.n else None, t) for each in turn.citations]
    return f'<p class="about">{about}</p><ol class="cards">{"".join(cards)}</ol>'


def _card(citation: Citation, turn: int, opened: Source | None, t: Texts) -> str:
    page = t.html("evidence.page", n=citation.page) if citation.page else ""
    expanded, state = ("true", "card open") if opened else ("false", "card")
    return (
        f'<li class="{state}"><button class="card-head" data-turn="{turn}" data-n="{citation.n}" '
        f'aria-expanded="{expanded}"><span class="chip">{citation.n}</span>'
        f'<span class="title">{escape(citation.title)}</span><span class="page">{page}</span></button>'
        f"<blockquote>{escape(citation.quote)}</blockquote>{_source(citation, turn, opened, t) if opened else ''}</li>"
    )


def _source(citation: Citation, turn: int, source: Source, t: Texts) -> str:
    if source.problem:
        return f'<p class="problem">{escape(source.problem)}</p>{why_html(citation, t)}'
    earlier = _more(t("evidence.earlier"), citation.n, turn, source.around.earlier()) if source.earlier else ""
    later = _more(t("evidence.later"), citation.n, turn, source.around.later()) if source.later else ""
    looks = "".join(map(sheet_html, source.sheets))
    return (
        f'<div class="source" tabindex="0" role="region" aria-label="{t.html("evidence.around")}">'
        f"{earlier}{''.join(map(_piece, source.pieces))}{later}</div>{looks}{why_html(citation, t)}"
        f'<p class="where" title="{escape(citation.document)}">{escape(place(citation))}</p>'
    )


def _piece(piece: Piece) -> str:
    match piece.kind:
        case "page":
            return f'<span class="turned">{escape(piece.text)}</span>'
        case "quote":
            return f"<mark>{escape(piece.text)}</mark>"
        case "cited":
            return _titled(piece.text)
    return f'<span class="beside">{_titled(piece.text)}</span>'


def _titled(text: str) -> str:
    """The text with its headings in bold, for which readers of files write Markdown's signs."""
    return HEADING.sub(r"<b>\1</b>", escape(text))


def _more(words: str, n: int, turn: int, around: Around) -> str:
    return (
        f'<button type="button" class="more" data-turn="{turn}" data-n="{n}" data-before="{around.before}" '
        f'data-after="{around.after}">{escape(words)}</button>'
    )
