"""Names conversations: a few words of the language model in place of the shortened first question."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from assistant.conversations import Conversations
from assistant.events import Answer, Event
from assistant.prompts import prompt
from assistant.shelf import shortened

log = logging.getLogger(__name__)

# Titles that are asked for at once, so that answers go before; and for how many seconds each may take.
AT_ONCE, SECONDS = 2, 20.0
# Characters of the question and of the answer that the model is shown, and of its reply that are read.
SHOWN, READ = 1500, 400
MOST_WORDS = 10
THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
AROUND = " \t*_#`\"'“”„‚‘’«»‹›."
LABEL = re.compile(r"^(?:title|titel)\s*:\s*", re.IGNORECASE)


class Titles:
    """Names conversations after their first answer, in the background; what goes wrong leaves the title as it was.

    Args:
        model: Who is asked; None leaves every title as it was.
        conversations: What is named.
        seconds: How long a title may take.
    """

    def __init__(self, model: BaseChatModel | None, conversations: Conversations, seconds: float = SECONDS) -> None:
        self._model, self._conversations, self._seconds = model, conversations, seconds
        self._rooms = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def of(self, conversation: str | None) -> asyncio.Task[None] | None:
        """Returns what names a conversation just now; None where nothing does."""
        return self._tasks.get(conversation or "")

    async def named(
        self, stream: AsyncGenerator[Event, None], question: str, owner: str
    ) -> AsyncGenerator[Event, None]:
        """Passes the events of a conversation's first turn on, and has it named once it is answered.

        Args:
            stream: The events.
            question: What was asked.
            owner: Whose conversation it is.
        """
        async with aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Answer) and self._model is not None:
                    task = asyncio.create_task(self._name(event.conversation, owner, question, event.text))
                    self._tasks[event.conversation] = task
                    task.add_done_callback(partial(self._ended, event.conversation))
                yield event

    async def close(self) -> None:
        """Gives up what is being named."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, conversation: str, _: asyncio.Task[None]) -> None:
        self._tasks.pop(conversation, None)

    async def _name(self, conversation: str, owner: str, question: str, answer: str) -> None:
        try:
            async with asyncio.timeout(self._seconds), self._rooms:
                title = cleaned(await self._said(question, answer))
            if title:
                await self._conversations.shelf.entitle(conversation, owner, shortened(question), title)
        except Exception as error:  # whatever it was, there is a title already
            log.info("no title for %s: %s", conversation, error)

    async def _said(self, question: str, answer: str) -> str:
        assert self._model is not None
        data = f"<question>\n{question[:SHOWN]}\n</question>\n<answer>\n{answer[:SHOWN]}\n</answer>"
        said = ""
        async for chunk in self._model.astream([SystemMessage(prompt("title")), HumanMessage(data)]):
            said += str(chunk.text)
            if len(THOUGHTS.sub("", said)) > READ:
                break
        return said


def cleaned(said: str) -> str:
    """Returns what a model said as a title; empty where it is none."""
    lines = [line.strip(AROUND) for line in THOUGHTS.sub("", said).splitlines()]
    title = LABEL.sub("", next((line for line in lines if line), "")).strip(AROUND)
    words = title.split()
    return shortened(title) if 0 < len(words) <= MOST_WORDS and re.search(r"\w", title) else ""
