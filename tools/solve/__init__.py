"""The tool that solves and proves: SymPy for algebra and calculus, Z3 for constraints and proofs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assistant.plugin import Context, ToolError, tool

from .lean import check
from .limits import MAX_SECONDS, MAX_WORKERS, SECONDS, SolveError
from .worker import POOL


# The program that it starts is a worker of its own, which is given a problem and never a text that is run as code.
@tool(
    examples=[
        "Solve x^2 - 5x + 6 = 0",
        "Integrate x sin(x) from 0 to pi",
        "Prove that n^3 - n is divisible by 6 for all integers n",
        "Differentiate x^2 e^x",
        "Maximize 3x + 2y subject to x + y <= 4, x >= 0, y >= 0",
    ],
    timeout=MAX_SECONDS + 15,
    trusted=True,
    sandboxed=True,
    concurrency=MAX_WORKERS,
    prepare=POOL.warm,
)
def solve(
    problem: str,
    ctx: Context,
    constraints: list[str] | None = None,
    variables: dict[str, str] | None = None,
    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS)] = SECONDS,
    lean: str | None = None,
) -> dict[str, Any]:
    """Solve equations, do algebra and calculus, satisfy constraints, find an optimum, or prove and refute statements.

    State its result as "text" has it. A proof's "answer" is "proved", "counter-example" or "unknown within the limit",
    and "statement" is what was proved: compare it with what was asked. Never claim more than that.

    Begin the problem with what is to be done:
    solve x^2 = 4 (also systems, inequalities, and y'' + y = 0, y(0) = 1); simplify, expand, factor, evaluate;
    differentiate sin(x)^2; integrate x e^x from 0 to 1; limit of sin(x)/x as x -> 0; series of cos(x) to order 6;
    sum of 1/k^2 for k = 1 to oo; minimize x + y subject to x*y = 36, x > 0; satisfy a + b = 5, a != b;
    prove for all integers n: n^2 mod 4 in {0, 1}; prove x^2 + y^2 >= 2x*y; prove (p implies q) or (q implies p).
    Connect with and, or, not, implies, iff; quantify with "for all integers n, m > 0:" and "there is a real x:"; write
    x in {1, 2, 3}, x in 1..9, 3 divides n, n is even, n mod 7, |x|, sqrt(x), if(c, a, b), distinct(a, b, c),
    exactly(2, p, q, r), at_least, at_most and, for schedules, no_overlap((start1, length1), (start2, length2)).

    Args:
        problem: What is to be solved or proved, as above.
        constraints: More that must hold, or is assumed for a proof, one statement each.
        variables: Where variables come from: integer, real, boolean, positive integer, 1..9, or red|green|blue.
        seconds: How long to search at most.
        lean: A proof in Lean 4 that is to be checked in place of searching for one: theorems with names. It is possible
            only where the machine has Lean.
    """
    request = {"text": problem, "constraints": constraints or [], "variables": variables or {}, "seconds": seconds}
    try:
        if lean:
            return check(lean, seconds)
        return POOL.run(request, seconds, lambda: ctx.cancelled)
    except SolveError as error:
        raise ToolError(str(error)) from error
