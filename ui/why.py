"""Why a source came: the scores of the search that brought its passage."""

from __future__ import annotations

from html import escape

from assistant.events import Citation

# Attribute of ``Scores``, what it is called, what it means.
SCORES = (
    ("meaning", "Meaning", "how near the passage is to the question in meaning, from -1 to 1"),
    ("words", "Words", "how well the question's words fit, beside the best passage, from 0 to 1"),
    ("second_look", "Second look", "each word of the question compared with each word of the passage"),
    ("alike", "Its like", "what the passages most like it scored, towards which it is drawn a little"),
    ("looks", "Looks", "how near its picture is to the question, from -1 to 1"),
)
BESIDE = "It was not found itself: it came along with a passage that was."


def why_html(citation: Citation) -> str:
    """Returns the scores of a citation's passage, folded."""
    return f'<details class="why"><summary>Why this source?</summary>{_scores(citation)}</details>'


def _scores(citation: Citation) -> str:
    scores = citation.scores
    if scores is None:
        return f"<p>{BESIDE}</p>"
    given = [(label, getattr(scores, name), meaning) for name, label, meaning in SCORES]
    rows = "".join(_row(label, value, meaning) for label, value, meaning in given if value is not None)
    return (
        f"<p>The search put it where it did for a score of <b>{scores.score:.3f}</b>, made of:</p>"
        f"<table><tbody>{rows}</tbody></table>"
    )


def _row(label: str, value: float, meaning: str) -> str:
    width = min(1.0, max(0.0, value))
    return (
        f'<tr><th scope="row">{escape(label)}<small>{escape(meaning)}</small></th><td class="number">{value:.3f}'
        f'<span class="bar-of" aria-hidden="true"><i style="width:{width:.0%}"></i></span></td></tr>'
    )
