"""Why a source came: the scores of the search that brought its passage."""

from __future__ import annotations

from html import escape

from assistant.events import Citation, Scores
from ui.language import Texts

# Attributes of ``Scores``.
SCORES = ("meaning", "words", "second_look", "alike", "looks")


def why_html(citation: Citation, t: Texts) -> str:
    """Returns the scores of a citation's passage, folded."""
    return f'<details class="why"><summary>{t.html("evidence.why")}</summary>{_scores(citation.scores, t)}</details>'


def _scores(scores: Scores | None, t: Texts) -> str:
    if scores is None:
        return f"<p>{t.html('evidence.beside')}</p>"
    given = [(name, getattr(scores, name)) for name in SCORES]
    rows = "".join(_row(name, value, t) for name, value in given if value is not None)
    said = t.html("evidence.score", score="\0").replace("\0", f"<b>{t.number(scores.score, 3)}</b>")
    return f"<p>{said}</p><table><tbody>{rows}</tbody></table>"


def _row(name: str, value: float, t: Texts) -> str:
    width = min(1.0, max(0.0, value))
    label, meaning = t(f"evidence.{name}"), t(f"evidence.{name}_hint")
    bar = f'<span class="bar-of" aria-hidden="true"><i style="width:{width:.0%}"></i></span>'
    name = f'<th scope="row">{escape(label)}<small>{escape(meaning)}</small></th>'
    return f'<tr>{name}<td class="number">{t.number(value, 3)}{bar}</td></tr>'
