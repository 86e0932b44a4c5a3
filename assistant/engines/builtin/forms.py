"""Asks for what a tool still needs, and reads the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.engines.builtin.parameters import Parameter, fields_of, parameters_of
from assistant.engines.builtin.steps import Ask
from assistant.engines.builtin.talk import kind_of
from assistant.engines.builtin.values import find

LINE = re.compile(r"^\s*[-*]?\s*`?(?P<name>[\w.-]+)`?\s*[:=]\s*(?P<value>.+?)\s*$")
YES, NO = {"yes", "true", "on", "y", "1"}, {"no", "false", "off", "n", "0"}
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
OUTER_COMMA = re.compile(r",(?![^(\[]*[)\]])")
LEAVE = re.compile(r"\W*(?:cancel|never ?mind|forget it|stop|no|leave it|nothing)\W*", re.I)


def ask_for(name: str, known: Mapping[str, Any], parameters: Mapping[str, Any]) -> Ask | None:
    """Returns a question for the required parameters without a value that fits, None where none is missing.

    Args:
        name: The tool.
        known: The arguments so far.
        parameters: The tool's JSON schema.
    """
    every = parameters_of(parameters)
    given = [one for one in every if one.required and one.name in known]
    unfit = {one.name: known[one.name] for one in given if not fits(known[one.name], one)}
    known = {key: value for key, value in known.items() if key not in unfit}
    missing = [one for one in every if one.required and one.name not in known]
    if not missing:
        return None
    lines = [_line(one, parameters) for one in missing]
    told = [one for one in every if one.name in known and known[one.name] != one.default]
    have = f"\n\nKnown already: {_said({one.name: known[one.name] for one in told})}." if told else ""
    have = f"\n\nThis does not fit: {_said(unfit)}.{have}" if unfit else have
    how = f"Answer with lines such as `{missing[0].name}: …`, or with a JSON object."
    if len(missing) == 1 and missing[0].kind not in ("object", "any"):
        how = f"Answer with it alone, or write `@{name} {missing[0].name}=…`."
    return Ask(name, dict(known), f"`{name}` needs:\n\n" + "\n".join(lines) + have + f"\n\n{how}")


def fits(value: Any, parameter: Parameter) -> bool:
    """Whether a value may be a parameter's; of texts, whether they could be read as what it takes."""
    if parameter.closed and parameter.kind != "array":
        return value in parameter.choices
    if not isinstance(value, str):
        return True
    if parameter.dated:
        return bool(ISO_DATE.match(value))
    return bool({"string", "any"} & {parameter.kind, *parameter.others})


def _line(parameter: Parameter, schema: Mapping[str, Any]) -> str:
    described = " ".join(parameter.description.split()) or "no description"
    choices = f" One of: {', '.join(map(str, parameter.choices))}." if parameter.closed else ""
    fields = fields_of((schema.get("properties") or {}).get(parameter.name), schema.get("$defs") or {})
    inner = f" Its fields: {fields}." if fields else ""
    return f"- `{parameter.name}`: {described} ({kind_of(parameter)}){choices}{inner}"


def _said(known: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}` = {json.dumps(value, ensure_ascii=False)}" for name, value in known.items())


def is_refusal(answer: str) -> bool:
    """Whether an answer calls the whole thing off."""
    return bool(LEAVE.fullmatch(answer))


def read_answer(answer: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Reads a JSON object, or lines of ``name: value`` or ``name=value``.

    Args:
        answer: What the person typed.
        parameters: The tool's JSON schema.

    Returns:
        The arguments in it; nothing where it is neither.
    """
    known = {one.name: one for one in parameters_of(parameters)}
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and found and set(found) <= set(known):
        return found
    matches = [match for line in _lines(answer, known) if (match := LINE.match(line))]
    return {match["name"]: valued(match["value"], known[match["name"]]) for match in matches if match["name"] in known}


def _lines(answer: str, known: Mapping[str, Parameter]) -> Sequence[str]:
    """The lines; one line with several names is parted before each of them."""
    names = "|".join(map(re.escape, known))
    return re.split(rf"\n|[,;]\s*(?=(?:{names})\s*[:=])|\s+(?=(?:{names})\s*=)", answer) if names else []


def valued(text: str, parameter: Parameter) -> Any:
    """Returns the text as the parameter's kind where that is plain; the tool's own check explains what does not fit."""
    text = text.strip().strip("\"'`") if parameter.kind == "string" else text.strip()
    if parameter.dated:
        return next((one.value.isoformat() for one in find(text) if one.form == "date"), text)
    if parameter.kind == "string":
        return _chosen(text, parameter)
    if parameter.kind == "boolean" and text.lower() in YES | NO:
        return text.lower() in YES
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if parameter.kind == "array":
        parts = [part.strip().strip("\"'`[]") for part in OUTER_COMMA.split(text)]
        return [_number(part) if parameter.item in ("integer", "number") else part for part in parts]
    return _number(text.replace(",", "")) if parameter.kind in ("integer", "number") else text


def _chosen(text: str, parameter: Parameter) -> Any:
    """The choice that a text is, or the only one that stands in it: "to the table"."""
    whole = [one for one in parameter.choices if str(one).lower() == text.lower()]
    inside = [one for one in parameter.choices if re.search(rf"\b{re.escape(str(one))}\b", text, re.I)]
    found = whole or (inside if parameter.closed else [])
    return found[0] if len(found) == 1 else text


def _number(text: str) -> Any:
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() else value
