"""The documents of a conversation, above the line to ask in: each can be kept in the library, or taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from index.types import Document
from ui.language import Texts
from ui.reasons import said
from ui.uploads import Upload


@dataclass(frozen=True, slots=True)
class Attached:
    """A document of a conversation.

    Attributes:
        document: What it is there.
        kept: Whether the library has it too.
    """

    document: Document
    kept: bool


def attached_html(attached: Sequence[Attached], t: Texts, uploads: Sequence[Upload] = ()) -> str:
    """Returns the documents and what becomes of those that are on their way; empty where there are none.

    Args:
        attached: What the conversation has.
        t: The page's texts.
        uploads: Files that are being added, or were refused.
    """
    rows = [_row(each, t) for each in attached]
    rows += [_upload(n, each, t) for n, each in enumerate(uploads) if each.failed or each.outcome is None]
    if not rows:
        return ""
    hint = f'<p class="hint">{escape(t("attach.hint"))}</p>' if attached else ""
    return f'<ul class="attached" role="status" aria-label="{escape(t("attach.list"))}">{"".join(rows)}</ul>{hint}'


def _row(attached: Attached, t: Texts) -> str:
    name, number = attached.document.path.rpartition("/")[2], attached.document.id
    words = escape(t("attach.kept")) if attached.kept else ""
    keep = "" if attached.kept else _button("adopt", number, t("attach.keep"), t("attach.keep_name", name=name))
    away = _button("detach", number, "×", t("attach.away", name=name))
    return f'<li class="added"><b>{escape(name)}</b> {words}{keep}{away}</li>'


def _button(deed: str, number: int, words: str, name: str) -> str:
    return f'<button data-deed="{deed}" data-to="{number}" aria-label="{escape(name)}">{escape(words)}</button>'


def _upload(place: int, upload: Upload, t: Texts) -> str:
    name = f"<b>{escape(upload.name)}</b>"
    if upload.failed:
        told = t("attach.refused", reason=said(upload.outcome.reason, t)) if upload.outcome else t("library.stopped")
        return f'<li class="refused">{name} {escape(told)}</li>'
    if upload.stop:
        return f'<li class="reading">{name} {t.html("library.stopping")}</li>'
    stop = _button("halt", place, t("library.stop"), t("library.stop_name", name=upload.name))
    return f'<li class="reading">{name} {escape(_so_far(upload, t))}{stop}</li>'


def _so_far(upload: Upload, t: Texts) -> str:
    if not upload.started:
        return t("library.waiting")
    if upload.far is None or not upload.far.passages:
        return t("attach.reading")
    return t("attach.so_far", percent=t.number(100 * upload.far.done / upload.far.passages))
