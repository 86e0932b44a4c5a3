"""``assistant ask`` and ``assistant retry``: one turn in the terminal."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import click

from assistant.again import retry
from assistant.app import build
from assistant.approval import Rule, refusals
from assistant.endings import CONTINUED
from assistant.errors import UnknownConversation
from assistant.events import Answer, ApprovalNeeded, Event, Failed
from assistant.session import LOCAL, Assistant
from assistant.settings import Settings
from assistant.terminal_approval import show_turn


async def asked(
    settings: Settings,
    question: str,
    conversation: str | None,
    rules: Sequence[Rule],
    *,
    as_json: bool,
    adapter: str | None = None,
) -> bool:
    """Asks a question and prints what comes of it.

    Args:
        settings: Of the assistant that is asked.
        question: What is asked.
        conversation: Continues that one; None begins a new one.
        rules: Which calls are approved or refused.
        as_json: Whether one object is printed in place of text.
        adapter: Which of the model's adapters answers; None leaves the conversation's.

    Returns:
        Whether it was answered.
    """
    library = settings.library.name
    async with build(settings) as assistant:
        return await _printed(
            assistant,
            assistant.stream(question, conversation, rules=rules, library=library, adapter=adapter),
            rules,
            as_json=as_json,
        )


async def retried(settings: Settings, conversation: str | None, rules: Sequence[Rule], *, as_json: bool) -> bool:
    """Asks the last question of a conversation again, and prints what comes of it.

    Args:
        settings: Of the assistant that is asked.
        conversation: Which one; None takes the newest.
        rules: Which calls are approved or refused.
        as_json: Whether one object is printed in place of text.

    Returns:
        Whether it was answered.

    Raises:
        UnknownConversation: There is none.
    """
    async with build(settings) as assistant:
        if conversation is None:
            newest = await assistant.conversations.list(LOCAL, 1)
            if not newest:
                raise UnknownConversation("There is no conversation yet; ask something first.")
            conversation = newest[0].id
        return await _printed(assistant, retry(assistant, conversation, LOCAL, rules), rules, as_json=as_json)


async def _printed(
    assistant: Assistant, events: AsyncGenerator[Event, None], rules: Sequence[Rule], *, as_json: bool
) -> bool:
    for reason in assistant.toolbox.broken.values():
        click.echo(f"Warning: {reason}", err=True)
    end = await (_awaited(assistant, events, rules) if as_json else show_turn(assistant, events, rules))
    if isinstance(end, Failed):
        if as_json:
            click.echo(f"Error: {end.message}", err=True)
        if end.conversation and end.kind in CONTINUED:
            click.echo(f"The question is kept; to go on with it: assistant retry {end.conversation}", err=True)
    elif as_json:
        click.echo(json.dumps(end.to_json(), ensure_ascii=False))
    return isinstance(end, Answer)


async def _awaited(assistant: Assistant, events: AsyncGenerator[Event, None], rules: Sequence[Rule]) -> Answer | Failed:
    """The end of a turn of which nothing is shown: what needs approval and has no rule is refused."""
    while True:
        end: Event | None = None
        async with aclosing(events):
            async for event in events:
                end = event
        if not isinstance(end, ApprovalNeeded):
            assert isinstance(end, Answer | Failed)
            return end
        events = assistant.resume(end.conversation, refusals(end.requests), rules=rules)
