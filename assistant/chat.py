"""``assistant chat``: a conversation in the terminal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress

import click

from assistant.again import retry
from assistant.app import build
from assistant.events import Answer, Event, Failed
from assistant.session import LOCAL, Assistant
from assistant.settings import Settings
from assistant.terminal_approval import show_turn


async def run(settings: Settings, conversation: str | None, adapter: str | None = None) -> None:
    """Asks and answers until the person leaves.

    Args:
        settings: What to answer from.
        conversation: Continues that one; None begins a new one.
        adapter: Which of the model's adapters answers; None leaves the conversation's.
    """
    async with build(settings) as assistant:
        click.echo(
            f"{assistant.engine.name} — /new begins a new conversation, /retry goes on with a question that failed, "
            "/exit leaves, Ctrl-C stops an answer."
        )
        while (question := await asyncio.to_thread(_read)) is not None:
            if question == "/new":
                conversation = None
                click.echo("New conversation.")
            elif question == "/retry" and conversation is None:
                click.echo("There is nothing to go on with yet.")
            elif question:
                again = question == "/retry"
                library = settings.library.name
                events = (
                    retry(assistant, conversation or "", LOCAL)
                    if again
                    else assistant.stream(question, conversation, library=library, adapter=adapter)
                )
                end = await _answer(assistant, events)
                conversation = (end.conversation if end else None) or conversation


def _read() -> str | None:
    """Returns the next line, None at the end."""
    with suppress(ImportError):
        import readline  # noqa: F401 — gives the prompt editing and history
    try:
        line = input("\n> ").strip()
    except (EOFError, KeyboardInterrupt):
        return None
    return None if line in ("/exit", "/quit") else line


async def _answer(assistant: Assistant, events: AsyncGenerator[Event, None]) -> Answer | Failed | None:
    """Shows one turn; Ctrl-C stops the turn, not the program."""
    turn = asyncio.ensure_future(show_turn(assistant, events))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, turn.cancel)
    try:
        return await turn
    except asyncio.CancelledError:
        click.echo("\nStopped.")
        return None
    finally:
        loop.remove_signal_handler(signal.SIGINT)
