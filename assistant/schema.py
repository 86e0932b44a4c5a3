"""From a marked function to a tool: its signature and docstring become the schema that the model sees."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import docstring_parser
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from assistant.errors import PluginError
from assistant.plugin import MARK, Context, ToolOptions

# What the chat completions API takes; one tool of another name would have every request refused.
NAME = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call.

    Attributes:
        name: The function's name.
        description: The docstring without its sections.
        arguments: Pydantic model of the parameters, ``ctx`` left out.
        parameters: JSON schema of the same.
        context: Name of the parameter that takes the ``Context``; None where there is none.
        options: What the tool declares about itself.
        function: The function, sync or async.
        source: Where it came from: a file, an entry point or a server, as people are told.
        settings: The tool's own settings.
        gate: Lets so many calls run at once as the tool declares; None lets all of them.
        for_model: The tool as the chat completions API describes it, with the examples in its description.
        size: Bytes of that as JSON.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    parameters: dict[str, Any]
    context: str | None
    options: ToolOptions
    function: Callable[..., Any]
    source: str
    settings: Any = None
    gate: asyncio.Semaphore | None = None

    for_model: dict[str, Any] = field(init=False, compare=False, repr=False)
    size: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        examples = "".join(f"\n- {example}" for example in self.options.examples)
        description = self.description + (f"\n\nExamples of requests:{examples}" if examples else "")
        function = {"name": self.name, "description": description, "parameters": self.parameters}
        shown = {"type": "function", "function": function}
        object.__setattr__(self, "for_model", shown)
        object.__setattr__(self, "size", len(json.dumps(shown, ensure_ascii=False).encode()))


def build_tool(function: Callable[..., Any], source: str, settings: Mapping[str, Any] | None = None) -> Tool:
    """Makes a tool of a function marked with ``@tool``.

    Args:
        function: The function.
        source: Where it was found, for messages.
        settings: What the configuration says to this tool.

    Raises:
        PluginError: The docstring or an annotation is missing or cannot be used, or the settings do not fit.
        Unavailable: The tool says that this machine lacks something.
    """
    name = function.__name__
    if not NAME.fullmatch(name):
        raise PluginError(
            f"{source}: tool '{name}' needs a name of at most 64 letters of a to z, digits and underscores."
        )
    docs = docstring_parser.parse(inspect.getdoc(function) or "", docstring_parser.DocstringStyle.GOOGLE)
    if not docs.description:
        raise PluginError(f"{source}: tool '{name}' needs a docstring that says what it does.")
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # to look an annotation up is to run it
        raise PluginError(f"{source}: tool '{name}' has an annotation that cannot be used: {error}.") from error
    described = {param.arg_name: param.description or "" for param in docs.params}
    fields, context = _fields(function, hints, described, source)
    options: ToolOptions = getattr(function, MARK)
    try:
        model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        schema = model.model_json_schema(schema_generator=_Schema)
        json.dumps(schema, allow_nan=False)
    except Exception as error:  # a type of the plugin's own may raise anything
        whole = str(error).splitlines()[0] if isinstance(error, PydanticUserError) else " ".join(str(error).split())
        reason = whole.rpartition('Field "given_')[2].replace('": ', ": ", 1)
        raise PluginError(f"{source}: tool '{name}' has a parameter that cannot be used: {reason}.") from error
    schema.pop("title", None)
    own = _settings(options, settings or {}, f"{source}: tool '{name}'")
    told = [own] if options.settings else []
    if options.requires:
        options.requires(*told)
    if options.reaches:
        options = replace(options, touches=tuple(dict.fromkeys((*options.touches, *options.reaches(*told)))))
    gate = asyncio.Semaphore(options.concurrency) if options.concurrency else None
    return Tool(name, docs.description, model, schema, context, options, function, source, own, gate)


class _Schema(GenerateJsonSchema):
    """Pydantic's, without a warning at each start where a default that JSON cannot express is left out."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Says nothing."""


def _settings(options: ToolOptions, given: Mapping[str, Any], tool: str) -> Any:
    if options.settings is None:
        return dict(given)
    try:
        return options.settings.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise PluginError(f"{tool}: its settings do not fit: {key}: {first['msg']}.") from error


def _fields(
    function: Callable[..., Any], hints: dict[str, Any], described: dict[str, str], source: str
) -> tuple[dict[str, Any], str | None]:
    fields: dict[str, Any] = {}
    context = None
    for name, parameter in inspect.signature(function).parameters.items():
        if hints.get(name) is Context:
            context = name
            continue
        if name not in hints:
            raise PluginError(f"{source}: parameter '{name}' of tool '{function.__name__}' needs a type annotation.")
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise PluginError(f"{source}: tool '{function.__name__}' may not take *args, **kwargs or positional-only.")
        if isinstance(parameter.default, FieldInfo):
            raise PluginError(
                f"{source}: tool '{function.__name__}': '{name}' has a Field for its default; "
                f"write {name}: Annotated[…, Field(…)], with the default behind it."
            )
        # The alias lets a parameter be called what pydantic needs for itself, such as schema or model_config.
        fields[f"given_{name}"] = (hints[name], _field(name, parameter, described.get(name)))
    return fields, context


def _field(name: str, parameter: inspect.Parameter, description: str | None) -> FieldInfo:
    default = ... if parameter.default is parameter.empty else parameter.default
    # An empty description would win over one that stands in the annotation.
    info: FieldInfo = Field(default, alias=name, description=description) if description else Field(default, alias=name)
    return info
