"""Adding documents in the page: files or a folder, dropped or chosen, with what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from index.types import Document, Outcome
from ui.language import Texts
from ui.reasons import kinds, said
from ui.upload_queue import UploadQueue
from ui.uploads import Upload

# Rows that are shown of an upload; of more, those that are settled well are left out first.
MOST_ROWS = 100


def drop_html(limit_mb: int, t: Texts) -> str:
    """Returns where files are dropped or chosen.

    Args:
        limit_mb: Megabytes that a file may have; the browser refuses larger ones before it sends them.
        t: What the page says.
    """
    said = {
        name: t.html(f"library.{name}") for name in ("drop", "or", "choose_files", "choose_folder", "what", "files")
    }
    told = "".join(f' data-{key}="{escape(text)}"' for key, text in _told(limit_mb, t).items())
    reads = t.html("library.kinds", kinds=kinds(t), limit=t.number(limit_mb))
    return (
        f'<div class="drop" data-limit="{limit_mb}"{told}><p><b>{said["drop"]}</b>, {said["or"]} '
        f'<button type="button" data-pick="files">{said["choose_files"]}</button> '
        f'<button type="button" data-pick="folder">{said["choose_folder"]}</button></p>'
        f'<details class="kinds"><summary>{said["what"]}</summary><p>{reads}</p></details>'
        f'<input type="file" multiple tabindex="-1" aria-label="{said["files"]}" hidden>'
        '<p class="sending" role="status" hidden></p><ul class="unsent"></ul></div>'
    )


def _told(limit_mb: int, t: Texts) -> dict[str, str]:
    """What the browser itself tells about files on their way, with places for what only it knows."""
    return {
        "sending": t("library.sending", n="{n}", all="{all}"),
        "large": t("library.too_large", limit=t.number(limit_mb)),
        "unsent": t("library.unsent", why="{why}"),
        "lost": t("library.lost"),
    }


def queue_html(queue: UploadQueue | None, t: Texts) -> str:
    """Returns the state of a tab's uploads; empty where there are none."""
    if queue is None or not queue.entries:
        return ""
    return progress_html(queue.entries, t, running=queue.running, paused=queue.paused)


def progress_html(uploads: Sequence[Upload], t: Texts, *, running: bool = False, paused: bool = False) -> str:
    """Returns one line for each file with what became of it, and a bar for all.

    Args:
        uploads: The files.
        t: What the page says.
        running: Whether they are still being added.
        paused: Whether no further one is begun.
    """
    done = sum(upload.settled for upload in uploads)
    counts = {"done": t.number(done), "all": t.number(len(uploads))}
    words = t("library.progress_read", **counts) if done < len(uploads) else _summary(uploads, t)
    words = t("library.progress_paused", words=words) if paused and running else words
    bar = f'<progress max="{len(uploads)}" value="{done}" aria-label="{t.html("library.progress_bar")}"></progress>'
    buttons = "".join(_buttons(uploads, t, running=running, paused=paused))
    shown = list(_shown(uploads))
    rows = "".join(_row(place, uploads[place], t) for place in shown)
    left = len(uploads) - len(shown)
    rest = f'<p class="rest">{t.html("library.rest", n=t.number(left))}</p>' if left else ""
    return (
        f'<div class="progress"><div class="progress-head"><p role="status">{escape(words)}</p>{buttons}</div>{bar}'
        f"<ul>{rows}</ul>{rest}</div>"
    )


def amount(document: Document, t: Texts) -> str:
    """Returns how long a document is."""
    passages = t.count("library.passages", document.passages)
    return f"{t.count('library.pages', document.pages)}, {passages}" if document.pages > 1 else passages


def facts(document: Document, t: Texts, pictures: int = 0) -> str:
    """Returns how long a document is, with how many pictures, how large, and when it was added."""
    long = ", ".join([amount(document, t), *([t.count("library.with_pictures", pictures)] if pictures else [])])
    return t("library.facts", amount=long, size=t.size(document.size), date=document.added[:10])


def _buttons(uploads: Sequence[Upload], t: Texts, *, running: bool, paused: bool) -> Iterator[str]:
    if running:
        yield _button("resume", t("library.resume")) if paused else _button("pause", t("library.pause"))
        yield _button("stop", t("library.stop_all"))
    elif sum(upload.failed for upload in uploads) > 1:
        yield _button("retry", t("library.retry_all"))


def _button(action: str, words: str, place: int | None = None, label: str = "") -> str:
    key = "" if place is None else f' data-id="{place}"'
    named = f' aria-label="{escape(label)}"' if label else ""
    return f'<button type="button" data-action="{action}"{key}{named}>{escape(words)}</button>'


def _shown(uploads: Sequence[Upload]) -> Iterator[int]:
    """The places of the files that get a row: all of them, or those about which something is left to be done."""
    places = range(len(uploads))
    if len(uploads) <= MOST_ROWS:
        return iter(places)
    left = [place for place in places if uploads[place].failed or not uploads[place].settled]
    return iter(left[:MOST_ROWS])


def _summary(uploads: Sequence[Upload], t: Texts) -> str:
    refused = sum(upload.failed for upload in uploads)
    if refused:
        return t("library.some_in_library", n=t.number(len(uploads) - refused), all=t.number(len(uploads)))
    return t("library.in_library") if len(uploads) == 1 else t("library.all_in_library", n=t.number(len(uploads)))


def _row(place: int, upload: Upload, t: Texts) -> str:
    button = ""
    if upload.stopped:
        state, words = "refused", t("library.stopped")
    elif upload.outcome is None:
        state, words = ("reading", _so_far(upload, t)) if upload.started else ("waiting", t("library.waiting"))
        words = t("library.stopping") if upload.stop else words
        name = t("library.stop_name", name=upload.name)
        button = "" if upload.stop else _button("stop", t("library.stop"), place, name)
    else:
        state, words = upload.outcome.status, _ended(upload.outcome, t)
    if upload.failed:
        button = _button("retry", t("library.retry"), place, t("library.retry_name", name=upload.name))
    return f'<li class="{state}"><b>{escape(upload.name)}</b> <span>{escape(words)}</span>{button}</li>'


def _so_far(upload: Upload, t: Texts) -> str:
    if upload.far is None:
        return t("library.reading")
    return t("library.so_far", done=t.number(upload.far.done), all=t.number(upload.far.passages))


def _ended(outcome: Outcome, t: Texts) -> str:
    words = t(f"library.{outcome.status}")
    if outcome.reason:
        return t("library.outcome_why", outcome=words, reason=said(outcome.reason, t))
    return t("library.outcome_what", outcome=words, amount=amount(outcome.document, t)) if outcome.document else words
