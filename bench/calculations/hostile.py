"""Expressions that would cost too much, or run for ever."""

from __future__ import annotations


def _dense(size: int, entry: str) -> str:
    row = f"[{', '.join([entry] * size)}]"
    return f"[{', '.join([row] * size)}]"


# Refused at once, each for another reason.
HOSTILE = (
    *("9**9**9", "2^2^2^2^2^2", "10^10^10", "(1/3)^(10^9)", "e^e^e^e", "sqrt(2)^(10^9999)", "exp(10^6)", "1e99999"),
    *(
        "7^(10^100) mod 13",
        "1e-9999 * 1e-9999",
        "9⁹⁹⁹⁹⁹⁹⁹⁹⁹⁹⁹",
        "factorial(10^9)",
        "1000!!!!",
        "((10!)!)!",
        "3" + "!" * 900,
    ),
    *("binomial(10^50, 10^49)", "nPr(10^9, 10^8)", "*".join(["3000!"] * 150), "9" * 100_000, "1+" * 100_000 + "1"),
    *(
        "(" * 101 + "1" + ")" * 101,
        "[" * 900,
        "-" * 900 + "1",
        "√" * 900 + "2",
        "2" + "^2" * 90,
        "sin(" * 200,
        "i^" * 450 + "i",
    ),
    *(
        "(" * 100_000,
        "±" * 500,
        "1±" * 400 + "1",
        "1∠" * 80 + "1",
        "%" * 900,
        "'" * 900,
        "what percent of" + " " * 900 + "x",
    ),
    *("how many" + " " * 900 + "x", "how many " + "a " * 480, "1" + "? " * 450 + "a", "1:11" * 200, "2026-01-01-" * 80),
    *(
        "sin(10^9999)",
        "tan(pi/2)",
        "1/(sin(1)^2 + cos(1)^2 - 1)",
        "log(5, 1)",
        "asin(10^9999)",
        "sigfig(pi, 10^9)",
        "round(pi, 10^9)",
    ),
    *("(1+i)^(10^9)", "(1.5+i)^(10^9999)", "(1+i)^(1e9999*i)", "exp(10^9 + i)", "sin(10^9*i)", "sin(10^9999 + i)"),
    *("[[1,2],[3,4]]^(10^9)", "[[1,1],[0,1]]^(10^9999)", "[[√2,1],[1,0]]^(10^9999)", "identity(10^9)"),
    *(f"eigenvalues({_dense(4, '10^9999')})", f"det({_dense(10, '3000!')})", f"inv({_dense(20, '√2')})"),
    *(
        "[1, 2, 3] * " * 80 + "2",
        "eigenvalues(identity(11))",
        "norminv(10^-9999)",
        "normcdf(10^9999)",
        "percentile([1, 2], 10^9999)",
    ),
    *("(5±1)^(10^9999)", "2026-01-01 + 10^9999 days", "2026-01-01 + 10^9999 months", "workday(2026-01-01, 10^9999)"),
    *(
        "1 km^(10^9)",
        "1 m" + "^9" * 90,
        "__import__('os').system('ls')",
        "while True: pass",
        "[x for x in iter(int, 1)]",
    ),
    *("(lambda f: f(f))(lambda f: f(f))", "exec('while 1: 1')", "for i in range(10**9): i", "max(range(10^9))"),
)
