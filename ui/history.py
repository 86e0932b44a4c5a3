"""The rail: a new conversation, and the past ones of this browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape
from itertools import groupby

from assistant.conversations import Conversation

EMPTY = '<div class="empty">Your conversations will be listed here. Only this browser can see them.</div>'


def list_html(conversations: Sequence[Conversation], active: str | None, today: date | None = None) -> str:
    """Returns the list of conversations.

    Args:
        conversations: The newest first.
        active: Which one is shown.
        today: For the headings; None takes today.
    """
    if not conversations:
        return EMPTY
    day = today or datetime.now().astimezone().date()
    groups = groupby(conversations, lambda each: _heading(each.updated, day))
    blocks = [f"<h2>{name}</h2><ul>{''.join(_row(each, active) for each in rows)}</ul>" for name, rows in groups]
    return f'<nav class="history" aria-label="Past conversations">{"".join(blocks)}</nav>'


def _heading(updated: str, today: date) -> str:
    days = (today - datetime.fromisoformat(updated).astimezone().date()) // timedelta(days=1)
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return "The last seven days" if days <= 7 else "Earlier"  # noqa: PLR2004 — a week


def _row(conversation: Conversation, active: str | None) -> str:
    title, key = escape(conversation.title), escape(conversation.id)
    current = ' aria-current="true"' if conversation.id == active else ""
    return (
        f'<li{current}><button class="open" data-action="open" data-id="{key}" title="{title}">{title}</button>'
        f'<button class="delete" data-action="delete" data-id="{key}" data-confirm="Delete?" '
        f'aria-label="Delete “{title}”">×</button></li>'
    )
