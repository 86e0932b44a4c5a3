"""How tightly signs bind, and what they are called in the tree."""

from __future__ import annotations

from enum import IntEnum, auto


class Bind(IntEnum):
    """How tightly signs bind, loosest first."""

    NONE = 0
    IFF = auto()
    IMPLIES = auto()
    OR = auto()
    AND = auto()
    NOT = auto()
    COMPARE = auto()
    RANGE = auto()
    SUM = auto()
    PRODUCT = auto()
    SIGN = auto()
    FACTOR = auto()
    POWER = auto()
    POSTFIX = auto()


CONNECTIVE = {
    "⇔": ("iff", Bind.IFF), "⇒": ("implies", Bind.IMPLIES), "∨": ("or", Bind.OR), "⊻": ("xor", Bind.OR),
    "∧": ("and", Bind.AND),
}  # fmt: skip
COMPARE = {"=": "=", "≠": "!=", "<": "<", "≤": "<=", ">": ">", "≥": ">="}
ARITHMETIC = {
    "+": ("+", Bind.SUM), "-": ("-", Bind.SUM), "*": ("*", Bind.PRODUCT), "/": ("/", Bind.PRODUCT),
    "//": ("//", Bind.PRODUCT), "mod": ("mod", Bind.PRODUCT),
}  # fmt: skip
PROPERTIES = {"is even": "even", "is odd": "odd", "is positive": ">", "is negative": "<"}
WORDY = ("divides", "is divisible by", "in", *PROPERTIES)
