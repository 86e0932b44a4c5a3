"""The names of functions and constants, and what kinds of number the functions take."""

from __future__ import annotations

from .kinds import NAMES
from .limits import MAX_LENGTH, Definite

ANY = MAX_LENGTH

# Name -> fewest and most values.
FUNCTIONS: dict[str, tuple[int, int]] = {
    **dict.fromkeys("sqrt cbrt exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh".split(), (1, 1)),
    **dict.fromkeys("asinh acosh atanh abs floor ceil factorial re im arg conj polar".split(), (1, 1)),
    **dict.fromkeys("det inv transpose rank trace norm eigenvalues identity".split(), (1, 1)),
    **dict.fromkeys("weekday isoweek dayofyear leapyear".split(), (1, 1)),
    **dict.fromkeys("root binomial permutations mod pow sigfig solve dot cross".split(), (2, 2)),
    **dict.fromkeys("quantile percentile correlation covariance regression workdays workday period".split(), (2, 2)),
    **dict.fromkeys("min max sum mean median mode stdev pstdev variance pvariance gcd lcm".split(), (1, ANY)),
    **{"log": (1, 2), "round": (1, 2), "normcdf": (1, 3), "norminv": (1, 3), "zscore": (2, 3), "date": (3, 3)},
}
SYNONYMS = {
    **dict.fromkeys(("ncr", "comb", "combinations", "choose"), "binomial"),
    **dict.fromkeys(("npr", "perm"), "permutations"),
    **dict.fromkeys(("average", "avg"), "mean"),
    **dict.fromkeys(("std", "standard deviation", "sample standard deviation"), "stdev"),
    **dict.fromkeys(("population standard deviation", "pstd"), "pstdev"),
    **dict.fromkeys(("var", "sample variance"), "variance"),
    **dict.fromkeys(("pvar", "population variance"), "pvariance"),
    **dict.fromkeys(("corr", "pearson", "correlation coefficient"), "correlation"),
    **dict.fromkeys(("linreg", "linear regression"), "regression"),
    **dict.fromkeys(("ncdf", "normal_cdf", "normal cdf"), "normcdf"),
    **dict.fromkeys(("norm_inv", "normal quantile", "probit"), "norminv"),
    **dict.fromkeys(("z_score", "z-score", "z score"), "zscore"),
    **dict.fromkeys(("determinant",), "det"),
    **dict.fromkeys(("inverse", "invert"), "inv"),
    **dict.fromkeys(("eigvals", "eig"), "eigenvalues"),
    **dict.fromkeys(("real", "real part"), "re"),
    **dict.fromkeys(("imag", "imaginary part"), "im"),
    **dict.fromkeys(("conjugate", "complex conjugate"), "conj"),
    **dict.fromkeys(("dot product",), "dot"),
    **dict.fromkeys(("cross product", "vector product"), "cross"),
    **dict.fromkeys(("working days", "business days"), "workdays"),
    **dict.fromkeys(("day of the week",), "weekday"),
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "ceiling": "ceil", "maximum": "max", "minimum": "min"},
    **{"arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "fact": "factorial", "age": "period", "modulus": "abs"},
    **{"argument": "arg", "phase": "arg", "transposed": "transpose", "sigfigs": "sigfig", "cov": "covariance"},
}
CONSTANTS = {"pi": "π", "π": "π", "e": "e", "tau": "τ", "τ": "τ"}
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
NOW = "now"
SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

DIMENSION_WORDS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
# Functions of more than one word, for the tokenizer.
PHRASES = [name for name in SYNONYMS if not name.replace("_", "").isalpha()]
# An expression with one of these is about complex numbers.
COMPLEX_FUNCTIONS = frozenset(("re", "im", "arg", "conj", "polar"))

_EVERY = frozenset(("real", "complex", "interval", "matrix"))
_MEASURED = frozenset(("real", "interval"))
_SINGLE = frozenset(("real", "complex", "interval"))
_REAL, _COMPLEX, _MATRIX, _MOMENT = (frozenset((kind,)) for kind in ("real", "complex", "matrix", "moment"))
# What an operator or function takes; real numbers only where nothing is said.
TAKES: dict[str, frozenset[str]] = {
    **dict.fromkeys("+ - compound more less after before".split(), _EVERY | _MOMENT),
    **dict.fromkeys("* of unit* / ratio ^ pow to neg".split(), _EVERY),
    **dict.fromkeys("% in% +% -% more% off %+ %-".split(), _MEASURED),
    **dict.fromkeys("sqrt cbrt root exp ln log log2 log10 sin cos tan asin acos atan".split(), _SINGLE),
    **dict.fromkeys("sinh cosh tanh asinh acosh atanh abs".split(), _SINGLE),
    **dict.fromkeys("re im arg conj polar = !=".split(), _REAL | _COMPLEX),
    **dict.fromkeys("det inv transpose rank trace norm eigenvalues solve dot cross".split(), _MATRIX),
    **dict.fromkeys("min max median mode stdev pstdev variance pvariance gcd lcm quantile".split(), _REAL | _MATRIX),
    **dict.fromkeys("percentile correlation covariance regression zscore".split(), _REAL | _MATRIX),
    **dict.fromkeys("sum mean list".split(), _EVERY),
    **dict.fromkeys("weekday isoweek dayofyear workdays period".split(), _MOMENT),
    **dict.fromkeys("workday leapyear < > <= >=".split(), _REAL | _MOMENT),
}
TAKES |= {op: TAKES[op] | _MOMENT for op in ("=", "!=")}
HINTS = {
    **{"verdict": " to calculate with", "moment": "; dates can be compared, subtracted, and have days or months added"},
    **{"interval": "; errors are passed on by + - * / ^, roots, exp, logarithms, sin and the like, mean and sum"},
}
SHOWN = {
    **{"unit*": "*", "compound": "+", "neg": "-", "list": "[…]", "to": "in", "in%": "in %", "more%": "more", "±%": "±"},
    **{"+%": "+ …%", "-%": "- …%", "%+": "+", "%-": "-"},
}


def function_name(name: str) -> str:
    """Returns the one spelling of a function's name, or an empty text where there is no such function."""
    name = " ".join(name.lower().split())
    name = SYNONYMS.get(name, name)
    return name if name in FUNCTIONS else ""


def check_kind(name: str, kind: str) -> None:
    """Refuses a kind of number that an operator or function does not take.

    Raises:
        CalculationError: It names both.
    """
    if kind not in TAKES.get(name, _REAL):
        raise Definite(f"`{SHOWN.get(name, name)}` does not take {NAMES[kind]}{HINTS.get(kind, '')}")
