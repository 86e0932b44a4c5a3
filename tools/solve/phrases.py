"""The words around formulas: "from 0 to pi", "as x -> 0", "for x", "where n is an integer"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .limits import SolveError
from .names import Domain, read_domain
from .parse import parse, parse_one
from .problem import Task
from .syntax import Apply, Name, Node, Number

NAME = r"[^\W\d]\w*"
NAMES = rf"{NAME}(?:\s*(?:,|\band\b|,\s*and\b)\s*{NAME})*"
_ADJECTIVE = r"(?:non-?negative|non-?positive|non-?zero|positive|negative|even|odd|natural|real|whole|complex|boolean)"
_NOUN = r"(?:integers?|ints?|reals?|naturals?|numbers?|booleans?|bools?|truth\s+values?|u?int(?:8|16|32|64)|complex)"
DOMAIN = rf"(?:{_ADJECTIVE}\s+)*{_NOUN}"
_OPENING = r"(?:^|[,;\n]|\b(?:where|with|for|given|assuming|let|suppose|and)\b)\s*"
BEING = re.compile(
    rf"{_OPENING}(?:both\s+)?({NAMES})\s+(?:is|are|be)\s+(?:all\s+|both\s+)?(?:an?\s+)?({DOMAIN})\b", re.I
)
TAKEN = re.compile(
    rf"(?:^|[,;\n]|\bwhere\b|\bwith\b)\s*({NAMES})\s*(?:\bin\b|∈)\s*(?:the\s+)?({DOMAIN})\s*(?=$|[,;\n])", re.I
)
SOUGHT = re.compile(
    rf"^(\s*(?:find|are\s+there|is\s+there|give\s+me)\s+)(?:an?\s+|all\s+|two\s+|three\s+|some\s+|any\s+)?({DOMAIN})\s+({NAMES})"
    r"(?=\s*(?:such\s+that|so\s+that|with\b|where\b|satisfying|:))", re.I,
)  # fmt: skip
OVER = re.compile(rf"\s+(?:over|in|among|on)\s+(?:the\s+)?(?:set\s+of\s+)?({DOMAIN})\s*$", re.I)
FUNCTION = re.compile(rf"({NAME})\s*['′’]")
LEIBNIZ = re.compile(r"\bd(?:\^?(\d)|([²³]))?([a-zA-Z])/d([a-zA-Z])(?:\^?\d|[²³])?")

Side = Literal["", "+", "-"]


@dataclass(slots=True)
class Parts:
    """What a text was taken apart into; the fields are those of ``Problem``."""

    task: Task
    nodes: list[Node]
    given: list[Node] = field(default_factory=list)
    unknowns: list[str] = field(default_factory=list)
    lower: Node | None = None
    upper: Node | None = None
    point: Node | None = None
    side: Side = ""
    order: int = 0


def declarations(text: str) -> tuple[str, dict[str, Domain], Domain | None]:
    """Takes out what a text says of where its variables come from.

    Returns:
        The rest of the text, the domains by name, and that of all other variables.
    """
    domains: dict[str, Domain] = {}

    def take(match: re.Match[str]) -> str:
        domain = read_domain(match[2])
        if domain is None:
            return match[0]
        domains.update(dict.fromkeys(names_in(match[1]), domain))
        return ";" if match.start() else ""

    if not re.search(
        r"[∀∃]|\bfor\s+(?:all|every|each|any)\b|\bforall\b|\bexists?\b|\bthere\s+(?:is|are)\b", text, re.I
    ):
        text = TAKEN.sub(take, text)
    text = BEING.sub(take, text)
    if match := SOUGHT.match(text):
        domains |= dict.fromkeys(names_in(match[3]), read_domain(match[2]) or Domain("real"))
        text = f"{match[1]}{match[3]}{text[match.end() :]}"
    default = None
    if match := OVER.search(text):
        default = read_domain(match[1])
        text = text[: match.start()]
    return text.strip().strip(";,").strip(), domains, default


def names_in(text: str) -> list[str]:
    """Returns the names of a list such as ``x, y and z``."""
    return [name for name in re.findall(NAME, text) if name.lower() != "and"]


def closes_at_end(text: str) -> bool:
    """Whether the bracket that a text begins with is the one that it ends with."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return at == len(text) - 1
    return False


def plain(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads formulas without words around them."""
    return Parts(task, parse(text))


def equations(task: Task | None, text: str) -> Parts:
    """Reads what is to be solved, with the unknowns that it names."""
    text, unknowns = _for(text)
    text = re.sub(r"\s+(?:where|with|given(?:\s+that)?)\s+", ", ", text, flags=re.I)
    text = re.sub(
        r"^\s*(?:the\s+)?(?:system|equations?|inequalit(?:y|ies)|simultaneous\s+equations?)\b\s*:?",
        "",
        text,
        flags=re.I,
    )
    text = LEIBNIZ.sub(_primes, text)
    functions = frozenset(FUNCTION.findall(text))
    return Parts(task or "solve", parse(text, functions), unknowns=[name for name in unknowns if name not in functions])


def _for(text: str) -> tuple[str, list[str]]:
    if match := re.match(rf"\s*for\s+({NAMES})\s*(?:[:,]|\bin\b|\bif\b|\bwhen\b|\bthe\b)\s*(?=\S)", text, re.I):
        return text[match.end() :], names_in(match[1])
    if match := re.search(rf"[\s,]+for\s+({NAMES})\s*$", text, re.I):
        return text[: match.start()], names_in(match[1])
    return text, []


def _primes(match: re.Match[str]) -> str:
    order = int(match[1] or {"²": 2, "³": 3}.get(match[2] or "", 1))
    return f"{match[3]}{chr(39) * order}"


def ode(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads a differential equation with its conditions."""
    text = re.sub(r"\b(?:with|where|and|given)\b(?=[^,;]*\()", ",", text, flags=re.I)
    return equations(task, text)


def _by(text: str) -> tuple[str, str | None]:
    """Takes "with respect to x" or "dx" off the end."""
    words = re.search(rf"[\s,]+(?:with\s+respect\s+to|w\.?r\.?t\.?|by)\s+({NAME})\s*$", text, re.I)
    match = words or re.search(r"(?<![\w)])\s*\bd([a-z])\s*$|(?<=[\w)\s])d([a-z])\s*$", text)
    if match and (words or re.search(r"(?:^|[\s\d)])d[a-z]\s*$", text)):
        return text[: match.start()].rstrip(), next(filter(None, match.groups()))
    return text, None


def differentiation(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads "x^2 with respect to x" and "d/dx x^2"."""
    parts = Parts(task, [])
    if match := re.match(r"\s*d(?:\^?(\d)|([²³]))?/d([a-zA-Z])(?:\^?\d|[²³])?\s*(?:of\b)?", text):
        parts.order = int(match[1] or {"²": 2, "³": 3}.get(match[2] or "", 1))
        parts.unknowns, text = [match[3]], text[match.end() :]
    if match := re.search(rf"\s+(?:at|for|when)\s+({NAME})\s*=\s*(.+)$", text, re.I):
        parts.point, parts.unknowns, text = parse_one(match[2]), [match[1]], text[: match.start()]
    if match := re.search(r"[\s,]+(twice|two\s+times|three\s+times)\b", text, re.I):
        parts.order, text = (3 if "three" in match[1].lower() else 2), text[: match.start()] + text[match.end() :]
    text, name = _by(text)
    parts.unknowns = [name] if name else parts.unknowns
    parts.nodes = parse(_right_side(text))
    return parts


def _right_side(text: str) -> str:
    """Returns what follows "f(x) =" or "y ="."""
    return re.sub(rf"^\s*(?:{NAME}\s*\(\s*{NAME}\s*\)|y)\s*=(?!=)", "", text)


RANGES = (
    rf"[\s,]+(?:for|as|where|with|over)\s+(?P<name>{NAME})\s*(?:=|from|goes\s+from|between|in)\s*(?P<low>.+?)\s*(?:\bto\b|\.\.|\band\b)\s*(?P<high>.+)$",
    rf"[\s,]+(?:from|between|over)\s+(?:(?P<name>{NAME})\s*=\s*)?(?P<low>.+?)\s+(?:to|and|till|until)\s+(?P<high>.+)$",
    rf"^_\{{?(?:(?P<name>{NAME})\s*=\s*)?(?P<low>[^\s{{}}^]+)\}}?\^\{{?(?P<high>[^\s{{}}]+)\}}?",
    rf"[\s,]+(?P<name>{NAME})\s*(?:=|from)\s*(?P<low>.+?)\s*(?:\bto\b|\.\.)\s*(?P<high>.+)$",
)


def integration(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads an integrand or a summand with its limits."""
    parts, changed = Parts(task, []), True
    while changed:
        before = text
        text, name = _by(text) if task == "integrate" else (text, None)
        parts.unknowns = [name] if name else parts.unknowns
        if parts.lower is None:
            text = _range(parts, text)
        changed = text != before
    parts.nodes = parse(_right_side(text))
    return parts


def _range(parts: Parts, text: str) -> str:
    for pattern in RANGES:
        match = re.search(pattern, text, re.I | re.S)
        if match is None:
            continue
        high, name = _by(match["high"])
        parts.lower, parts.upper = parse_one(match["low"]), parse_one(high)
        name = match["name"] or name
        parts.unknowns = [name] if name else parts.unknowns
        return (text[: match.start()] + text[match.end() :]).strip()
    return text


ARROW = r"(?:->|→|approaches|tends\s+to|goes\s+to)"
SIDES: dict[str, Side] = {"left": "-", "below": "-", "right": "+", "above": "+", "-": "-", "+": "+"}


def limit(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads "sin(x)/x as x -> 0 from the right" and "x -> 0 of sin(x)/x"."""
    parts = Parts(task, [])
    if match := re.search(r"[\s,]+from\s+(?:the\s+)?(left|right|above|below)(?:\s+side)?\b", text, re.I):
        parts.side, text = SIDES[match[1].lower()], text[: match.start()] + text[match.end() :]
    behind = re.search(rf"[\s,]+(?:as|when|for|where|if)?\s*({NAME})\s*{ARROW}\s*(.+)$", text, re.I)
    before = re.match(rf"\s*(?:_\(?|as\s+)?({NAME})\s*{ARROW}\s*(\S+?)\)?(?:\s*,|\s+of\b|\s*:|\s)\s*(?=\S)", text, re.I)
    match = before or behind
    if match is None:
        raise SolveError("say where the variable goes, as in: limit of sin(x)/x as x -> 0")
    place = match[2].strip()
    if place[-1] in "+-" and place[:-1]:
        parts.side, place = SIDES[place[-1]], place[:-1].rstrip("^")
    parts.unknowns, parts.point = [match[1]], parse_one(place)
    parts.nodes = parse(_right_side(text[match.end() :] if before else text[: match.start()]))
    return parts


COUNTED = re.compile(
    r"[\s,]+(?:up\s+)?to\s+(?:the\s+)?(?:(?:order|degree)\s+(\d+)|(\d+)(?:st|nd|rd|th)\s+(?:order|degree))", re.I
)


def series(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads "exp(x) around 0 to order 5"."""
    parts = Parts(task, [])
    if match := COUNTED.search(text):
        parts.order = int(next(filter(None, match.groups())))
        text = text[: match.start()] + text[match.end() :]
    if match := re.search(
        rf"[\s,]+(?:around|about|at|near)\s+(?:(?:the\s+)?point\s+)?(?:({NAME})\s*=\s*)?(.+)$", text, re.I
    ):
        parts.unknowns, parts.point = [match[1]] if match[1] else [], parse_one(match[2])
        text = text[: match.start()]
    text, name = _by(text)
    parts.unknowns = [name] if name else parts.unknowns
    parts.nodes = parse(_right_side(text))
    return parts


GIVEN = re.compile(
    r"[\s,;]+(?:given(?:\s+that)?|assuming(?:\s+that)?|provided(?:\s+that)?|under\s+the\s+assumptions?(?:\s+that)?)\s+",
    re.I,
)
FIRST = re.compile(
    r"^\s*(?:given(?:\s+that)?|assume(?:\s+that)?|suppose(?:\s+that)?|let)\s+(.*?)[,;.]\s*(?:prove|show|then)\s+(?:that\s+)?(.*)$",
    re.I | re.S,
)
LAST = re.compile(r"^(?!\s*(?:for\b|∀|if\b))(.+?)[\s,]+((?:for\s+(?:all|every|each|any)\b|∀)[^:]+)$", re.I | re.S)
SUBJECT = re.compile(
    r"[\s,;]+(?:subject\s+to|s\.?\s?t\.|given(?:\s+that)?|under(?:\s+the\s+constraints?)?|such\s+that|so\s+that|with|where|when|if)\s*:?\s+",
    re.I,
)


def claim(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads a claim and what is assumed for it."""
    if match := FIRST.match(text):
        return Parts(task, parse(match[2]), parse(match[1]))
    said, *assumed = GIVEN.split(text)
    if match := LAST.match(said):  # "x^2 >= 0 for all real x"
        said = f"{match[2]}: {match[1]}"
    return Parts(task, parse(said), [node for part in assumed for node in parse(part)])


def objective(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads what is to be made smallest or largest, and the constraints."""
    first, *rest = SUBJECT.split(text, maxsplit=1)
    goal, *constraints = parse(_right_side(first))
    return Parts(task, [goal], [*constraints, *(node for part in rest for node in parse(part))])


def search(task: Task, text: str, domains: dict[str, Domain]) -> Parts:
    """Reads constraints behind "x, y such that"."""
    words = r"(?:such\s+that|so\s+that|with|where|satisfying)\b|:"
    if match := re.match(rf"\s*(?:(?:values?|numbers?)\s+(?:for\s+|of\s+)?)?({NAMES})\s*(?:{words})", text, re.I):
        unknowns = names_in(match[1])
        return Parts(task, parse(text[match.end() :]), unknowns=unknowns)
    return Parts(task, parse(text))


READERS: dict[str, Callable[[Task, str, dict[str, Domain]], Parts]] = {
    "ode": ode, "differentiate": differentiation, "integrate": integration, "sum": integration,
    "product": integration, "limit": limit, "series": series, "prove": claim, "minimize": objective,
    "maximize": objective, "satisfy": search,
}  # fmt: skip
CALLS = ("differentiate", "integrate", "limit", "series", "sum", "product", "solve")


def called(task: Task | None, arguments: Sequence[Node]) -> Parts:
    """Reads arguments in the manner of computer algebra: integrate(x^2, (x, 0, 1)), diff(f, x, 2), limit(f, x, 0).

    Raises:
        SolveError: They are not what the task needs.
    """
    assert task is not None
    first, *rest = arguments
    flat = [item for node in rest for item in (node.args if isinstance(node, Apply) and node.op == "list" else (node,))]
    if task == "solve":
        nodes = list(first.args) if isinstance(first, Apply) and first.op == "list" else [first]
        others = [node for node in flat if not isinstance(node, Name)]
        return Parts(task, [*nodes, *others], unknowns=[node.name for node in flat if isinstance(node, Name)])
    if not flat or not isinstance(flat[0], Name):
        raise SolveError(f"the second argument of {task} is the variable, as in {task}(x^2, x)")
    parts = Parts(task, [first], unknowns=[flat[0].name])
    numbers = flat[1:]
    if task in ("integrate", "sum", "product") and len(numbers) == 2:  # noqa: PLR2004 — both limits
        parts.lower, parts.upper = numbers
    elif task == "differentiate":
        parts.order = _count(numbers)
    elif task in ("limit", "series") and numbers:
        parts.point, parts.order = numbers[0], _count(numbers[1:])
    return parts


def _count(nodes: Sequence[Node]) -> int:
    return int(nodes[0].value) if nodes and isinstance(nodes[0], Number) else 0
