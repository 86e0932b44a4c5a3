"""One call of a tool from the terminal, through the same checks as in a conversation."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from assistant.app import open_library
from assistant.approval import Rule, judge
from assistant.errors import PluginError
from assistant.events import ApprovalRequest, ToolCall
from assistant.origin.sign import Signer
from assistant.runner import misfit
from assistant.schema import Tool
from assistant.settings import Settings
from assistant.terminal_approval import decide
from assistant.trial import run_trial


async def run(
    tool: Tool, arguments: dict[str, Any], settings: Settings, *, folder: Path, approved: bool, rules: Sequence[Rule]
) -> ToolCall:
    """Calls a tool.

    Args:
        tool: Which.
        arguments: As they were typed.
        settings: Of the assistant.
        folder: What the tool takes for the conversation's folder.
        approved: Whether the person approved the call beforehand.
        rules: Come before those of the settings.

    Raises:
        PluginError: The call needs approval and did not get it.
        AssistantError: The tool crashed.
    """
    call = ApprovalRequest("terminal", tool.name, arguments, "", tool.options.touches)
    arguments = arguments if approved else _approved(tool, call, (*rules, *settings.tools.rules))
    library = open_library(settings)
    try:
        done = await run_trial(
            tool, arguments, library, folder, settings.library.passages, _report, Signer.of(settings)
        )
    finally:
        library.close()
    for artifact in done.artifacts:
        click.echo(f"saved {artifact.path}", err=True)
    return done.call


def show(done: ToolCall) -> None:
    """Prints what came of a call: a text as it is, anything else as JSON."""
    if not done.ok:
        click.echo(f"Error: {done.result}", err=True)
    else:
        click.echo(
            done.result if isinstance(done.result, str) else json.dumps(done.result, ensure_ascii=False, indent=2)
        )


def _approved(tool: Tool, call: ApprovalRequest, rules: Sequence[Rule]) -> dict[str, Any]:
    verdict = judge(tool, call.arguments, rules, tainted=False)
    if verdict.ruling == "approve":
        return call.arguments
    if verdict.ruling == "ask" and (wrong := misfit(tool, call.arguments)):
        raise PluginError(wrong)
    if verdict.ruling == "ask" and sys.stdin.isatty():
        asked = ApprovalRequest(call.id, call.tool, call.arguments, verdict.reason, call.touches)
        decision = decide([asked])[call.id]
        if decision.approved:
            return dict(call.arguments if decision.arguments is None else decision.arguments)
        raise PluginError(f"The call was refused: {decision.note}.")
    way = "" if verdict.ruling == "refuse" else "; --yes approves it"
    raise PluginError(f"The call was refused: {verdict.reason}{way}.")


def _report(fraction: float | None, message: str) -> None:
    click.echo(message if fraction is None else f"{fraction:4.0%} {message}", err=True)
