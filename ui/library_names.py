"""The named libraries in the page: made, chosen, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.errors import AssistantError
from assistant.libraries import Libraries
from index.errors import LibraryError
from ui.language import Texts


@dataclass(frozen=True, slots=True)
class Named:
    """A library of the list.

    Attributes:
        name: Its name.
        documents: How many it holds; None where it cannot be read.
        size: Bytes on disk.
        problem: Why it cannot be read; empty where it can.
    """

    name: str
    documents: int | None
    size: int
    problem: str = ""


def read_named(libraries: Libraries) -> list[Named]:
    """Looks at every library."""
    return [_look(libraries, name) for name in libraries.names()]


def _look(libraries: Libraries, name: str) -> Named:
    try:
        status = libraries.get(name).status()
    except (AssistantError, LibraryError) as error:
        return Named(name, None, 0, str(error))
    return Named(name, status.documents, status.bytes)


def names_html(found: Sequence[Named], chosen: str, default: str, t: Texts) -> str:
    """Returns the list of libraries with a form to make another.

    Args:
        found: Those that there are.
        chosen: Which one the conversation is about.
        default: Which one cannot be deleted here, since there is always one.
        t: What the page says.
    """
    rows = "".join(_row(each, t, chosen=each.name == chosen, fixed=each.name == default) for each in found)
    make = t.html("library.make")
    return (
        f'<div class="shelves"><p class="about">{t.html("library.names_about")}</p><ul>{rows}</ul>'
        f'<form aria-label="{make}"><label>{t.html("library.new_name")} <input type="text" name="name" maxlength="50" '
        f'autocomplete="off" spellcheck="false"></label><button type="submit">{make}</button></form></div>'
    )


def _row(each: Named, t: Texts, *, chosen: bool, fixed: bool) -> str:
    held = escape(each.problem) or ", ".join([t.count("library.count", each.documents or 0), t.size(each.size)])
    use = f'<b class="chosen">{t.html("library.in_use")}</b>' if chosen else _button("use", each.name, t)
    delete = "" if fixed or chosen else _button("delete", each.name, t)
    return f'<li><div><b>{escape(each.name)}</b><span class="facts">{held}</span></div>{use}{delete}</li>'


def _button(action: str, name: str, t: Texts) -> str:
    label, sure = t.html(f"library.{action}_name", name=name), t.html("library.delete_sure")
    return (
        f'<button type="button" class="{action}" data-action="{action}" data-id="{escape(name)}" '
        f'data-confirm="{sure}" aria-label="{label}">{t.html(f"library.{action}")}</button>'
    )
