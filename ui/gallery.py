"""The gallery: the pictures that a person's conversations made or found, the newest first."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import gradio as gr

from assistant.conversations import Illustrated
from assistant.errors import AssistantError
from assistant.origin.verify import Verdict
from assistant.session import Assistant
from index.errors import LibraryError
from index.library import Library
from index.types import Picture
from ui import artifacts
from ui.assets import script
from ui.evidence import EVENT
from ui.language import Texts
from ui.origin import badge
from ui.sheet import data_url, named_pictures
from ui.text import place
from ui.view import View, answer_from

log = logging.getLogger(__name__)

ENOUGH = 24
"""Pictures of a page of the gallery, about."""
AT_ONCE, MOST_TURNS = 40, 400
"""Answers that are looked through at once, and for one page at most."""
LONGEST = 480
"""Pixels of a found picture: it travels within the page."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of the gallery.

    Attributes:
        url: Where the browser gets it.
        name: What it is.
        origin: Where it comes from, and when.
        conversation: The id of its conversation.
        title: The conversation's title.
        signed: What is signed into it, where it was made here.
    """

    url: str
    name: str
    origin: str
    conversation: str
    title: str
    signed: Verdict | None = None


def make_panel(assistant: Assistant, tab: gr.Tab, view: gr.State) -> gr.HTML:
    """Makes the gallery.

    Args:
        assistant: Whose conversations.
        tab: The tab; selecting it looks for pictures anew.
        view: What the tab of the browser shows, and with it whose pictures.

    Returns:
        The gallery, whose ``open_it`` event wants to open a conversation.
    """
    panel = gr.HTML("", elem_id="gallery-list", js_on_load=script("gallery.js"), container=False)

    async def newest(view: View) -> str:
        return await _page(assistant, view, None)

    async def turn(view: View, event: gr.EventData) -> str:
        before = getattr(event, "before", None)
        return await _page(assistant, view, before if type(before) is int and 0 < before < 2**62 else None)

    tab.select(newest, [view], [panel], **EVENT)
    panel.turn_it(turn, [view], [panel], **EVENT)
    return panel


def gallery_html(pictures: Sequence[Shown], t: Texts, *, older: int | None, later: bool) -> str:
    """Returns a page of the gallery.

    Args:
        pictures: What is on it.
        t: What the page says.
        older: Before which turn the next page begins; None where there is none.
        later: Whether there is a page before it.
    """
    if not pictures and not later:
        hint = t.html("gallery.empty_hint")
        return f'<div class="empty"><b>{t.html("gallery.empty")}</b> {hint}</div>'
    back = f'<button type="button" data-before="0">{t.html("gallery.newest")}</button>' if later else ""
    more = f'<button type="button" data-before="{older}">{t.html("gallery.older")}</button>' if older else ""
    cells = "".join(_cell(each, t) for each in pictures)
    return (
        f'<div class="gallery"><p class="about">{t.html("gallery.about")}</p><ul>{cells}</ul>'
        f'<nav class="pager" aria-label="{t.html("gallery.tab")}">{back}{more}</nav></div>'
    )


def _cell(each: Shown, t: Texts) -> str:
    url, name = escape(each.url), escape(each.name)
    return (
        f'<li><a href="{url}" target="_blank" rel="noopener"><img src="{url}" alt="{name}" loading="lazy"></a>'
        f'<b>{name}</b><span class="facts">{escape(each.origin)}</span>{badge(each.signed, t)}'
        f'<button type="button" data-conversation="{escape(each.conversation)}" '
        f'title="{t.html("gallery.open", title=each.title)}">{escape(each.title)}</button></li>'
    )


async def _page(assistant: Assistant, view: View, before: int | None) -> str:
    found: list[Shown] = []
    looked, older = 0, before
    while len(found) < ENOUGH and looked < MOST_TURNS:
        answers = await assistant.conversations.illustrated(view.owner, older, AT_ONCE)
        for answer in answers:
            looked, older = looked + 1, answer.turn
            found += await asyncio.to_thread(lambda one: list(_pictures(assistant, one, view.t)), answer)
            if len(found) >= ENOUGH:
                break
        if len(answers) < AT_ONCE and len(found) < ENOUGH:
            older = None
            break
    return gallery_html(found, view.t, older=older if looked else None, later=before is not None)


def _pictures(assistant: Assistant, row: Illustrated, t: Texts) -> Iterator[Shown]:
    answer, date = answer_from(row.result), row.asked[:10]
    folder = assistant.settings.home / "files" / row.conversation
    for each in answer.artifacts:
        if each.kind == "picture" and (made := artifacts.load(each, folder)).url:
            origin = t("gallery.made_by", tool=each.tool, date=date) if each.tool else t("gallery.made", date=date)
            yield Shown(made.url, made.name, origin, row.conversation, row.title, made.origin)
    try:
        held = assistant.attachments.holder(row.library)
        for citation, library, picture in named_pictures(held, answer):
            origin = t("gallery.found", place=place(citation), date=date)
            name = picture.caption or t("evidence.picture")
            yield Shown(_small(library, picture), name, origin, row.conversation, row.title)
    except (AssistantError, LibraryError):  # the library has been deleted since, or the document has
        log.info("the pictures of turn %d cannot be shown", row.turn, exc_info=True)


def _small(library: Library, picture: Picture) -> str:
    from PIL import Image

    data = library.picture_data(picture.id)
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.thumbnail((LONGEST, LONGEST))
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, "JPEG", quality=85)
    except (OSError, ValueError):  # shown as it is, or as what cannot be shown
        return data_url(picture.media_type, data)
    return data_url("image/jpeg", buffer.getvalue())
