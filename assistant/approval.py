"""Who may approve a tool call, and when one has to be approved. Whatever is not allowed is refused.

A call is judged by the first rule of the settings that fits it, then by what the tool declares (unless the tool itself
asks for a person, which no rule's approval outranks), then by taint: after
foreign text has come into a conversation (from documents, the web, or tools), the model may be acting on somebody
else's words, so that every call with side effects needs approval.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from assistant.errors import SettingsError
from assistant.events import ApprovalRequest
from assistant.schema import Tool

log = logging.getLogger(__name__)

Ruling = Literal["approve", "ask", "refuse"]

RULED: Mapping[Ruling, str] = {
    "approve": "",
    "ask": "a rule of the settings wants it to be approved",
    "refuse": "a rule of the settings refuses it",
}
NOBODY = "nobody is here to approve it; a rule in tools.rules of the settings, or in a policy file, may"


class Rule(BaseModel):
    """What the settings say to calls of some tools.

    Attributes:
        tool: The tool's name; ``*`` and ``?`` stand for any characters or one.
        arguments: What arguments have to look like, by name: a text is a pattern as above, a list holds patterns of
            which one has to fit, anything else has to be equal. An argument that is not named may be anything.
        decide: What becomes of the call.
        tainted: Whether an approval also holds after foreign text has come into the conversation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str
    arguments: Mapping[str, Any] = {}
    decide: Ruling
    tainted: bool = False

    def fits(self, tool: str, arguments: Mapping[str, Any]) -> bool:
        """Whether the rule speaks of a call; an argument that the call leaves out fits no pattern."""
        return fnmatchcase(tool, self.tool) and all(
            name in arguments and _fits(arguments[name], wanted) for name, wanted in self.arguments.items()
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a call before a person has been asked.

    Attributes:
        ruling: Whether it is approved, refused, or to be asked for.
        reason: Why it is not simply approved, for people.
        code: The same, to be said in other languages.
    """

    ruling: Ruling
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a call.

    Attributes:
        approved: Whether it may run.
        arguments: What it is to run with; None leaves them as the model gave them.
        note: What the model is told with a refusal.
    """

    approved: bool
    arguments: Mapping[str, Any] | None = None
    note: str = ""


def judge(
    tool: Tool, arguments: Mapping[str, Any], rules: Sequence[Rule], *, tainted: bool, granted: Collection[str] = ()
) -> Verdict:
    """Judges one call.

    The rules see the arguments as the tool would get them: ``"yes"`` where that becomes true is true, and what the call
    leaves out has its default.

    Args:
        tool: What is called.
        arguments: As the model gave them.
        rules: In order; the first that fits decides.
        tainted: Whether the conversation holds foreign text.
        granted: Tools that were approved in this conversation before.
    """
    options = tool.options
    risky = tainted and bool(options.touches)
    received = _received(tool, arguments) if rules or options.asks else arguments
    rule = next((rule for rule in rules if rule.fits(tool.name, received)), None)
    if (not rule or rule.decide == "approve") and (why := _asked(tool, received)):
        return Verdict("ask", why)
    if rule and (rule.decide != "approve" or rule.tainted or not risky):
        return Verdict(rule.decide, RULED[rule.decide], "rule")
    if risky:
        touched = " and ".join(f"the {touch}" if touch != "files" else touch for touch in options.touches)
        why = f"it touches {touched}, and text from documents or tools has been read, which may have asked for it"
        return Verdict("ask", why, "tainted")
    if options.approval == "always":
        return Verdict("ask", "the tool wants every call approved", "always")
    if options.approval == "first time" and tool.name not in granted:
        return Verdict("ask", "it is the first call of this tool in the conversation", "first")
    return Verdict("approve")


def _asked(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Returns why the tool wants a person to approve a call; one that cannot tell wants it too."""
    options = tool.options
    if not options.asks:
        return ""
    try:
        return options.asks(*([tool.settings] if options.settings else []), **arguments)
    except Exception as error:
        log.warning("tool %s from %s cannot tell whether a call needs approval", tool.name, tool.source, exc_info=error)
        return "the tool could not tell whether it needs approval"


def _received(tool: Tool, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the arguments in JSON as the tool would get them; unchanged where they do not fit, and it gets none."""
    try:
        return tool.arguments.model_validate(dict(arguments)).model_dump(mode="json", by_alias=True)
    except (ValidationError, PydanticSerializationError):
        return arguments


def refusals(requests: Sequence[ApprovalRequest]) -> dict[str, Decision]:
    """Returns a refusal of every request, since nobody is there."""
    return {request.id: Decision(approved=False, note=nobody(request.reason, request.code)) for request in requests}


def nobody(reason: str, code: str) -> str:
    """Returns what is told where nobody is there to approve a call.

    Args:
        reason: Why it has to be approved.
        code: The same; empty where the tool itself asks, which no rule changes.
    """
    return NOBODY if code else f"{reason}, and nobody is here to approve it"


def read_policy(path: Path) -> tuple[Rule, ...]:
    """Reads the rules of a policy file: a YAML list as under ``tools.rules`` in the settings.

    Raises:
        SettingsError: The file cannot be read, or a rule in it cannot be used.
    """
    try:
        return tuple(TypeAdapter(list[Rule]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or []))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read the policy {path}: {error}.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = next((item for item in error.errors() if item["type"] == "extra_forbidden"), error.errors()[0])
        where = ".".join(map(str, first["loc"])) or "the file"
        raise SettingsError(f"{path}: {where}: {first['msg'].lower()}{_hint(where)}; see docs/approval.md.") from error


def _hint(where: str) -> str:
    close = get_close_matches(where.rpartition(".")[2], Rule.model_fields, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return any(_fits(value, each) for each in wanted)
    if isinstance(wanted, str):
        return isinstance(value, str) and fnmatchcase(value, wanted)
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)
