"""The conversation: the chat, the line to ask in, stop, ask again, and what past conversations need of them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.errors import UnknownConversation
from assistant.samples import QUESTIONS
from assistant.session import Assistant
from ui import evidence, history
from ui.evidence import EVENT
from ui.render import messages, turn_messages
from ui.turn import answer
from ui.view import View, from_stored

WELCOME = """### What would you like to know?

Answers come from the documents in the library, each with the words it rests on; numbers are computed.
What the documents do not say is declined."""

# Questions of these kinds are shown first, so that the examples show what can be asked.
KINDS = ("answered", "answered", "computed", "declined")

Updates = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that a turn changes.

    Attributes:
        token: The browser's secret.
        view: What the tab shows.
        chat: The messages.
        box: Where questions are typed.
        evidence: The panel of sources.
        history: The list of past conversations.
    """

    token: gr.BrowserState
    view: gr.State
    chat: gr.Chatbot
    box: gr.Textbox
    evidence: gr.HTML
    history: gr.HTML


def make_chat() -> gr.Chatbot:
    """Makes the chat with its examples."""
    return gr.Chatbot(
        elem_id="chat",
        show_label=False,
        container=False,
        height="100%",
        placeholder=WELCOME,
        examples=example_messages(QUESTIONS),
        latex_delimiters=[
            {"left": "$$", "right": "$$", "display": True},
            {"left": "\\(", "right": "\\)", "display": False},
            {"left": "\\[", "right": "\\]", "display": True},
        ],
        allow_tags=False,
        buttons=["copy"],
        feedback_options=None,
    )


def make_box() -> gr.Textbox:
    """Makes the line to ask in."""
    return gr.Textbox(
        elem_id="ask",
        placeholder="Ask about your documents, or something to compute …",
        label="Your question",
        show_label=False,
        container=False,
        lines=1,
        max_lines=8,
        autofocus=True,
        submit_btn=True,
        stop_btn=False,
    )


def example_messages(path: Path) -> list[Any]:
    """Returns one example question for each of ``KINDS`` from the samples' file; none where it is missing."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    chosen: list[dict[str, str]] = []
    for kind in KINDS:
        row = next((row for row in rows if row["expect"] == kind and row not in chosen), None)
        chosen += [row] if row else []
    return [{"text": row["question"], "display_text": row["question"]} for row in chosen]


class Handlers:
    """What happens on each event of the conversation.

    Args:
        assistant: Who answers.
        parts: The components.
    """

    def __init__(self, assistant: Assistant, parts: Parts) -> None:
        self.assistant = assistant
        self.parts = parts

    async def arrive(self, token: str | None, view: View) -> Updates:
        """Gives a browser its token on the first visit, and shows its conversations."""
        return {self.parts.token: view.of(token).token, self.parts.history: await self._history(view)}

    async def ask(self, question: str, token: str | None, view: View) -> AsyncGenerator[Updates, None]:
        """Answers a question; nothing happens for an empty one or while another is being answered."""
        parts, view = self.parts, view.of(token)
        if not question.strip() or view.busy:
            yield {parts.box: gr.skip()}
            return
        turns, before = view.turns, messages(view.turns)
        yield {parts.box: gr.Textbox(value="", submit_btn=False, stop_btn=True)}
        async with aclosing(answer(self.assistant, view, question)) as updates:
            async for turn in updates:
                if view.turns is turns:
                    yield {parts.chat: before + turn_messages(turn, len(turns) - 1)}
        yield await self._ended(view) if view.turns is turns else {parts.history: await self._history(view)}

    async def stop(self, token: str | None, view: View) -> None:
        """Stops the running answer; what asked the question then shows how far it came."""
        if task := view.of(token).running:
            task.cancel()

    async def example(self, token: str | None, view: View, event: gr.SelectData) -> AsyncGenerator[Updates, None]:
        """Asks the question of an example."""
        async with aclosing(self.ask(str(event.value["text"]), token, view)) as updates:
            async for update in updates:
                yield update

    async def again(self, token: str | None, view: View) -> AsyncGenerator[Updates, None]:
        """Asks the last question once more."""
        question = view.of(token).turns[-1].question if view.turns else ""
        async with aclosing(self.ask(question, token, view)) as updates:
            async for update in updates:
                yield update

    async def new(self, token: str | None, view: View) -> Updates:
        """Begins a new conversation."""
        view = view.of(token)
        view.show(None, [])
        return await self._ended(view)

    async def act(self, token: str | None, view: View, event: gr.EventData) -> Updates:
        """Opens or deletes a past conversation."""
        view, key = view.of(token), str(event.id)
        try:
            if event.action == "delete":
                await self.assistant.delete(key, view.owner)
                if key == view.conversation:
                    view.show(None, [])
            else:
                turns = await self.assistant.conversations.turns(key, view.owner)
                view.show(key, [from_stored(turn) for turn in turns])
        except UnknownConversation:
            gr.Warning("This conversation is not there any more.")
        return await self._ended(view)

    async def _ended(self, view: View) -> Updates:
        parts = self.parts
        return {
            parts.chat: messages(view.turns),
            parts.box: gr.Textbox(submit_btn=True, stop_btn=False),
            parts.evidence: evidence.latest(view),
            parts.history: await self._history(view),
        }

    async def _history(self, view: View) -> str:
        return history.list_html(await self.assistant.conversations.list(view.owner), view.conversation)


def connect(handlers: Handlers, new: gr.Button) -> None:
    """Connects the components' events with what happens on them."""
    parts = handlers.parts
    seen = [parts.chat, parts.box, parts.evidence, parts.history]
    who = [parts.token, parts.view]
    # More than once at a time: a question may be asked while the answer of another conversation still runs.
    parts.box.submit(handlers.ask, [parts.box, *who], seen, trigger_mode="multiple", **EVENT)
    parts.chat.example_select(handlers.example, who, seen, trigger_mode="multiple", **EVENT)
    parts.chat.option_select(handlers.again, who, seen, trigger_mode="multiple", **EVENT)
    parts.box.stop(handlers.stop, who, None, **EVENT)
    new.click(handlers.new, who, seen, **EVENT)
    parts.history.act(handlers.act, who, seen, **EVENT)
