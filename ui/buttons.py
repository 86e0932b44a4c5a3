"""The buttons under questions and answers: one line of HTML each, since Markdown ends HTML at an empty one."""

from __future__ import annotations

from html import escape

from ui.language import Texts
from ui.view import ShownTurn


def question_deeds(turn: ShownTurn, t: Texts) -> str:
    """Returns what can be done with a question, which version it is first; nothing before it is written down."""
    if turn.turn is None:
        return ""
    return f'\n\n<div class="deeds">{_versions(turn, t)}{_button("edit", turn, t)}{_button("copy", turn, t)}</div>'


def answer_deeds(turn: ShownTurn, t: Texts) -> str:
    """Returns what can be done with an answer."""
    if turn.turn is None:
        return ""
    verdict = turn.verdict[0] if turn.verdict else ""
    names = ["copy", "again", "good", "bad", "speak", "share", *(["compare"] if len(turn.versions) > 1 else [])]
    buttons = "".join(_button(name, turn, t, pressed=name == verdict) for name in names)
    return f'<div class="deeds">{buttons}</div>'


def earlier_html(count: int, t: Texts) -> str:
    """Returns the button that shows earlier questions."""
    return f'<div class="earlier"><button class="deed earlier">{escape(t.count("deeds.earlier", count))}</button></div>'


def _versions(turn: ShownTurn, t: Texts) -> str:
    if len(turn.versions) < 2 or turn.turn not in turn.versions:  # noqa: PLR2004 — nothing to choose from
        return ""
    place = turn.versions.index(turn.turn)
    words = escape(t("deeds.version", n=place + 1, count=len(turn.versions)))
    before = _to("before", turn, place - 1, t)
    return f'{before}<span class="count">{words}</span>{_to("after", turn, place + 1, t)}'


def _to(name: str, turn: ShownTurn, place: int, t: Texts) -> str:
    there = 0 <= place < len(turn.versions)
    to = f'v{turn.versions[place]}"' if there else '" disabled'
    return (
        f'<button class="deed version {name} t{turn.turn} {to} title="{escape(t(f"deeds.version_{name}"))}"></button>'
    )


def _button(name: str, turn: ShownTurn, t: Texts, *, pressed: bool = False) -> str:
    # The chat keeps classes and titles of buttons, and no other attributes.
    words = escape(t(f"deeds.{name}_taken_back" if pressed else f"deeds.{name}"))
    return f'<button class="deed {name} t{turn.turn}{" pressed" if pressed else ""}" title="{words}"></button>'
