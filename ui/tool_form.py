"""A form made from a tool's schema, and what was typed into it read as the tool's arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from ui.approval import BadArguments
from ui.exact import visible
from ui.language import Texts

Schema = Mapping[str, Any]
MANY_LINES = ("code", "text", "source", "program", "content", "prompt")
LONGEST = 100_000


def form_html(parameters: Schema, t: Texts) -> str:
    """Returns a field for each parameter.

    Args:
        parameters: The tool's JSON schema.
        t: What the page says.
    """
    needed = set(parameters.get("required", ()))
    fields = [
        _field(name, plain(schema, parameters), t, needed=name in needed)
        for name, schema in parameters.get("properties", {}).items()
    ]
    return "".join(fields) or f"<p>{t.html('tools.no_arguments')}</p>"


def read_arguments(parameters: Schema, typed: object) -> dict[str, Any]:
    """Reads what was typed; an empty field of a parameter that is not needed leaves that out.

    Args:
        parameters: The tool's JSON schema.
        typed: A text for each parameter, as the page sent it.

    Raises:
        BadArguments: A text cannot be what its parameter takes; the text says which and why.
    """
    rows = typed if isinstance(typed, dict) else {}
    needed, found = set(parameters.get("required", ())), {}
    for name, schema in parameters.get("properties", {}).items():
        text = rows.get(name, "")
        if not isinstance(text, str) or len(text) > LONGEST:
            raise BadArguments(f"{name}: it is no text, or too long.")
        if text or name in needed:
            found[name] = _value(name, plain(schema, parameters), text)
    return found


def plain(schema: Schema, whole: Schema) -> Schema:
    """Returns what a parameter takes besides null, with what it refers to put in its place."""
    if reference := schema.get("$ref"):
        return {**whole.get("$defs", {}).get(reference.rpartition("/")[2], {}), **schema}
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == 1:
        return {**plain(choices[0], whole), **{key: value for key, value in schema.items() if key != "anyOf"}}
    return schema


def _field(name: str, schema: Schema, t: Texts, *, needed: bool) -> str:
    state = t("tools.needed" if needed else "tools.optional")
    default = schema.get("default")
    if not needed and default is not None:
        state = t("tools.default", value=json.dumps(default, ensure_ascii=False))
    hint = " · ".join([state, *([t(f"tools.{way}")] if (way := _way(schema)) else [])])
    about = f"<small>{escape(visible(schema.get('description', '')))}</small>" if schema.get("description") else ""
    label = f'<label for="try-{escape(name)}"><code>{escape(name)}</code> <span>{escape(hint)}</span>{about}</label>'
    return f'<div class="field">{label}{_input(name, schema, t, needed=needed)}</div>'


def _input(name: str, schema: Schema, t: Texts, *, needed: bool) -> str:
    key = f'id="try-{escape(name)}" name="{escape(name)}"'
    options = [(json.dumps(each), str(each)) for each in schema.get("enum", ())]
    if schema.get("type") == "boolean":
        options = [("true", t("tools.is_true")), ("false", t("tools.is_false"))]
    if options:
        first = [] if needed else [("", t("tools.unset"))]
        rows = "".join(
            f'<option value="{escape(value)}">{escape(words)}</option>' for value, words in [*first, *options]
        )
        return f"<select {key}>{rows}</select>"
    if schema.get("type") in ("integer", "number"):
        step = "1" if schema["type"] == "integer" else "any"
        edges = "".join(
            f' {side}="{schema[limit]}"' for side, limit in (("min", "minimum"), ("max", "maximum")) if limit in schema
        )
        return f'<input type="number" step="{step}"{edges} {key}>'
    if _way(schema) or name in MANY_LINES:
        return f'<textarea rows="3" spellcheck="false" {key}></textarea>'
    return f'<input type="text" autocomplete="off" {key}>'


def _way(schema: Schema) -> str:
    """How more than a line is typed: each item in a line of its own, or all as JSON."""
    if schema.get("type") == "array" and schema.get("items", {}).get("type") == "string":
        return "one_a_line"
    return "" if schema.get("type") in ("string", "integer", "number", "boolean") or "enum" in schema else "as_json"


def _value(name: str, schema: Schema, text: str) -> Any:
    if _way(schema) == "one_a_line":
        return [line for line in text.splitlines() if line.strip()]
    if schema.get("type") == "string" and "enum" not in schema:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadArguments(f"{name}: {text[:100]!r} cannot be read as {schema.get('type', 'JSON')}.") from error
