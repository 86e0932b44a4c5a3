"""The words that are known: functions with their arguments, constants, and where variables come from."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from .syntax import ZERO, Apply, Name, Node, Number

MANY = 50

# How many arguments each takes, least and most.
FUNCTIONS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "acot"), (1, 1)),
    **dict.fromkeys(("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "exp", "ln", "log2", "log10"), (1, 1)),
    **dict.fromkeys(("sqrt", "cbrt", "abs", "sign", "floor", "ceil", "factorial", "gamma", "erf", "zeta"), (1, 1)),
    **dict.fromkeys(("re", "im", "conjugate"), (1, 1)),
    **dict.fromkeys(("even", "odd"), (1, 1)),
    **dict.fromkeys(("root", "binomial", "divides", "atan2"), (2, 2)),
    "log": (1, 2),
    "mod": (2, 2),
    "if": (3, 3),
    **dict.fromkeys(("min", "max", "gcd", "lcm"), (1, MANY)),
    "distinct": (2, MANY),
    "no_overlap": (2, MANY),
    **dict.fromkeys(("exactly", "at_least", "at_most"), (2, MANY)),
}
ALIASES = {
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh"},
    **{"arctanh": "atanh", "ceiling": "ceil", "fabs": "abs", "sgn": "sign", "tg": "tan", "lg": "log10"},
    **{"alldifferent": "distinct"},
    **{"all_different": "distinct", "all_distinct": "distinct", "nooverlap": "no_overlap", "modulo": "mod"},
    **{"choose": "binomial", "ite": "if", "minimum": "min", "maximum": "max"},
}
CONSTANTS = ("pi", "e", "i", "oo")

Sort = Literal["integer", "real", "complex", "boolean", "choice"]


@dataclass(frozen=True, slots=True)
class Domain:
    """Where the values of a variable come from.

    Attributes:
        sort: What kind they are.
        least: The smallest; None for no bound.
        most: The largest; None for no bound.
        least_itself: Whether the smallest is one of them.
        most_itself: Whether the largest is one of them.
        choices: The names to choose from.
        zero: Whether 0 is one of them.
        parity: 0 for even numbers only, 1 for odd ones, None for both.
    """

    sort: Sort
    least: int | None = None
    most: int | None = None
    least_itself: bool = True
    most_itself: bool = True
    choices: tuple[str, ...] = ()
    zero: bool = True
    parity: int | None = None

    @property
    def symbol(self) -> str:
        """The set's sign, such as ℤ; what restricts it further is told by ``conditions``."""
        if self.sort == "choice":
            return "{" + ", ".join(self.choices) + "}"
        return {"integer": "ℤ", "real": "ℝ", "complex": "ℂ", "boolean": "{true, false}"}[self.sort]


REAL, INTEGER, COMPLEX, BOOLEAN = Domain("real"), Domain("integer"), Domain("complex"), Domain("boolean")

NOUNS: dict[str, Domain] = {
    **dict.fromkeys(("integer", "integers", "int", "ints", "whole", "z"), INTEGER),
    **dict.fromkeys(("natural", "naturals", "n"), Domain("integer", least=0)),
    **dict.fromkeys(("real", "reals", "r", "number", "numbers"), REAL),
    **dict.fromkeys(("complex", "c"), COMPLEX),
    **dict.fromkeys(("boolean", "booleans", "bool", "bools", "truth", "proposition", "propositions"), BOOLEAN),
}
ADJECTIVES: dict[str, dict[str, Any]] = {
    "positive": {"least": 0, "least_itself": False},
    "negative": {"most": 0, "most_itself": False},
    **{key: {"least": 0} for key in ("nonnegative", "non-negative")},
    **{key: {"most": 0} for key in ("nonpositive", "non-positive")},
    **{key: {"zero": False} for key in ("nonzero", "non-zero")},
    "even": {"parity": 0},
    "odd": {"parity": 1},
}
_FILLERS = ("numbers", "number", "values", "value", "the", "an", "a", "any", "all", "variables", "variable")
DOMAIN_WORDS = frozenset({*NOUNS, *ADJECTIVES, *_FILLERS, "rational", "rationals", "q"}) - {"z", "n", "r", "c", "q"}
RANGE = re.compile(r"\s*(-?\d+)\s*(?:\.\.|to|-)\s*(-?\d+)\s*")
CHOICES = re.compile(r"\s*[^\W\d]\w*(?:\s*\|\s*[^\W\d]\w*)+\s*")


def function_name(text: str) -> str | None:
    """Returns the one name of a function, None where there is none of that name."""
    name = ALIASES.get(text.lower(), text.lower())
    return name if name in FUNCTIONS and len(text) > 1 else None


def read_domain(text: str) -> Domain | None:
    """Returns what such words as "positive integers", "1..9" or "red|green|blue" mean, None where that is nothing."""
    if match := RANGE.fullmatch(text):
        return Domain("integer", int(match[1]), int(match[2]))
    if CHOICES.fullmatch(text):
        return Domain("choice", choices=tuple(dict.fromkeys(name.strip() for name in text.split("|"))))
    words = text.replace("non ", "non-").replace("- ", "-").lower().split()
    nouns = [NOUNS[word] for word in words if word in NOUNS and NOUNS[word] is not REAL]
    adjectives = [ADJECTIVES[word] for word in words if word in ADJECTIVES]
    if not words or any(word not in NOUNS and word not in ADJECTIVES and word not in _FILLERS for word in words):
        return None
    parity = any("parity" in adjective for adjective in adjectives)
    domain = nouns[0] if nouns else INTEGER if parity else REAL
    for adjective in adjectives:
        domain = replace(domain, **adjective)
    return domain


def conditions(name: str, domain: Domain) -> list[Node]:
    """Returns what restricts a variable within the set that it comes from, such as ``x > 0``."""
    variable, found = Name(name), list[Node]()
    least, most = (None if bound is None else Number(Fraction(bound)) for bound in (domain.least, domain.most))
    if least and most and domain.least_itself and domain.most_itself and domain.sort == "integer":
        found.append(Apply("in", (variable, Apply("range", (least, most)))))
    else:
        if least:
            found.append(Apply(">=" if domain.least_itself else ">", (variable, least)))
        if most:
            found.append(Apply("<=" if domain.most_itself else "<", (variable, most)))
    if not domain.zero:
        found.append(Apply("!=", (variable, ZERO)))
    if domain.parity is not None:
        found.append(Apply("odd" if domain.parity else "even", (variable,)))
    return found
