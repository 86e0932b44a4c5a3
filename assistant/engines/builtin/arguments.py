"""Fills a tool's arguments from the words of a request, and asks rather than guesses."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.forms import valued
from assistant.engines.builtin.parameters import Parameter, parameters_of
from assistant.engines.builtin.values import DATES

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?|\b(?:" + "|".join(NUMBER_WORDS) + r")\b", re.I)
FILE = re.compile(r"[\w./-]*\w\.\w{2,5}\b")
SPAN = re.compile(r"\bfrom\s+(\S+)\s+to\s+(\S+?)[.?!]?(?=\s|$)", re.I)
# Names of functions and constants that a formula holds beside its one-letter variables.
FORMULA_WORD = re.compile(
    r"(a?(sin|cos|tan)h?|sqrt|cbrt|exp|abs|ln|log(2|10)?|floor|ceil|round|sign|min|max|pi|[a-z])$", re.I
)
QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|'([^']+)'")


def parse_explicit(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Reads what follows ``@tool``: a JSON object, ``name=value`` pairs, or the first parameter's value as it is.

    Args:
        text: Everything behind the tool's name.
        parameters: The tool's JSON schema.
    """
    known = {one.name: one for one in parameters_of(parameters)}
    if not text or not known:
        return {}
    if text.startswith("{"):
        try:
            return dict(json.loads(text))
        except (ValueError, RecursionError):
            pass
    if pairs := _as_json(text, known) or _pairs(text, known):
        return pairs
    first = next((one for one in known.values() if one.required), next(iter(known.values())))
    return {first.name: _convert(text, first)}


def fill(request: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Takes formulas, ranges, file names, numbers, quotes and enumerated words out of a request.

    Numbers and quotes are dealt out in the parameters' order; those of a formula, a range or a file name belong to it.

    Args:
        request: What the person typed.
        parameters: The tool's JSON schema.

    Returns:
        The arguments that were found; required ones may be missing.
    """
    properties = parameters.get("properties", {})
    found, rest = _marked(request, properties)
    for date in DATES:
        rest = date.sub(" ", rest)  # whose numbers are none of their own
    numbers, quotes = iter(NUMBER.findall(rest)), iter(filter(None, sum(QUOTED.findall(rest), ())))
    for name, schema in properties.items():
        if name in found:
            continue
        value: Any = None
        if choices := schema.get("enum"):
            value = next((choice for choice in choices if re.search(rf"\b{re.escape(str(choice))}\b", request)), None)
        elif schema.get("type") in ("integer", "number"):
            value = _number(next(numbers, None), schema["type"])
        elif schema.get("type") == "string":
            value = next(quotes, None)
        if value is not None:
            found[name] = value
    return found


def _marked(request: str, properties: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Takes what its form gives away; returns it with the rest of the request."""
    found: dict[str, Any] = {}
    first, last = (next((name for name in properties if name.endswith(end)), None) for end in ("_from", "_to"))
    if first and last and (span := SPAN.search(request)):
        ends = [_constant(text) for text in span.groups()]
        if None not in ends:
            found |= {first: ends[0], last: ends[1]}
            request = request.replace(span[0], " ")
    if "file" in properties and (file := FILE.search(request)):
        found["file"] = file[0]
        request = request.replace(file[0], " ")
    elif "expressions" in properties and (formulas := _formulas(request)):
        found["expressions"] = formulas
        request = ""
    return found, request


def _constant(text: str) -> float | None:
    """A number as it is written in ranges: ``-2``, ``0.5``, ``2pi``, ``-π``."""
    match = re.fullmatch(r"([-−]?\d*\.?\d*)\s*\*?\s*(pi|π)?", text.casefold())
    if not match or not any(match.groups()):
        return None
    factor = match[1].replace("−", "-")
    try:
        return float(factor + "1" if factor in ("", "-") and match[2] else factor) * (math.pi if match[2] else 1)
    except ValueError:
        return None


def _formulas(request: str) -> list[str]:
    """Returns the parts between commas and "and" that are formulas of x: nothing but numbers, signs and known names."""
    text = re.sub(
        r"^\s*(please\s+)?\w+(\s+(the|a|an|function|functions|graph|plot|curve|curves|of|y\s*=))*\s+", "", request
    )
    parts = [part.strip().rstrip(".?!") for part in re.split(r",(?![^(]*\))|\band\b|;", text)]
    parts = [re.sub(r"^(y|f\(x\))\s*=\s*", "", part) for part in parts]
    parts = [re.sub(r"(?<![a-z\d.])(\d+(\.\d+)?)(?=[a-z(])", r"\1*", part) for part in parts]  # 2x, not log2(x)
    return [part for part in parts if re.search(r"\bx\b", part) and _is_formula(part)]


def _is_formula(text: str) -> bool:
    return all(FORMULA_WORD.match(word) for word in re.findall(r"[^\W\d_]+\d*", text))


def missing(arguments: Mapping[str, Any], tool: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the required parameters without a value, each with its description."""
    schema = tool["parameters"]
    names = [name for name in schema.get("required", []) if name not in arguments]
    return [(name, schema["properties"][name].get("description", "")) for name in names]


def _as_json(text: str, known: Mapping[str, Parameter]) -> dict[str, Any]:
    """A single ``name=value`` whose value is a list or an object in JSON, which a shell's rules would take apart."""
    name, _, value = text.partition("=")
    if name.strip() not in known or value.lstrip()[:1] not in ("[", "{"):
        return {}
    try:
        return {name.strip(): json.loads(value)}
    except (ValueError, RecursionError):
        return {}


def _pairs(text: str, known: Mapping[str, Parameter]) -> dict[str, Any]:
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    split = [word.partition("=") for word in words]
    if not all(sign and name in known for name, sign, _ in split):
        return {}
    return {name: _convert(value, known[name]) for name, _, value in split}


def _convert(text: str, parameter: Parameter) -> Any:
    """The text as the parameter's kind where that is plain; a text stays as it is, quotation marks included."""
    if parameter.kind in ("integer", "number") and NUMBER.fullmatch(text):
        return _number(text, parameter.kind)
    return text if parameter.kind == "string" and not parameter.closed else valued(text, parameter)


def _number(text: str | None, kind: str) -> int | float | None:
    if text is None:
        return None
    value = float(NUMBER_WORDS.get(text.lower(), text))
    return int(value) if kind == "integer" and value.is_integer() else value
