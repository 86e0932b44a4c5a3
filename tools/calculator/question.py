"""Takes the words of a question off, so that an expression is left."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .limits import MAX_LENGTH, MAX_PLACES, CalculationError
from .phrases import rewrite

CURRENCY = re.compile(
    r"[$€£¥₹¢₿]|\b(?:usd|eur|gbp|jpy|chf|cny|inr|dollars?|euros?|cents?|yen|yuan|rupees?|francs?|pence|bitcoins?|btc)\b",
    re.I,
)
LEAD = re.compile(
    r"\s*(?:(?:please|can\s+you|what(?:['’]s|\s+is|\s+are)|how\s+much\s+(?:is|are)|calculate|compute|evaluate|convert|"
    r"work\s+out|(?:the\s+)?(?:result|value|answer)\s+(?:of|to))(?:\s+|:\s*))+",
    re.I,
)
TAIL = re.compile(r"(?:,?\s+please|\b(?:is|equals)\s+what|\bis|\bequals)$", re.I)
END = " ?=."
PLACES = re.compile(
    r",?\s*\b(?:rounded\s+)?(?:to|with)\s+(?P<count>\d{1,4})\s+"
    r"(?:(?P<decimals>decimals?|decimal\s+places?|places?)"
    r"|(?P<significant>significant\s+|sig\.?\s*)?(?:digits?|figures?|figs?\.?))$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Question:
    """An expression with what was asked about its form.

    Attributes:
        expression: What is to be calculated.
        digits: Significant digits to show, None where nothing was said.
        decimals: Places after the point to round to, None where nothing was said.
        significant: Whether the digits are to be shown as significant ones, zeros at the end included.
    """

    expression: str
    digits: int | None = None
    decimals: int | None = None
    significant: bool = False


def read_question(text: str) -> Question:
    """Finds the expression in a question such as "What is sqrt(2) to 30 digits?".

    Raises:
        CalculationError: The text is empty, too long or about money in different currencies.
    """
    if len(text) > MAX_LENGTH:
        raise CalculationError(f"the expression has {len(text):,} characters; at most {MAX_LENGTH:,} are taken")
    # Long blanks would cost the patterns much time.
    text = _without_words(re.sub(r"\s{2,}", " ", text))
    if not text.strip():
        raise CalculationError("the expression is empty; write for example 12.5 % of 2480")
    if match := CURRENCY.search(text):
        raise CalculationError(
            f"`{match[0]}`: currencies are left out because exchange rates change; write amounts as plain numbers"
        )
    return _with_places(text)


def _without_words(text: str) -> str:
    text = text.rstrip().rstrip(END)
    while match := TAIL.search(text):
        text = text[: match.start()].rstrip(END)
    if (expression := rewrite(text)) is not None:
        return expression
    if match := LEAD.match(text):  # blanks keep the positions in messages right
        return " " * match.end() + text[match.end() :]
    return text


def _with_places(text: str) -> Question:
    match = PLACES.search(text)
    if not match:
        return Question(text)
    count, rest = int(match["count"]), text[: match.start()]
    if count > MAX_PLACES:
        raise CalculationError(f"at most {MAX_PLACES:,} digits can be asked for")
    if match["decimals"]:
        return Question(rest, decimals=count)
    return Question(rest, digits=max(count, 1), significant=bool(match["significant"]))
