"""What a newcomer is told above the line to ask in, as long as nothing has been asked."""

from __future__ import annotations

import asyncio
from html import escape

from assistant.errors import AssistantError
from assistant.session import Assistant
from index.errors import LibraryError
from ui.identity import identity
from ui.language import DEFAULT, Texts
from ui.upload_queue import UploadQueue
from ui.view import View


def may_fill() -> bool:
    """Whether the person at the page may add to the library."""
    who = identity()
    return who is None or who.may("user")


def filling_html(queue: UploadQueue, t: Texts) -> str:
    """Returns how many of the sample documents are there."""
    done = sum(each.settled for each in queue.entries)
    told = t("newcomer.filling", done=t.number(done), all=t.number(len(queue.entries)))
    return f'<div class="first" role="status"><p>{escape(told)}</p></div>'


async def newcomer_html(assistant: Assistant, view: View) -> str:
    """Returns what is good to know before the first question; empty where there is nothing.

    Args:
        assistant: Who will answer.
        view: What the tab shows; there is nothing to say in a conversation that has begun.
    """
    if view.turns or view.conversation:
        return ""
    told = []
    if await asyncio.to_thread(_is_empty, assistant, view.library):
        button = (
            f'<button type="button" data-deed="samples">{view.t.html("newcomer.fill")}</button>' if may_fill() else ""
        )
        told.append(f"{view.t.html('newcomer.empty')} {button}")
    if assistant.engine.advice and view.language != DEFAULT:
        told.append(view.t.html("newcomer.english"))
    return f'<div class="first">{"".join(f"<p>{each}</p>" for each in told)}</div>' if told else ""


def _is_empty(assistant: Assistant, library: str | None) -> bool:
    try:
        return not assistant.libraries.get(library).status().documents
    except (AssistantError, LibraryError):  # the library's own page says what is wrong with it
        return False
