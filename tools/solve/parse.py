"""Puts tokens into trees by how tightly their signs bind.

The method is Vaughan Pratt's, "Top Down Operator Precedence", 1973. Nothing is ever evaluated as Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from .binding import ARITHMETIC, COMPARE, CONNECTIVE, PROPERTIES, WORDY, Bind
from .limits import MAX_DEPTH, MAX_NODES, SolveError
from .names import FUNCTIONS, function_name
from .quantify import read_declaration
from .syntax import Apply, Name, Node, Number, Quantified, Unknown, all_of, is_statement
from .tokens import Token, tokenize

ENDS = {"(": ")", "[": "]", "{": "}", "|": "|"}


def parse(text: str, functions: frozenset[str] = frozenset()) -> list[Node]:
    """Returns what a text says, one tree for each part between commas, semicolons or lines.

    Args:
        text: Such as ``x + y = 5, x - y = 1``.
        functions: Names that stand for unknown functions, so that ``y(0)`` is no product.

    Raises:
        SolveError: It cannot be read, holds an unknown function or is nested too deeply.
    """
    parser = Parser(tokenize(text), functions)
    found: list[Node] = []
    while not parser.done:
        if parser.now.text in (",", ";"):
            parser.take()
            continue
        found.append(parser.expression(Bind.NONE))
        if not parser.done and parser.now.text not in (",", ";"):
            raise parser.unexpected()
    if not found:
        raise SolveError("there is nothing to solve in this; write for example x^2 - 5x + 6 = 0")
    return found


def parse_one(text: str, functions: frozenset[str] = frozenset()) -> Node:
    """Returns what a text says, which is one thing.

    Raises:
        SolveError: It cannot be read, or is more than one thing.
    """
    found = parse(text, functions)
    if len(found) != 1:
        raise SolveError(f"one expression is needed here, and `{text.strip()}` holds {len(found)}")
    return found[0]


class Parser:
    """Reads expressions from tokens."""

    def __init__(self, tokens: Sequence[Token], functions: frozenset[str]) -> None:
        self.tokens = tokens
        self.functions = functions
        self.at = self._depth = self._nodes = self._bars = 0

    @property
    def now(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    @property
    def done(self) -> bool:
        """Whether nothing comes any more."""
        return self.now.kind == "end"

    def ahead(self, count: int = 1) -> Token:
        """Returns a token behind the next one."""
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def take(self, wanted: str = "") -> Token:
        """Goes past the next token, which must be the wanted one."""
        token = self.now
        if wanted and token.text != wanted:
            raise SolveError(f"`{wanted}` is missing before {token.place}")
        self.at += 1
        return token

    def unexpected(self) -> SolveError:
        """Returns the refusal of the next token."""
        return SolveError("something is missing at the end" if self.done else f"{self.now.place} does not fit there")

    def expression(self, bind: Bind) -> Node:
        """Reads as far as signs bind more tightly than ``bind``."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SolveError(f"the problem is nested more than {MAX_DEPTH} deep")
        left = self._begin()
        while (following := self._following(left, bind)) is not None:
            left = following
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise SolveError(f"the problem has more than {MAX_NODES:,} operations")
        self._depth -= 1
        return left

    def _following(self, left: Node, bind: Bind) -> Node | None:
        token, sign = self.now, self.now.text
        if token.kind == "op":
            if sign in CONNECTIVE and bind < CONNECTIVE[sign][1]:
                return self._connective(left, *CONNECTIVE[sign])
            if (sign in COMPARE or sign in WORDY) and bind < Bind.COMPARE:
                return self._comparison(left)
            if sign in ARITHMETIC and bind < ARITHMETIC[sign][1]:
                self.take()
                op, tightness = ARITHMETIC[sign]
                return Apply(op, (left, self.expression(tightness)))
            if sign in ("^", "sup", "!") and bind < Bind.POWER:
                return self._raised(left)
        return self._product(left) if self._juxtaposed() and bind < Bind.PRODUCT else None

    def _juxtaposed(self) -> bool:
        """Whether a factor follows without a sign."""
        return self.now.kind == "name" or self.now.text == "("

    def _product(self, left: Node) -> Node:
        last = left.args[-1] if isinstance(left, Apply) and left.op == "*" else left
        if isinstance(last, Name) and self.now.kind == "name" and min(len(last.name), len(self.now.text)) > 1:
            raise SolveError(
                f"“{last.name} {self.now.text}” cannot be read: write it as a formula, with * between names of several "
                "letters; for example: prove for all odd integers m, n: m + n is even"
            )
        # A product without a sign binds as one with it: 1/2x is (1/2)·x, as in the calculator.
        return Apply("*", (left, self.expression(Bind.PRODUCT)))

    def _connective(self, left: Node, op: str, tightness: Bind) -> Node:
        self.take()
        # a ⇒ b ⇒ c is a ⇒ (b ⇒ c); the others group to the left.
        right = self.expression(Bind.IFF if op == "implies" else tightness)
        if op in ("and", "or") and isinstance(left, Apply) and left.op == op:
            return Apply(op, (*left.args, right))
        return Apply(op, (left, right))

    def _comparison(self, left: Node) -> Node:
        links: list[Node] = []
        while self.now.kind == "op" and (self.now.text in COMPARE or self.now.text in WORDY):
            sign = self.take().text
            if sign in PROPERTIES:
                op = PROPERTIES[sign]
                links.append(Apply(op, (left,) if op in ("even", "odd") else (left, Number(Fraction(0)))))
                continue
            right = self.value_set() if sign == "in" else self.expression(Bind.COMPARE)
            links.append(self._link(sign, left, right))
            left = right
        return links[0] if len(links) == 1 else Apply("and", tuple(links))

    def _link(self, sign: str, left: Node, right: Node) -> Node:
        if sign == "is divisible by":
            return Apply("divides", (right, left))
        return Apply(COMPARE.get(sign, sign), (left, right))

    def value_set(self) -> Node:
        """Reads what stands behind ``in``."""
        if self.now.text == "{":
            return Apply("set", self._items("{"))
        first = self.expression(Bind.COMPARE)
        if self.now.text != "..":
            raise SolveError(f"behind `in` comes {{1, 2, 3}} or 1..9, not {self.now.place}")
        self.take()
        return Apply("range", (first, self.expression(Bind.COMPARE)))

    def _raised(self, base: Node) -> Node:
        token = self.take()
        if token.text == "!":
            return Apply("factorial", (base,))
        if token.text == "sup":
            return Apply("^", (base, Number(token.number)))
        return Apply("^", (base, folded(self._exponent())))

    def _exponent(self) -> Node:
        if self.now.text in ("-", "+"):
            sign = self.take().text
            inner = self._exponent()
            return negated(inner) if sign == "-" else inner
        return self.expression(Bind.FACTOR)

    def _begin(self) -> Node:
        token = self.now
        if token.kind == "number":
            return Number(self.take().number)
        if token.kind == "name":
            return self._name()
        if token.text in ("-", "+"):
            self.take()
            inner = self.expression(Bind.SIGN)
            return negated(inner) if token.text == "-" else inner
        if token.text in ("(", "[", "|"):
            return self._bracket()
        return self._statement()

    def _statement(self) -> Node:
        token = self.now
        if token.text in ("¬", "!"):
            self.take()
            return Apply("not", (self.expression(Bind.NOT),))
        if token.text in ("∀", "∃", "∄"):
            return self._quantified()
        if token.text == "if":
            return self._condition()
        raise self.unexpected()

    def _condition(self) -> Node:
        self.take()
        if self.now.text == "(" and self._closes_with_commas():
            return Apply("if", self._arguments("if"))
        condition = self.expression(Bind.NONE)
        if self.now.text in (",", "then"):
            self.take()
        if self.now.text == "then":
            self.take()
        return Apply("implies", (condition, self.expression(Bind.NONE)))

    def _closes_with_commas(self) -> bool:
        """Whether the bracket that opens here holds commas: if(a, b, c), and not if (a) then b."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
            if depth == 0 or (depth == 1 and token.text == ","):
                return depth == 1
        return False

    def _bracket(self) -> Node:
        sign = self.now.text
        if sign == "|":
            self.take()
            inner = self.expression(Bind.NONE)
            self.take("|")
            return Apply("abs", (inner,))
        items = self._items(sign)
        if sign == "[" or len(items) > 1:
            return Apply("list", items)
        return items[0]

    def _items(self, sign: str) -> tuple[Node, ...]:
        self.take(sign)
        items = []
        while self.now.text != ENDS[sign]:
            items.append(self.expression(Bind.NONE))
            if self.now.text in (",", ";"):
                self.take()
            elif self.now.text != ENDS[sign]:
                raise SolveError(f"`{ENDS[sign]}` is missing before {self.now.place}")
        self.take()
        if not items:
            raise SolveError(f"there is nothing between `{sign}` and `{ENDS[sign]}`")
        return tuple(items)

    def _name(self) -> Node:
        token = self.take()
        if token.text.lower() in ("true", "false"):
            return Name(token.text.lower())
        if self.now.text == "'" or token.text in self.functions:
            return self._unknown(token.text)
        if name := function_name(token.text):
            return self._call(name)
        if self.now.text == "(" and len(token.text) > 1 and not token.text[-1].isdigit():
            raise SolveError(f"there is no function `{token.text}`; for a product write {token.text}*(…)")
        return Name(token.text)

    def _unknown(self, name: str) -> Node:
        order = 0
        while self.now.text == "'":
            self.take()
            order += 1
        argument = self._items("(")[0] if self.now.text == "(" else None
        return Unknown(name, order, argument)

    def _call(self, name: str) -> Node:
        power = None
        if self.now.text in ("sup", "^"):
            power = self._exponent_of_function()
        args = self._arguments(name) if self.now.text == "(" else (self._argument_without_brackets(name),)
        call: Node = Apply(name, args)
        return call if power is None else Apply("^", (call, power))

    def _exponent_of_function(self) -> Node:
        """Reads the 2 of sin²x and sin^2(x)."""
        token = self.take()
        if token.text == "sup":
            return Number(token.number)
        return self._begin()

    def _argument_without_brackets(self, name: str) -> Node:
        if FUNCTIONS[name][0] > 1 or not (self.now.kind in ("number", "name") or self.now.text in ("|", "[")):
            raise SolveError(f"`{name}` needs its arguments in brackets")
        factor = self.expression(Bind.FACTOR)
        # sin 2x is sin(2x), sin x cos x is sin(x)·cos(x), √2x is √2·x
        while name != "sqrt" and self.now.kind == "name" and function_name(self.now.text) is None:
            factor = Apply("*", (factor, self.expression(Bind.FACTOR)))
        return factor

    def _arguments(self, name: str) -> tuple[Node, ...]:
        args = self._items("(")
        least, most = FUNCTIONS[name]
        if not least <= len(args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise SolveError(f"`{name}` takes {wanted} arguments and has {len(args)}")
        return args

    def _quantified(self) -> Node:
        sign = self.take().text
        declared = read_declaration(self)
        body = self.expression(Bind.NONE)
        conditions = list(declared.conditions)
        # "for all x with x > 0: …" and "for all x such that x > 0, …": what came first was a condition.
        while self.now.text in (":", ",") and sign == "∀" and declared.conditional and self.ahead().kind != "end":
            self.take()
            conditions.append(body)
            body = self.expression(Bind.NONE)
        if not is_statement(body) and not isinstance(body, Name):
            raise SolveError("what stands behind a quantifier must be true or false, such as x^2 >= 0")
        condition = all_of(conditions) if conditions else None
        kind: Literal["forall", "exists"] = "forall" if sign == "∀" else "exists"
        node = Quantified(kind, declared.names, declared.domain, condition, body)
        return Apply("not", (node,)) if sign == "∄" else node


def folded(node: Node) -> Node:
    """Returns the number that (1/3) is; other expressions stay as they are."""
    match node:
        case Apply("/", (Number(a), Number(b))) if b != 0:
            return Number(a / b)
        case Apply("neg", (Apply() as inner,)) if isinstance(found := folded(inner), Number):
            return Number(-found.value)
    return node


def negated(node: Node) -> Node:
    """Returns the negative of something."""
    return Number(-node.value) if isinstance(node, Number) else Apply("neg", (node,))
