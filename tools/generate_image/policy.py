"""What the picture tools refuse, and what a person has to approve: the rules of a policy file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.plugin import ToolError, Unavailable

from .words import Pattern, pattern, plain

SHIPPED = Path(__file__).parents[2] / "configs" / "picture-policy.yaml"
ToolName = Literal["generate_image", "edit_image"]


class Rule(BaseModel):
    """One rule.

    Attributes:
        name: By which a refusal names it.
        decide: What becomes of a prompt that it fits: it is refused, or asked for.
        words: Words and phrases of which one has to be there; ``*`` stands for the rest of a word or, by itself, for up
            to two words, ``?`` for one letter or digit.
        beside: If any, one of these has to be there too.
        unless: Phrases that are not looked at.
        tools: For which it holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    decide: Literal["refuse", "ask"]
    words: tuple[str, ...] = Field(min_length=1)
    beside: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    tools: tuple[ToolName, ...] = ("generate_image", "edit_image")

    def fits(self, text: str) -> bool:
        """Whether it speaks of a text, which is as ``plain`` returns it in one of its readings."""
        for each in _patterns(self.unless):
            text = each.sub(" ", text)
        words, beside = _patterns(self.words), _patterns(self.beside)
        return _any(words, text) and (not beside or _any(beside, text))


class Checker(BaseModel):
    """What looks at pictures before anybody gets them.

    Attributes:
        model: Folder, or name on the hub, of a model that classifies pictures.
        refuse: Its labels, each with the probability from which on a picture is held back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    refuse: dict[str, float] = Field(min_length=1)


class Policy(BaseModel):
    """A policy file.

    Attributes:
        rules: For prompts and instructions.
        checker: For results; None leaves them to the checker that a pipeline brings, if it does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...] = ()
    checker: Checker | None = None

    def refuse(self, tool: ToolName, text: str) -> None:
        """Lets a text pass.

        Raises:
            ToolError: A rule refuses it.
        """
        if rule := self._first(tool, text, "refuse"):
            raise ToolError(
                f"This is refused by the rule '{rule.name}' of the picture policy, and no picture was made. Something "
                "else can be drawn; whoever runs this assistant may change the policy."
            )

    def asks(self, tool: ToolName, text: str) -> str:
        """Returns why a person has to approve a text; empty where nobody has to, or where it will be refused."""
        rule = self._first(tool, text, "ask")
        if not rule or self._first(tool, text, "refuse"):
            return ""
        return f"the rule '{rule.name}' of the picture policy wants it to be approved"

    def _first(self, tool: ToolName, text: str, decide: str) -> Rule | None:
        rules = [rule for rule in self.rules if rule.decide == decide and tool in rule.tools]
        readings = plain(text) if rules else ()
        return next((rule for rule in rules if any(map(rule.fits, readings))), None)


def policy_of(path: Path | None) -> Policy:
    """Reads a policy file, anew where it has changed.

    Args:
        path: None takes the one that ships.

    Raises:
        Unavailable: It cannot be read or used.
    """
    path = path or SHIPPED
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"the picture policy {path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise Unavailable(f"the picture policy {path} is not valid YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise Unavailable(f"the picture policy {path}: {where}: {first['msg'].lower()}") from error


def policy_now(path: Path | None) -> Policy:
    """Returns a policy as it stands as a picture is asked for.

    Raises:
        ToolError: It cannot be read or used, without which no picture is made.
    """
    try:
        return policy_of(path)
    except Unavailable as error:
        raise ToolError(f"No picture is made: {error}.") from error


@lru_cache(8)
def _read(path: Path, changed: int) -> Policy:
    return Policy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})


@lru_cache(1000)
def _patterns(phrases: tuple[str, ...]) -> tuple[Pattern, ...]:
    return tuple(map(pattern, phrases))


def _any(patterns: tuple[Pattern, ...], text: str) -> bool:
    return any(each.search(text) for each in patterns)
