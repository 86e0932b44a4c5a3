"""Puts brackets around measurements such as 5.2 m/s ± 0.1 m/s, whose units would otherwise be torn apart."""

from __future__ import annotations

from collections.abc import Sequence

from .tokens import Token


def group_measurements(tokens: Sequence[Token]) -> list[Token]:
    """Returns the tokens with brackets around each number with a unit, its error and the error's unit.

    Without a unit before ± none are needed: in 5.2±0.1 m the sign binds more tightly than the unit.
    """
    result = list(tokens)
    at = 0
    while at < len(result):
        if result[at].text == "±":
            at = _group(result, at)
        at += 1
    return result


def _group(tokens: list[Token], at: int) -> int:
    """Brackets the measurement around the ± at a position; returns where the ± is then."""
    if at + 2 < len(tokens) and tokens[at + 2].text == "mod" and tokens[at + 2].end - tokens[at + 2].at == 1:
        percent = tokens[at + 2]  # a percent sign with a unit behind it
        tokens[at + 2] = Token("op", "%", percent.at, percent.end)
    start = _start(tokens, at)
    if start is None or tokens[at + 1].kind != "number":
        return at
    end = at + 2
    if tokens[end].text == "%":
        end += 1
    else:
        end = _end_of_unit(tokens, end)
    tokens.insert(end, Token("op", ")", tokens[end - 1].end, tokens[end - 1].end))
    tokens.insert(start, Token("op", "(", tokens[start].at, tokens[start].at))
    return at + 1


def _start(tokens: Sequence[Token], at: int) -> int | None:
    """Where the number before a composed unit is that ends at a position; None where there is no such thing."""
    start = at - 1
    while start > 0 and (tokens[start].kind == "name" or _is_exponent(tokens, start) or _joins(tokens, start)):
        start -= 1
    before = tokens[start - 1] if start > 0 else None
    quantity = start < at - 1 and tokens[start].kind == "number" and tokens[start + 1].kind == "name"
    # Behind another number or unit, a bracket would be a factor.
    follows = before is not None and (before.kind != "op" or before.text in (")", "]", "%", "!", "sup"))
    return start if quantity and not follows else None


def _end_of_unit(tokens: Sequence[Token], end: int) -> int:
    while tokens[end].kind == "name" or _joins(tokens, end) or _is_exponent(tokens, end):
        end += 1
    return end


def _joins(tokens: Sequence[Token], at: int) -> bool:
    """Whether a sign stands between two units or before an exponent."""
    text = tokens[at].text
    if text in ("/", "*"):
        return (tokens[at - 1].kind != "op" or tokens[at - 1].text == "sup") and tokens[at + 1].kind == "name"
    return text in ("^", "sup") or (text == "-" and tokens[at - 1].text == "^")


def _is_exponent(tokens: Sequence[Token], at: int) -> bool:
    before = [token.text for token in tokens[max(at - 2, 0) : at]]
    return tokens[at].kind == "number" and (before[-1:] == ["^"] or before == ["^", "-"])
