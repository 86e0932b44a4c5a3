"""The data sheet of a library in the page: what it holds, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from index.inventory import UNKNOWN, Gap, Inventory
from ui.exact import visible
from ui.language import Texts
from ui.reasons import said

MOST_ROWS = 12
MOST_REFUSED = 50


def inventory_html(found: Inventory, t: Texts) -> str:
    """Returns the data sheet."""
    if not found.documents and not found.refused:
        return f'<div class="empty"><b>{t.html("library.empty")}</b></div>'
    lacks = "".join(_lacks(found, t)) or f"<p>{t.html('inventory.nothing_missing')}</p>"
    return (
        f'<div class="sheet-of"><section><h3>{t.html("inventory.holds")}</h3><dl class="facts-of">'
        f"{''.join(_facts(found, t))}</dl></section>{''.join(_tables(found, t))}"
        f'<section class="gaps"><h3>{t.html("inventory.lacks")}</h3>{lacks}</section></div>'
    )


def _facts(found: Inventory, t: Texts) -> Iterator[str]:
    rows = {
        "documents": t.number(found.documents),
        "pages": t.number(found.pages),
        "passages": t.number(found.passages),
        "pictures": t.number(found.pictures),
        "files": t.size(found.file_bytes),
        "characters": t.number(found.characters),
        "added": t("inventory.from_to", first=found.first, last=found.last) if found.first else "–",
    }
    for name, value in rows.items():
        yield f"<div><dt>{t.html(f'inventory.{name}')}</dt><dd>{escape(value)}</dd></div>"


def _tables(found: Inventory, t: Texts) -> Iterator[str]:
    languages = {_language(code, t): count for code, count in found.languages.items()}
    sampled = t("inventory.sample", n=t.number(found.sampled)) if found.sampled < found.documents else ""
    yield _bars(t("inventory.kinds"), found.kinds, t)
    yield _bars(t("inventory.languages"), languages, t, sampled)
    yield _bars(t("inventory.months"), dict(list(found.months.items())[-MOST_ROWS:]), t)
    if found.tags:
        yield _bars(t("inventory.tags"), found.tags, t, t("inventory.untagged", n=t.number(found.untagged)))
    yield _bars(t("inventory.largest"), {title: size for title, size in found.largest}, t, sizes=True)  # noqa: C416


def _language(code: str, t: Texts) -> str:
    if code == UNKNOWN:
        return t("inventory.unknown")
    return t(f"inventory.in_{code}") if f"inventory.in_{code}" in t else code


def _bars(title: str, counts: Mapping[str, int], t: Texts, note: str = "", *, sizes: bool = False) -> str:
    most = max(counts.values(), default=1) or 1
    rows = "".join(
        f'<tr><th scope="row">{escape(visible(name))}</th><td class="bar-of" aria-hidden="true">'
        f'<i style="width:{count / most:.0%}"></i></td><td class="number">{t.size(count) if sizes else t.number(count)}'
        "</td></tr>"
        for name, count in list(counts.items())[:MOST_ROWS]
    )
    left = len(counts) - MOST_ROWS
    rest = f"<p>{t.html('library.rest', n=t.number(left))}</p>" if left > 0 else ""
    said = f"<p>{escape(note)}</p>" if note else ""
    return f"<section><h3>{escape(title)}</h3><table><tbody>{rows}</tbody></table>{rest}{said}</section>"


def _lacks(found: Inventory, t: Texts) -> Iterator[str]:
    if found.pages_without_text:
        words = t.count("inventory.empty_pages", found.pages_without_text)
        yield _gap(words, found.with_empty_pages, t)
    for name in ("without_text", "gone", "same"):
        gap: Gap = getattr(found, name)
        if gap.count:
            yield _gap(t.count(f"inventory.{name}", gap.count), gap, t)
    if found.refused:
        rows = "".join(
            f"<li><b>{escape(visible(each.path.rpartition('/')[2]))}</b> {escape(visible(said(each.reason, t)))} "
            f"<span>{each.refused[:10]}</span></li>"
            for each in found.refused[:MOST_REFUSED]
        )
        words = escape(t.count("inventory.refused", len(found.refused)))
        yield f"<details><summary>{words}</summary><ul>{rows}</ul></details>"
    if found.pictures and found.pictures_note:
        yield f"<p>{escape(found.pictures_note)}</p>"


def _gap(words: str, gap: Gap, t: Texts) -> str:
    rows = "".join(f"<li>{escape(visible(title))}</li>" for title in gap.titles)
    left = gap.count - len(gap.titles)
    rest = f"<li>{t.html('library.rest', n=t.number(left))}</li>" if left > 0 else ""
    return f"<details><summary>{escape(words)}</summary><ul>{rows}{rest}</ul></details>"
