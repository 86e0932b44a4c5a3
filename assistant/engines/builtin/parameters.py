"""What a tool's JSON schema says about each parameter, in the terms in which requests are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Kind = Literal["integer", "number", "string", "boolean", "array", "object", "any"]
# Python's and the function calling benchmarks' names beside JSON schema's own.
KINDS: dict[str, Kind] = {
    "integer": "integer",
    "int": "integer",
    "number": "number",
    "float": "number",
    "double": "number",
    "string": "string",
    "str": "string",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "array",
    "list": "array",
    "tuple": "array",
    "object": "object",
    "dict": "object",
}
OPTIONS = re.compile(
    r"(?:either|options?(?: are| include| is)?|values?(?: are| include| is)?|one of|such as|choose from|can be"
    r"|could be|"
    r"e\.g\.,?|includes?|format:|formats?)\W{0,3}((?:['\"][^'\"]{1,30}['\"](?:\s*\([^)]*\))?(?:,? (?:or|and) "
    r"|, ?|/)?){2,})",
    re.I,
)
QUOTED = re.compile(r"['\"]([^'\"]{1,30})['\"]")
DEFAULT = re.compile(
    r"defaults?(?: value)?(?: is| to|:|=)?(?: set)?(?: to)? ['\"]?([\w /.+-]{1,30}?)['\"]?(?=[.,;)('\"]|$)", re.I
)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
STOP = frozenset(
    "a an the of to in on for and or is are be by with from as at it its this that which what if whether e g i you "
    "your will can could should may used use using given such based default optional parameter value values name "
    "specified provided number not all any per".split()
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool.

    Attributes:
        name: Its name.
        kind: Of its values; unions count as their first member.
        description: In words; may be empty.
        choices: The values that it takes, from the schema or its description; empty where they are free.
        closed: Whether nothing but the choices is taken.
        item: Kind of a list's items.
        required: Whether a call needs it.
        default: What the schema or the description names; None where neither does.
        dated: Whether a text has to be a date.
        others: Kinds that it takes too, as the further members of its union.
    """

    name: str
    kind: Kind
    description: str
    choices: tuple[Any, ...]
    closed: bool
    item: Kind
    required: bool
    default: Any
    dated: bool = False
    others: tuple[Kind, ...] = ()

    @property
    def text(self) -> str:
        """Name and description, as one text to compare with."""
        return f"{' '.join(words_of(self.name))}: {self.description}"

    @property
    def words(self) -> frozenset[str]:
        """Its words but for those that any parameter has, stemmed."""
        return stems(words_of(self.name)) | stems(words_of(self.description))

    @property
    def name_words(self) -> frozenset[str]:
        """Those of its name."""
        return stems(words_of(self.name))


def parameters_of(schema: Mapping[str, Any]) -> list[Parameter]:
    """Reads a tool's schema; what it does not understand becomes kind ``any``."""
    required = set(schema.get("required") or ())
    definitions = schema.get("$defs") or {}
    properties: Mapping[str, Any] = schema.get("properties") or {}
    return [
        _parameter(name, _resolved(found, definitions), name in required, _kinds(found, definitions))
        for name, found in properties.items()
    ]


def fields_of(schema: Any, definitions: Mapping[str, Any], depth: int = 3) -> str:
    """Returns the names of an object's fields, those of objects in it in brackets; empty where none are known."""
    found = _resolved(schema, definitions)
    if isinstance(found.get("items"), dict):
        return fields_of(found["items"], definitions, depth)
    names = found.get("properties") if depth else None
    if not isinstance(names, dict):
        return ""
    inner = {name: fields_of(field, definitions, depth - 1) for name, field in names.items()}
    return ", ".join(f"`{name}`" + (f" ({fields})" if fields else "") for name, fields in inner.items())


def _parameter(name: str, schema: Mapping[str, Any], required: bool, kinds: Sequence[Kind]) -> Parameter:
    description = str(schema.get("description") or "")
    kind = _kind(schema)
    items: Mapping[str, Any] = schema.get("items") if isinstance(schema.get("items"), dict) else {}  # type: ignore[assignment]
    closed = tuple(schema.get("enum") or items.get("enum") or (() if "const" not in schema else (schema["const"],)))
    choices = closed or (_options(description) if kind in ("string", "array") else ())
    default = schema.get("default")
    if default is None and (found := DEFAULT.search(description)):
        default = found[1].strip()
    dated = kind == "string" and schema.get("format") == "date"
    others = tuple(one for one in kinds if one != kind)
    return Parameter(name, kind, description, choices, bool(closed), _kind(items), required, default, dated, others)


def _kinds(schema: Any, definitions: Mapping[str, Any]) -> list[Kind]:
    """The kinds of a union's members, each once."""
    members = schema.get("anyOf") or schema.get("oneOf") or () if isinstance(schema, dict) else ()
    found = [_resolved(one, definitions) for one in members]
    return list(dict.fromkeys(_kind(one) for one in found if one.get("type") != "null"))


def _kind(schema: Mapping[str, Any]) -> Kind:
    named = schema.get("type")
    if isinstance(named, list):
        named = next((one for one in named if one != "null"), None)
    if isinstance(named, str):
        return KINDS.get(named.lower(), "any")
    return "string" if schema.get("enum") and all(isinstance(one, str) for one in schema["enum"]) else "any"


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its reference looked up and the first member of its union, if any."""
    if not isinstance(schema, dict):
        return {}
    if reference := schema.get("$ref"):
        schema = {**definitions.get(str(reference).rpartition("/")[2], {}), **schema}
    for union in ("anyOf", "oneOf", "allOf"):
        members = [one for one in schema.get(union) or () if isinstance(one, dict) and one.get("type") != "null"]
        if members:
            first = _resolved(members[0], {}) if "$ref" not in members[0] else _resolved(members[0], definitions)
            return {**first, **{key: value for key, value in schema.items() if key != union}}
    return dict(schema)


def _options(description: str) -> tuple[str, ...]:
    found = OPTIONS.search(description)
    return tuple(dict.fromkeys(QUOTED.findall(found[1]))) if found else ()


@lru_cache(maxsize=10_000)
def words_of(text: str) -> tuple[str, ...]:
    """Splits a name or a text into lower-case words: ``initial_velocity``, ``maxDepth`` and ``a.b`` into two."""
    return tuple(word.lower() for word in WORD.findall(text))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without the commonest English endings."""
    word = word.lower()
    for ending in ("ations", "ation", "ings", "ing", "ies", "ers", "er", "ed", "es", "s", "ly", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:  # noqa: PLR2004
            return word[: -len(ending)]
    return word


def stems(words: Sequence[str]) -> frozenset[str]:
    """Stems of the words that tell something."""
    return frozenset(stem(word) for word in words if word not in STOP and len(word) > 1)
