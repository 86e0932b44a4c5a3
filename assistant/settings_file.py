"""Reads the settings from a file, the environment and the command line; what is wrong with them is said in one line."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from assistant.errors import SettingsError
from assistant.settings import Settings


def load_settings(
    config: Path | None = None, overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Reads a configuration file and lays the environment and the command line over it.

    Args:
        config: A YAML file; None uses the defaults.
        overrides: Top-level keys from the command line, which win; None values are ignored.
        environ: The environment; ``ASSISTANT_HOME`` is read from it.

    Returns:
        The frozen settings.

    Raises:
        SettingsError: The file is missing or malformed, or a key or value in it is wrong.
    """
    values = _read_yaml(config) if config else {}
    if home := (environ or {}).get("ASSISTANT_HOME"):
        values["home"] = home
    values |= {key: value for key, value in (overrides or {}).items() if value is not None}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{config or 'settings'}: {_explain(error)}") from error
    return settings.model_copy(update={"home": settings.home.expanduser().resolve()})


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no configuration file {path}; check the path that is given (`config`, --config)."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read {path}: {error}.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path} must hold keys and values, such as 'engine: builtin'; see configs/default.yaml.")
    return {str(key): value for key, value in values.items()}


def _explain(error: ValidationError) -> str:
    """One line for the first thing that is wrong."""
    # `engine` is a word or a section, and pydantic complains of both: the word is the less likely one.
    errors = [item for item in error.errors() if item["type"] != "literal_error" and item["loc"][-1] != "str"]
    first = next((item for item in errors if item["type"] == "extra_forbidden"), errors[0])
    path = ".".join(str(part) for part in first["loc"] if part not in _UNION_BRANCHES)
    if first["type"] == "extra_forbidden":
        return f"unknown key '{path}'{_suggestion(path)}; configs/default.yaml lists the keys."
    if path == "engine":
        return "engine must be auto, builtin, vllm, {url: http://…/v1, model: …} or {vllm: MODEL, …}."
    if path == "library.vectors":
        return "library.vectors must be faiss or {milvus: http://… or a path that ends in .db}."
    if path == "database.url":
        return "database.url must be an address such as postgresql://USER@HOST/DATABASE."
    if path == "engine.url":
        return f"engine.url {first['msg'].removeprefix('Value error, ')}."
    return f"{path}: {first['msg'].lower()} (got {first['input']!r})."


# How pydantic names the alternatives of `engine`, `library.embedder` and `library.vectors` in an error's location.
_UNION_BRANCHES = (
    "literal['auto','builtin','vllm']",
    "ServerEngine",
    "VllmEngine",
    "str",
    "EmbedderServer",
    "literal['faiss']",
    "MilvusServer",
)


def _suggestion(path: str) -> str:
    close = get_close_matches(path, _keys(Settings), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def _keys(section: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in section.model_fields.items():
        keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += _keys(field.annotation, f"{prefix}{name}.")
    return keys
