"""The rail: the conversations, pinned ones first, then folders, then by day; or what was found in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from html import escape
from itertools import groupby

from assistant.shelf import FOUND_BEGIN, FOUND_END, Conversation
from ui.language import Texts, texts


def list_html(
    conversations: Sequence[Conversation],
    active: str | None,
    t: Texts | None = None,
    today: date | None = None,
    *,
    search: str = "",
    tell: str = "",
) -> str:
    """Returns the list of conversations.

    Args:
        conversations: The newest first.
        active: Which one is shown.
        t: The page's texts; None is English.
        today: For the headings; None takes today.
        search: What they were found by; then they stand in one list.
        tell: Names the last question of this tab; at each new one the browser's other tabs look at what is shown.
    """
    t = t or texts()
    if not conversations:
        body = (
            f'<div class="empty">{escape(t("history.nothing", words=search) if search else t("history.empty"))}</div>'
        )
    elif search:
        body = _list(t.count("history.found", len(conversations)), conversations, active, t)
    else:
        body = "".join(_sections(conversations, active, t, today or datetime.now().astimezone().date()))
    folders = "".join(f'<option value="{escape(name)}">' for name in _folders(conversations))
    return (
        f'<nav class="history" aria-label="{escape(t("history.name"))}" data-current="{escape(active or "")}" '
        f'data-tell="{tell}" data-rename="{escape(t("history.rename_label"))}" '
        f'data-put="{escape(t("history.put_label"))}">{body}<datalist id="folders">{folders}</datalist></nav>'
    )


def _sections(conversations: Sequence[Conversation], active: str | None, t: Texts, today: date) -> Iterator[str]:
    kept = [each for each in conversations if not each.archived]
    if pinned := [each for each in kept if each.pinned]:
        yield _list(t("history.pinned"), pinned, active, t)
    loose = [each for each in kept if not each.pinned]
    for folder in _folders(loose):
        rows = [each for each in loose if each.folder == folder]
        yield _folded(folder, rows, active, t, opened=True)
    days = groupby((each for each in loose if not each.folder), lambda each: _heading(each.updated, today))
    for day, group in days:
        yield _list(t(f"history.{day}"), list(group), active, t)
    if archived := [each for each in conversations if each.archived]:
        opened = any(each.id == active for each in archived)
        yield _folded(t("history.archived"), archived, active, t, opened=opened)


def _folders(conversations: Sequence[Conversation]) -> list[str]:
    return sorted({each.folder for each in conversations if each.folder}, key=str.casefold)


def _list(title: str, rows: Sequence[Conversation], active: str | None, t: Texts) -> str:
    return f"<h2>{escape(title)}</h2><ul>{''.join(_row(each, active, t) for each in rows)}</ul>"


def _folded(title: str, rows: Sequence[Conversation], active: str | None, t: Texts, *, opened: bool) -> str:
    return (
        f'<details class="folder"{" open" if opened else ""}><summary>{escape(title)} '
        f'<span class="count">{len(rows)}</span></summary><ul>{"".join(_row(each, active, t) for each in rows)}</ul>'
        "</details>"
    )


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
    excerpt = f'<span class="excerpt">{_excerpt(conversation.excerpt)}</span>' if conversation.excerpt else ""
    menu = escape(t("history.menu", title=conversation.title))
    return (
        f'<li{current}><button class="open" data-action="open" data-id="{key}" title="{title}">'
        f'{title}{excerpt}</button><details class="more"><summary aria-label="{menu}">⋯</summary>'
        f'<div class="menu-list">{_items(conversation, t)}</div></details></li>'
    )


def _items(conversation: Conversation, t: Texts) -> str:
    pin = "unpin" if conversation.pinned else "pin"
    archive = "unarchive" if conversation.archived else "archive"
    items = "".join(_item(action, conversation, t) for action in ("rename", pin, "put", archive))
    confirm = escape(t("history.confirm"))
    return items + _item("delete", conversation, t, f' data-confirm="{confirm}"')


def _item(action: str, conversation: Conversation, t: Texts, more: str = "") -> str:
    return (
        f'<button class="{action}" data-action="{action}" data-id="{escape(conversation.id)}" '
        f'data-title="{escape(conversation.title)}" data-folder="{escape(conversation.folder)}"{more}>'
        f"{escape(t(f'history.{action}'))}</button>"
    )


def _excerpt(text: str) -> str:
    marked = escape(" ".join(text.split()))
    return marked.replace(FOUND_BEGIN, "<b>").replace(FOUND_END, "</b>")
