"""The table ``configs/models.yaml``: which flags a model needs, and which model fits the memory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from assistant.engines.vllm.checkpoint import GB, Checkpoint

# Cards hold a little less than what they are sold with.
TOLERANCE = 0.97


class Family(BaseModel):
    """Models that need the same flags.

    Attributes:
        name: What they are called.
        match: Fits the name of such a model, whatever the case.
        kinds: What ``config.json`` calls their architecture.
        template: Fits their chat template.
        flags: Flags of ``vllm serve`` by name; ``true`` is a flag without a value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    match: str | None = None
    kinds: tuple[str, ...] = ()
    template: str | None = None
    flags: Mapping[str, Any] = {}

    def fits(self, model: Checkpoint) -> bool:
        """Whether a model is one of these; a name and a kind that are both given must both fit."""
        tests = []
        if self.match:
            tests.append(bool(re.search(self.match, model.model, re.I)))
        if self.kinds and model.kind:
            tests.append(model.kind in self.kinds)
        if self.template:
            tests.append(bool(re.search(self.template, model.template)))
        return bool(tests) and all(tests)


class Default(BaseModel):
    """The model that is taken where none is named.

    Attributes:
        memory: From so many gigabytes of GPU memory on, as cards are sold; 0 is a machine without a GPU.
        model: Its name on the hub.
        weights: Gigabytes that its weights take.
        why: Why this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory: float = Field(ge=0)
    model: str
    weights: float
    why: str


class Table(BaseModel):
    """The whole table.

    Attributes:
        defaults: By memory, rising.
        always: Flags that every model gets.
        families: The first that fits holds.
        unknown: Where none fits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    defaults: tuple[Default, ...]
    always: Mapping[str, Any]
    families: tuple[Family, ...]
    unknown: Family

    def family(self, model: Checkpoint) -> Family:
        """Returns the family of a model."""
        return next((each for each in self.families if each.fits(model)), self.unknown)

    def default(self, memory: float) -> Default:
        """Returns the model for so many bytes of GPU memory."""
        fit = [each for each in self.defaults if each.memory * GB * TOLERANCE <= memory]
        return fit[-1]


@cache
def table() -> Table:
    """Returns the table that ships: in a wheel it lies inside this package, in a checkout beside it."""
    root = Path(__file__).parents[2]
    inside = root / "configs" / "models.yaml"
    path = inside if inside.exists() else root.parent / "configs" / "models.yaml"
    return Table.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def as_flags(values: Mapping[str, Any]) -> list[str]:
    """Returns flags as they are typed.

    >>> as_flags({"enforce-eager": True, "max-model-len": 4096})
    ['--enforce-eager', '--max-model-len=4096']
    """
    return [
        f"--{key}" if value is True else f"--{key}={_typed(value)}"
        for key, value in values.items()
        if value is not False
    ]


def without(flags: Mapping[str, Any], typed: Sequence[str]) -> dict[str, Any]:
    """Returns flags without those that somebody has typed, on or off."""
    named = {word.lstrip("-").partition("=")[0].removeprefix("no-") for word in typed if word.startswith("--")}
    return {key: value for key, value in flags.items() if key.removeprefix("no-") not in named}


def _typed(value: Any) -> str:
    import json

    return json.dumps(value) if isinstance(value, dict | list) else str(value)
