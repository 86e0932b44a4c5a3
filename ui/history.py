"""The rail: a new conversation, and the past ones of this browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape
from itertools import groupby

from assistant.conversations import Conversation
from ui.language import Texts, texts


def list_html(
    conversations: Sequence[Conversation], active: str | None, t: Texts | None = None, today: date | None = None
) -> str:
    """Returns the list of conversations.

    Args:
        conversations: The newest first.
        active: Which one is shown.
        t: The page's texts; None is English.
        today: For the headings; None takes today.
    """
    t = t or texts()
    if not conversations:
        return f'<div class="empty">{escape(t("history.empty"))}</div>'
    day = today or datetime.now().astimezone().date()
    groups = groupby(conversations, lambda each: _heading(each.updated, day))
    blocks = [
        f"<h2>{t(f'history.{day}')}</h2><ul>{''.join(_row(each, active, t) for each in rows)}</ul>"
        for day, rows in groups
    ]
    return f'<nav class="history" aria-label="{escape(t("history.name"))}">{"".join(blocks)}</nav>'


def _heading(updated: str, today: date) -> str:
    days = (today - datetime.fromisoformat(updated).astimezone().date()) // timedelta(days=1)
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return "week" if days <= 7 else "earlier"  # noqa: PLR2004 — a week


def _row(conversation: Conversation, active: str | None, t: Texts) -> str:
    title, key = escape(conversation.title), escape(conversation.id)
    current = ' aria-current="true"' if conversation.id == active else ""
    return (
        f'<li{current}><button class="open" data-action="open" data-id="{key}" title="{title}">{title}</button>'
        f'<button class="delete" data-action="delete" data-id="{key}" data-confirm="{escape(t("history.confirm"))}" '
        f'aria-label="{escape(t("history.delete", title=conversation.title))}">×</button></li>'
    )
