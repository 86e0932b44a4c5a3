"""Finds out what a text asks for: "integrate x sin(x) from 0 to pi", or only "x^2 = 4"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from . import phrases
from .limits import MAX_LENGTH, SolveError
from .names import Domain, read_domain
from .parse import parse
from .problem import Problem, Task
from .syntax import Apply, Name, Node, Quantified, Unknown, conjuncts, free_names, is_statement, rebuilt, walk

ASK = (
    r"(?:please\s+)?(?:(?:can|could)\s+you\s+)?(?:what(?:'s|\s+is|\s+are)\s+|find\s+|compute\s+|calculate\s+|evaluate\s+"
    r"|determine\s+|give\s+(?:me\s+)?|work\s+out\s+)?(?:the\s+|all\s+)?"
)
HEADS: tuple[tuple[str, Task], ...] = (
    (
        r"(?:solve\s+)?(?:the\s+)?(?:ordinary\s+)?(?:differential\s+equation|ode|initial\s+value\s+problem)\b|dsolve\b",
        "ode",
    ),
    (
        r"prove\b|is\b(?=[^,;]*[<>=≤≥≠])(?!\s+(?:it|there)\b)|show\s+that\b|disprove\b|verify\b|is\s+it\s+(?:always\s+)?true\b|does\s+it\s+hold\b|check\s+(?:that|whether|if)\b",
        "prove",
    ),
    (r"(?P<count>(?:first|second|third|fourth|\d+(?:st|nd|rd|th))\s+)?derivative\s+of\b", "differentiate"),
    (r"differentiate\b|derive\b|diff\b|(?=d(?:\^?\d|²|³)?/d[a-z])", "differentiate"),
    (r"(?:definite\s+|indefinite\s+)?(?:integral|antiderivative|primitive)\b(?:\s+of\b)?|integrate\b|∫", "integrate"),
    (r"(?:limit|lim)\b(?:\s+of\b)?", "limit"),
    (r"(?:(?:taylor|maclaurin|power)\s+)*(?:series|expansion)(?:\s+expansion)?(?:\s+(?:of|for)\b|(?=\s*\())", "series"),
    (r"(?:sum|summation)\b(?:\s+of\b)?|[∑Σ]", "sum"),
    (r"product\s+of\b|product(?=\s*\()|∏", "product"),
    (r"minimi[sz]e\b|(?:minimum|smallest|least)(?:\s+value)?\s+of\b", "minimize"),
    (r"maximi[sz]e\b|(?:maximum|largest|greatest|biggest)(?:\s+value)?\s+of\b", "maximize"),
    (r"satisfy\b|schedule\b|constraints\b|(?:is|are)\s+there\b(?!\s*:)", "satisfy"),
    (r"simplify\b", "simplify"),
    (r"expand\b|multiply\s+out\b", "expand"),
    (r"factor(?:i[sz]e)?\b|(?:prime\s+)?factors\s+of\b|(?:prime\s+)?factori[sz]ation\s+of\b", "factor"),
    (r"partial\s+fractions?(?:\s+decomposition)?(?:\s+of\b)?|apart\b", "partial_fractions"),
    (r"solve\b|(?:real\s+|complex\s+)?(?:roots?|zeros?|zeroes|solutions?)\s+(?:of|to)\b", "solve"),
)
PATTERNS = [(re.compile(rf"\s*{ASK}(?:{head})\s*:?\s*(?:that\b|whether\b)?\s*:?", re.I), task) for head, task in HEADS]
PLAIN = re.compile(rf"\s*{ASK}", re.I)
SEARCH = re.compile(
    r"\s*(?:find|are\s+there|is\s+there|give\s+me)\s+(?=.*(?:such\s+that|so\s+that|with|where|satisfying)\b)",
    re.I | re.S,
)
COUNTS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
CALL = re.compile(r"\s*\((.*)\)\s*", re.S)
SETS = {"ℤ": " integers ", "ℕ": " naturals ", "ℝ": " reals ", "ℂ": " complex "}


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller gave.

    Attributes:
        text: The problem in words and formulas.
        constraints: More that must hold, or is assumed.
        domains: Where variables come from, in words.
    """

    text: str
    constraints: tuple[str, ...] = ()
    domains: Mapping[str, str] | None = None


def understand(request: Request) -> Problem:
    """Returns the problem that a request states.

    Raises:
        SolveError: It cannot be understood.
    """
    size = len(request.text) + sum(map(len, request.constraints))
    if size > MAX_LENGTH:
        raise SolveError(f"the problem has {size:,} characters, more than {MAX_LENGTH:,}")
    text = request.text.strip().rstrip("?. \n")
    for sign, words in SETS.items():
        text = text.replace(sign, words)
    text, domains, default = phrases.declarations(text)
    domains |= _declared(request.domains or {})
    task, text, order = _headed(text)
    given = [node for part in request.constraints for node in parse(part)]
    parts = _read(task, text, order, domains)
    problem = Problem(
        task=parts.task, nodes=tuple(parts.nodes), given=(*parts.given, *given), domains=domains, default=default,
        unknowns=tuple(parts.unknowns), lower=parts.lower, upper=parts.upper, point=parts.point,
        side=parts.side, order=parts.order,
    )  # fmt: skip
    return _routed(_separated(problem), sure=task is not None and task != "solve")


def _declared(domains: Mapping[str, str]) -> dict[str, Domain]:
    found = {}
    for name, words in domains.items():
        domain = read_domain(words)
        if domain is None:
            raise SolveError(
                f"`{words}` is no domain for {name}; write integer, real, boolean, complex, positive integer, 1..9, "
                "red|green|blue"
            )
        found[name.strip()] = domain
    return found


def _headed(text: str) -> tuple[Task | None, str, int]:
    """Takes the verb off a text; returns the task that it names, the rest and the order of a derivative."""
    if search := SEARCH.match(text):
        return "satisfy", text[search.end() :], 0
    for pattern, task in PATTERNS:
        if match := pattern.match(text):
            count = (match.groupdict().get("count") or "").strip().lower()
            digits = re.match(r"\d+", count)
            return task, text[match.end() :], int(digits[0]) if digits else COUNTS.get(count, 0)
    plain = PLAIN.match(text)
    return None, text[plain.end() :] if plain else text, 0


def _read(task: Task | None, text: str, order: int, domains: dict[str, Domain]) -> phrases.Parts:
    if task in phrases.CALLS and (match := CALL.fullmatch(text)) and phrases.closes_at_end(text.strip()):
        arguments = parse(match[1])
        if len(arguments) > 1:
            return phrases.called(task, arguments)
    if task is None or task == "solve":
        return phrases.equations(task, text)
    reader = phrases.READERS.get(task, phrases.plain)
    parts = reader(task, text, domains)
    parts.order = parts.order or order
    return parts


def _separated(problem: Problem) -> Problem:
    """Takes ``xy`` for x·y where x and y stand alone elsewhere."""
    nodes = (*problem.nodes, *problem.given)
    names = {name for node in nodes for name in free_names(node)} | set(problem.domains) | set(problem.unknowns)
    joined = {
        name
        for name in names
        if 2 <= len(name) <= 3 and name.isalpha() and name not in problem.domains and name not in problem.unknowns  # noqa: PLR2004
        and set(name) <= names and name not in ("pi", "oo")
    }  # fmt: skip
    if not joined:
        return problem

    def split(node: Node) -> Node:
        if isinstance(node, Name) and node.name in joined:
            first, *rest = (Name(letter) for letter in node.name)
            product: Node = first
            for factor in rest:
                product = Apply("*", (product, factor))
            return product
        return rebuilt(node, split)

    return replace(problem, nodes=tuple(map(split, problem.nodes)), given=tuple(map(split, problem.given)))


def _routed(problem: Problem, sure: bool) -> Problem:
    """Settles what a text without a verb, or with "solve", asks for."""
    if sure:
        return replace(problem, task=_search_or_solve(problem)) if problem.task == "satisfy" else problem
    return replace(problem, task=_task_of(problem))


def _task_of(problem: Problem) -> Task:
    nodes = [*problem.nodes, *problem.given]
    parts = [part for node in nodes for part in walk(node)]
    if any(isinstance(part, Unknown) for part in parts):
        return "ode"
    if any(isinstance(part, Quantified) for part in parts):
        return "prove"
    if len(nodes) == 1 and isinstance(nodes[0], Apply) and nodes[0].op in ("implies", "iff"):
        return "prove"
    if nodes and all(map(is_statement, nodes)) and not problem.variables():
        return "prove"
    if not any(map(is_statement, nodes)):
        return "simplify" if problem.variables() else "evaluate"
    return _search_or_solve(problem)


def _search_or_solve(problem: Problem) -> Task:
    """Equations belong to SymPy, unless integers or truth values are wanted; all else belongs to Z3."""
    flat = [part for node in (*problem.nodes, *problem.given) for part in conjuncts(node)]
    sorts = {domain.sort for domain in problem.where().values()}
    names = problem.variables()
    if sorts & {"boolean", "choice"} or ("integer" in sorts and len(names) > 1):
        return "satisfy"
    equations = all(isinstance(part, Apply) and part.op == "=" for part in flat)
    inequalities = all(
        isinstance(part, Apply) and part.op in ("=", "<", "<=", ">", ">=", "!=", "or", "not") for part in flat
    )
    solvable = equations or (inequalities and len(names) == 1)
    return "solve" if solvable and not _has_truths(flat) else "satisfy"


def _has_truths(nodes: Sequence[Node]) -> bool:
    """Whether a name stands for true or false."""
    return any(
        isinstance(node, Name)
        or (isinstance(node, Apply) and node.op in ("and", "or", "not") and _has_truths(node.args))
        for node in nodes
    )
