"""Parts a request that asks for several things into its steps."""

from __future__ import annotations

import re

from assistant.engines.builtin.steps import Later

MAX_STEPS = 6
# What has more places at which it could be parted is a text or a list rather than a request of several steps.
MAX_HALVES = 8
THEN = re.compile(
    r"\s*(?:[,;.]\s*)?\b(?:and then|then|after that|afterwards|and after that|and also|followed by)\b[,\s]*|\s*;\s+"
    r"|(?<=[a-z0-9)%])[.?!]\s+(?=[A-Z])",
    re.I,
)
AND = re.compile(r",?\s+and\s+|,\s+", re.I)
ORDINAL = re.compile(r"(?:first|firstly|second|secondly|next|finally|lastly|also),?\s+", re.I)
# "a blue square" behind "draw a red circle and" is to be drawn too.
ARTICLE = re.compile(r"(?:a|an|another|one)\s", re.I)
WITH_ARTICLE = re.compile(r"(?P<verb>(?:please\s+)?\w+)\s+(?:a|an|one)\s", re.I)
QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|```.*?```", re.S)
IT = r"(?:it|that|this|them|the result|the (?:price|amount|sum|total|number|value))"
OPERATORS = {
    "add": "+",
    "plus": "+",
    "subtract": "-",
    "deduct": "-",
    "minus": "-",
    "multiply": "*",
    "times": "*",
    "divide": "/",
    "multiplied by": "*",
    "divided by": "/",
    "×": "*",
    "÷": "/",
}
OPERATION = re.compile(
    rf"(?:please\s+)?(?P<verb>add|plus|subtract|deduct|minus|multiply|times|divide)(?:\s+{IT})?(?:\s+(?:by"
    rf"|with))?\s+(?P<number>\d[\d.,]*\s*(?:%|percent)?)"
    rf"(?:\s*(?:vat|tax|tip|interest|(?:of|to|from) {IT}))*\s*[.?!]*$",
    re.I,
)
CONVERTED = re.compile(rf"(?:please\s+)?convert\s+{IT}\s+(?:in)?to\s+(?P<unit>[\w°/^²³]+)\s*[.?!]*$", re.I)
TAKEN = re.compile(
    rf"(?:please\s+)?(?:what(?:'s| is)|calculate|compute|take|how much is)\s+(?P<number>\d[\d.,]*)\s*(?:%"
    rf"|percent)\s+of\s+{IT}\s*[.?!]*$",
    re.I,
)
SOUGHT = re.compile(
    r"(?:please\s+)?(?:find|look up|get|fetch|take|search for|tell me|give me"
    r"|read)\s+(?:me\s+)?(?:out\s+)?(?P<what>(?:the|my|our)\s.+)",
    re.I,
)
CHANGED = {"double": "2 * {}", "halve": "{} / 2", "square": "({})^2"}
INLINE = re.compile(
    r"(?:what is|what's|how much is|calculate)\s+(?P<what>(?:the|my|our)\s[^\d]+?)\s+"
    r"(?P<verb>plus|minus|times|(?:divided|multiplied) by|[-+*/×÷])\s*(?P<number>\d[\d.,]*\s*(?:%|percent)?)\s*\W*$",
    re.I,
)
SHARE = re.compile(
    r"(?:what is|what's|how much is|calculate)\s+(?P<number>\d[\d.,]*)\s*(?:%|percent)\s+of\s+(?P<what>(?:the"
    r"|my|our)\s[^\d]+?)\s*\W*$",
    re.I,
)


# "15 % of 80 and of 120" is two shares.
SHARES = re.compile(
    r"(?P<share>\d[\d.,]*\s*(?:%|percent)\s+of)\s+(?P<first>\d[\d.,]*)(?P<others>(?:,?\s+and\s+(?:of\s+)?|,\s+)\d[\d.,]*\b)+"
    r"\s*[.?!]*$",
    re.I,
)


def spread(request: str) -> str:
    """Writes out a share of several numbers, each by itself."""
    found = SHARES.search(request)
    if not found:
        return request
    numbers = re.findall(r"\d[\d.,]*\d|\d", request[found.start("first") : found.end()])
    return request[: found.start()] + "; ".join(f"{found['share']} {number}" for number in numbers)


def clauses(request: str) -> list[str]:
    """Returns the parts that stand beside each other for certain; quoted text is never parted."""
    parts = [step for part in _cut(request, _between_quotes(THEN, request)) for step in _calculated(part)]
    return [ORDINAL.sub("", part) if ORDINAL.match(part) else part for part in parts] if len(parts) > 1 else parts


def halves(clause: str) -> list[tuple[str, str]]:
    """Returns each way to part a clause at an "and" or a comma, none of a long text; quoted text is never parted."""
    places = _between_quotes(AND, clause)
    return [(clause[:start].strip(), clause[end:].strip()) for start, end in places if len(places) <= MAX_HALVES]


def elided(left: str, right: str) -> str | None:
    """Returns the right half with the left one's verb where it has none: "draw a circle" and "a square"."""
    found = WITH_ARTICLE.match(left)
    return f"{found['verb']} {right}" if found and ARTICLE.match(right) else None


def as_question(clause: str) -> str:
    """Returns what a clause wants found as a question, which a reader answers better."""
    found = SOUGHT.match(clause)
    return f"What is {found['what'].rstrip('.!? ')}?" if found else clause


def operation(clause: str) -> Later | None:
    """Returns a calculation with the result of the step before, None where the clause is none."""
    if found := OPERATION.match(clause):
        number = found["number"].replace("percent", "%").strip()
        return Later(f"{{}} {OPERATORS[found['verb'].lower()]} {number}")
    if found := CONVERTED.match(clause):
        return Later(f"{{}} to {found['unit']}")
    if found := TAKEN.match(clause):
        return Later(f"{found['number']} % of {{}}")
    words = clause.lower().split()
    return Later(CHANGED[words[0]]) if len(words) > 1 and words[0] in CHANGED and re.search(IT, clause) else None


def inline(request: str) -> tuple[str, Later] | None:
    """Returns what has to be looked up and what has to be done with it: "the rent plus 10 %"."""
    if found := INLINE.match(request):
        sign = OPERATORS.get(found["verb"].lower(), found["verb"])
        return f"What is {found['what']}?", Later(f"{{}} {sign} {found['number'].replace('percent', '%').strip()}")
    if found := SHARE.match(request):
        return f"What is {found['what']}?", Later(f"{found['number']} % of {{}}")
    return None


def _between_quotes(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    marks = [match.span() for match in QUOTED.finditer(text)]
    return [match.span() for match in pattern.finditer(text) if not any(a < match.start() < b for a, b in marks)]


def _calculated(clause: str) -> list[str]:
    """Parts "look up the rent, add 19 %" before each calculation with what was found."""
    head, comma, last = clause.rpartition(", ")
    return [*_calculated(head), last] if comma and operation(last) else [clause]


def _cut(text: str, spans: list[tuple[int, int]]) -> list[str]:
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    parts = [text[edges[at] : edges[at + 1]].strip(" ,") for at in range(0, len(edges), 2)]
    return [part for part in parts if part][: MAX_STEPS + 1]
