"""The terminal's way of approving: what is to run is shown, and the person approves, changes or refuses it."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import AsyncIterator, Sequence

import click
import yaml

from assistant import terminal
from assistant.approval import Decision, Rule, refusals
from assistant.events import Answer, ApprovalNeeded, ApprovalRequest, Event, Failed
from assistant.session import Assistant

REFUSED = "the person refused it"


async def show_turn(assistant: Assistant, events: AsyncIterator[Event], rules: Sequence[Rule] = ()) -> Answer | Failed:
    """Prints a turn as it happens, asks where a call needs approval, and returns its end.

    Args:
        assistant: Whose turn it is.
        events: Of ``Assistant.stream``.
        rules: As they were given to it.
    """
    end = await terminal.show(events)
    while isinstance(end, ApprovalNeeded):
        # Without a terminal nobody could answer, and a refusal is the only safe one.
        decisions = decide(end.requests) if sys.stdin.isatty() else refusals(end.requests)
        end = await terminal.show(assistant.resume(end.conversation, decisions, rules=rules))
    return end


def decide(requests: Sequence[ApprovalRequest]) -> dict[str, Decision]:
    """Asks about each call in turn; an end of input, or Ctrl-C, refuses.

    The event loop stands still meanwhile: a prompt in a thread of its own would go on reading after Ctrl-C.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return {request.id: _ask(request) for request in requests}
    finally:
        signal.signal(signal.SIGINT, before)


def _ask(request: ApprovalRequest) -> Decision:
    click.echo(described(request), err=True)
    try:
        while True:
            reply = input("Run it? [y]es, [n]o, [c]hange the arguments: ").strip().lower()
            if reply in ("y", "yes"):
                return Decision(approved=True)
            if reply in ("n", "no"):
                note = input("Why not (the model is told; may be empty): ").strip()
                return Decision(approved=False, note=note or REFUSED)
            if reply in ("c", "change") and (changed := _changed(request)) is not None:
                return Decision(approved=True, arguments=changed)
    except (EOFError, KeyboardInterrupt):
        return Decision(approved=False, note=REFUSED)


def described(request: ApprovalRequest) -> str:
    """Returns a request as lines: the tool, why it is asked for, and every argument in full."""
    head = click.style(f"{request.tool} wants to run", bold=True)
    arguments = [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in request.arguments.items()]
    told = [f"  {request.preview}"] if request.preview else []
    film = [f"  film: {request.film}"] if request.film else []
    why = f"{head}; approval is needed because {request.reason}."
    return "\n".join([why, *(arguments or ["  no arguments"]), *told, *film])


def _changed(request: ApprovalRequest) -> dict[str, object] | None:
    """Asks for the new value of one argument after the other; None where what was typed cannot be read."""
    changed: dict[str, object] = {}
    for name, value in request.arguments.items():
        typed = input(f"  {name} [{json.dumps(value, ensure_ascii=False)}]: ").strip()
        try:
            # YAML, so that a plain word needs no quotation marks.
            changed[name] = yaml.safe_load(typed) if typed and not isinstance(value, str) else typed or value
        except yaml.YAMLError as error:
            click.echo(f"Error: that cannot be read ({' '.join(str(error).split())}).", err=True)
            return None
    return changed
