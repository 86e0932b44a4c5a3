"""What is asked, once it is understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .limits import SolveError
from .names import Domain
from .present import expression_latex, expression_text
from .syntax import Node, free_names

Task = Literal[
    "solve", "simplify", "expand", "factor", "partial_fractions", "evaluate",
    "differentiate", "integrate", "limit", "series", "sum", "product", "ode",
    "satisfy", "minimize", "maximize", "prove",
]  # fmt: skip

Report = Callable[[dict[str, Any]], None]  # is given what stands if the process is ended


@dataclass(frozen=True, slots=True)
class Problem:
    """A task with what it is about.

    Attributes:
        task: What is to be done.
        nodes: Equations, constraints, a claim or an expression.
        given: What is assumed, or to what an optimum is subject.
        domains: Where variables come from, as far as it was said.
        default: Where the others come from; None where nothing was said.
        unknowns: The variables that are asked for, or the one that is differentiated by, summed over and so on.
        lower: Of an integral or sum.
        upper: Of an integral or sum.
        point: Of a limit or series.
        side: From which a limit is taken; empty for both.
        order: Of a derivative or series; 0 for the usual one.
    """

    task: Task
    nodes: tuple[Node, ...]
    given: tuple[Node, ...] = ()
    domains: Mapping[str, Domain] = field(default_factory=dict)
    default: Domain | None = None
    unknowns: tuple[str, ...] = ()
    lower: Node | None = None
    upper: Node | None = None
    point: Node | None = None
    side: Literal["", "+", "-"] = ""
    order: int = 0

    def variables(self) -> list[str]:
        """Returns the names that are no constants, in the order in which they stand."""
        constants = {"pi", "oo", "true", "false", "e", "i"} - {*self.domains, *self.unknowns}
        return [
            name for name in dict.fromkeys(n for node in self.nodes for n in free_names(node)) if name not in constants
        ]

    def where(self) -> dict[str, Domain]:
        """Returns where each variable comes from, as far as it was said."""
        named = dict.fromkeys(self.variables(), self.default) if self.default else {}
        return {**{name: domain for name, domain in named.items() if domain}, **self.domains}


def outcome(
    task: str, text: str, statement: str, result: Any, checked: bool | None = None, how: str = "", **more: Any
) -> dict[str, Any]:
    """Returns a result as it is handed to the model and the person.

    Args:
        task: What was done.
        text: The line that is read.
        statement: What was asked, as it was understood.
        result: SymPy's expression, or what is JSON already.
        checked: Whether it stood a check by another way; None where there is none.
        how: That way.
        more: What else is to be known; what is empty is left out.

    Raises:
        SolveError: It did not stand the check.
    """
    if checked is False:
        raise SolveError(f"what SymPy found for {statement} did not stand a check by numbers; nothing can be said")
    found: dict[str, Any] = {
        "text": f"{text} (checked: {how})" if checked and how else text,
        "task": task,
        "statement": statement,
        "checked": checked is True,
    }
    if isinstance(result, str | list | dict):
        found["result"] = result
    else:
        found |= {"result": expression_text(result), "latex": expression_latex(result)}
    return found | {name: value for name, value in more.items() if value not in (None, "", [], {})}
