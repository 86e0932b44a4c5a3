"""The names of functions and constants."""

from __future__ import annotations

from .limits import MAX_LENGTH

ANY = MAX_LENGTH

# Name -> fewest and most values.
FUNCTIONS: dict[str, tuple[int, int]] = {
    **dict.fromkeys("sqrt cbrt exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh".split(), (1, 1)),
    **dict.fromkeys("abs floor ceil factorial".split(), (1, 1)),
    **dict.fromkeys("root binomial permutations mod pow".split(), (2, 2)),
    **dict.fromkeys("min max sum mean median gcd lcm".split(), (1, ANY)),
    **{"log": (1, 2), "round": (1, 2), "stdev": (2, ANY)},
}
SYNONYMS = {
    **dict.fromkeys(("ncr", "comb", "choose"), "binomial"),
    **dict.fromkeys(("npr", "perm"), "permutations"),
    **dict.fromkeys(("average", "avg"), "mean"),
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "ceiling": "ceil", "maximum": "max", "minimum": "min"},
    **{"std": "stdev", "fact": "factorial"},
}
CONSTANTS = {"pi": "π", "π": "π", "e": "e", "tau": "τ", "τ": "τ"}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

DIMENSION_WORDS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}


def function_name(name: str) -> str:
    """Returns the one spelling of a function's name, or an empty text where there is no such function."""
    name = SYNONYMS.get(name.lower(), name.lower())
    return name if name in FUNCTIONS else ""
