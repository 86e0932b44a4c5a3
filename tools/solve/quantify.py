"""Reads what stands between a quantifier and its statement: "integers x, y > 0 with x < y:"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .binding import COMPARE, Bind
from .limits import SolveError
from .names import DOMAIN_WORDS, Domain, read_domain
from .syntax import Apply, Name, Node

if TYPE_CHECKING:
    from .parse import Parser

AFTER_NAME = (",", ":", "in", "∧", "with", "if", *COMPARE)
INEQUALITIES = ("<", "≤", ">", "≥", "≠")


@dataclass(slots=True)
class Declaration:
    """Variables that a quantifier binds.

    Attributes:
        names: The variables.
        domain: Where they come from; None where it is not said.
        conditions: What restricts them.
        conditional: Whether another condition may follow, because "with" or "such that" was read.
    """

    names: tuple[str, ...] = ()
    domain: Domain | None = None
    conditions: list[Node] = field(default_factory=list)
    conditional: bool = False


def read_declaration(parser: Parser) -> Declaration:
    """Reads up to the statement.

    Raises:
        SolveError: There is no variable, or the words are unknown.
    """
    declared = Declaration()
    words = _domain_words(parser)
    declared.names = _names(parser)
    if parser.now.text == "in":
        parser.take()
        words += _set(parser, declared)
    if words:
        declared.domain = read_domain(" ".join(words))
        if declared.domain is None:
            raise SolveError(f"`{' '.join(words)}` is no set of values that is known; write integers or reals")
    _inequality(parser, declared)
    _separator(parser, declared)
    return declared


def _domain_words(parser: Parser) -> list[str]:
    words: list[str] = []
    while parser.now.kind == "name" and parser.now.text.lower() in DOMAIN_WORDS:
        if parser.now.text == "a" and (parser.ahead().text in AFTER_NAME or parser.ahead().kind == "end"):
            break  # the variable, not the article
        words.append(parser.take().text.lower())
    return words


def _names(parser: Parser) -> tuple[str, ...]:
    names: list[str] = []
    while parser.now.kind == "name" and parser.now.text not in names:
        if names and parser.ahead().text not in AFTER_NAME and parser.ahead().kind != "name":
            break
        names.append(parser.take().text)
        comma = parser.now.text in (",", "∧")
        following = parser.ahead(1 if comma else 0)
        behind = parser.ahead(2 if comma else 1)
        if comma and not (following.kind == "name" and following.text not in names and behind.text in AFTER_NAME):
            break
        if comma:
            parser.take()
    if not names:
        raise SolveError(f"a quantifier needs a variable before {parser.now.place}")
    return tuple(names)


def _set(parser: Parser, declared: Declaration) -> list[str]:
    """Reads what follows ``in``: words, or a set that becomes a condition."""
    words = []
    while parser.now.kind == "name" and read_domain(parser.now.text) is not None:
        words.append(parser.take().text)
    if not words:
        values = parser.value_set()
        declared.conditions += [Apply("in", (Name(name), values)) for name in declared.names]
    return words


def _inequality(parser: Parser, declared: Declaration) -> None:
    while parser.now.text in INEQUALITIES:
        sign = COMPARE[parser.take().text]
        right = parser.expression(Bind.COMPARE)
        declared.conditions += [Apply(sign, (Name(name), right)) for name in declared.names]


def _separator(parser: Parser, declared: Declaration) -> None:
    if parser.now.text in (":", ","):
        parser.take()
    if parser.now.text == "with":
        parser.take()
        declared.conditional = True
