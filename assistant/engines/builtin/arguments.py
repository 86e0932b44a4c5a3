"""Fills a tool's arguments from the words of a request, and asks rather than guesses."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?|\b(?:" + "|".join(NUMBER_WORDS) + r")\b", re.I)
QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|'([^']+)'")


def parse_explicit(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Reads what follows ``@tool``: a JSON object, ``name=value`` pairs, or the first parameter's value as it is.

    Args:
        text: Everything behind the tool's name.
        parameters: The tool's JSON schema.
    """
    properties = parameters.get("properties", {})
    if not text or not properties:
        return {}
    if text.startswith("{"):
        try:
            return dict(json.loads(text))
        except ValueError:
            pass
    if pairs := _pairs(text, properties):
        return pairs
    first = next(iter([*parameters.get("required", []), *properties]))
    return {first: _convert(text, properties[first])}


def fill(request: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Takes numbers, quoted strings and enumerated words out of a request, in the parameters' order.

    Args:
        request: What the person typed.
        parameters: The tool's JSON schema.

    Returns:
        The arguments that were found; required ones may be missing.
    """
    numbers, quotes = iter(NUMBER.findall(request)), iter(filter(None, sum(QUOTED.findall(request), ())))
    found = {}
    for name, schema in parameters.get("properties", {}).items():
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


def missing(arguments: Mapping[str, Any], tool: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the required parameters without a value, each with its description."""
    schema = tool["parameters"]
    names = [name for name in schema.get("required", []) if name not in arguments]
    return [(name, schema["properties"][name].get("description", "")) for name in names]


def _pairs(text: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    split = [word.partition("=") for word in words]
    if not all(sign and name in properties for name, sign, _ in split):
        return {}
    return {name: _convert(value, properties[name]) for name, _, value in split}


def _convert(text: str, schema: Mapping[str, Any]) -> Any:
    """The text as the schema's type where that is plain; the tool's own check explains what does not fit."""
    if schema.get("type") == "string":
        return text
    if schema.get("type") in ("integer", "number") and NUMBER.fullmatch(text):
        return _number(text, schema["type"])
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str | None, kind: str) -> int | float | None:
    if text is None:
        return None
    value = float(NUMBER_WORDS.get(text.lower(), text))
    return int(value) if kind == "integer" and value.is_integer() else value
