"""``assistant chat``: a conversation in the terminal."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import click

from assistant.app import build
from assistant.events import Answer, Failed
from assistant.session import Assistant
from assistant.settings import Settings
from assistant.terminal_approval import show_turn


async def run(settings: Settings, conversation: str | None) -> None:
    """Asks and answers until the person leaves.

    Args:
        settings: What to answer from.
        conversation: Continues that one; None begins a new one.
    """
    async with build(settings) as assistant:
        click.echo(f"{assistant.engine.name} — /new begins a new conversation, /exit leaves, Ctrl-C stops an answer.")
        while (question := await asyncio.to_thread(_read)) is not None:
            if question == "/new":
                conversation = None
                click.echo("New conversation.")
            elif question:
                end = await _answer(assistant, question, conversation, settings.library.name)
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


async def _answer(
    assistant: Assistant, question: str, conversation: str | None, library: str | None
) -> Answer | Failed | None:
    """Shows one turn; Ctrl-C stops the turn, not the program."""
    turn = asyncio.ensure_future(show_turn(assistant, assistant.stream(question, conversation, library=library)))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, turn.cancel)
    try:
        return await turn
    except asyncio.CancelledError:
        click.echo("\nStopped.")
        return None
    finally:
        loop.remove_signal_handler(signal.SIGINT)
