"""What opens above the page: answers side by side, a comment, what to do with a conversation."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from html import escape

from assistant.conversations import Turn
from assistant.feedback import MAX_COMMENT
from assistant.markdown import html_of
from ui.language import Texts
from ui.text import shortened
from ui.view import ShownTurn, from_stored

SHOWN = 160


def dialog_html(name: str, title: str, body: str, t: Texts) -> str:
    """Returns a dialog that opens as soon as it is drawn; each is another one, though it holds the same."""
    return (
        f'<dialog class="{name}" data-nonce="{secrets.token_hex(4)}" aria-labelledby="dialog-title"><header>'
        f'<h2 id="dialog-title">{escape(title)}</h2>'
        f'<button class="close" data-close aria-label="{escape(t("dialogs.close"))}">×</button></header>{body}</dialog>'
    )


def editing_html(turn: ShownTurn, t: Texts) -> str:
    """Returns the line that says which question is being reworded."""
    words = t("dialogs.editing", question=shortened(" ".join(turn.question.split()), SHOWN, t))
    return (
        f'<div class="editing" role="status"><span>{escape(words)}</span>'
        f'<button data-deed="keep">{escape(t("dialogs.cancel"))}</button></div>'
    )


def comment_html(turn: ShownTurn, t: Texts) -> str:
    """Returns the dialog that asks why an answer is good or bad."""
    comment = turn.verdict[1] if turn.verdict else ""
    body = (
        f'<form method="dialog" data-deed="comment" data-turn="{turn.turn}">'
        f'<label for="comment">{escape(t("dialogs.comment_label"))}</label>'
        f'<textarea id="comment" name="text" rows="4" maxlength="{MAX_COMMENT}" autofocus>{escape(comment)}</textarea>'
        f'<p class="hint">{escape(t("dialogs.comment_hint"))}</p>'
        f'<button class="main" type="submit">{escape(t("dialogs.comment_save"))}</button></form>'
    )
    return dialog_html("comment", t("dialogs.comment"), body, t)


def compare_html(versions: Sequence[Turn], t: Texts) -> str:
    """Returns the versions of a turn side by side."""
    columns = "".join(_column(n, len(versions), turn, t) for n, turn in enumerate(versions, 1))
    body = (
        f'<div class="columns" tabindex="0" role="region" aria-label="{escape(t("dialogs.compare"))}">{columns}</div>'
    )
    return dialog_html("compare", t("dialogs.compare"), body, t)


def _column(number: int, count: int, stored: Turn, t: Texts) -> str:
    turn = from_stored(stored)
    sources = "".join(
        f"<li><b>[{each.n}]</b> {escape(each.title)}<q>{escape(each.quote)}</q></li>" for each in turn.citations
    )
    return (
        f"<section><h3>{escape(t('dialogs.version', n=number, count=count))}</h3>"
        f'<p class="asked">{escape(shortened(turn.question, SHOWN * 4, t))}</p>'
        f'<div class="prose">{html_of(turn.text) or escape(t("dialogs.no_answer"))}</div><ul>{sources}</ul>'
        f'<button data-deed="version" data-turn="{turn.turn}" data-to="{turn.turn}">'
        f"{escape(t('dialogs.take'))}</button></section>"
    )


def download_html(url: str, name: str, t: Texts) -> str:
    """Returns a link to a file that is followed at once."""
    words = escape(t("dialogs.ready", name=name))
    return (
        f'<p class="editing" role="status"><a data-now href="{escape(url)}" download="{escape(name)}">{words}</a></p>'
    )
