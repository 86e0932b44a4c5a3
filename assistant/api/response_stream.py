"""The events by which a response comes in OpenAI's newer form."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from assistant.api.response_object import Head, begun, message, reasoning, response
from assistant.api.sentences import TOLD
from assistant.course import Course
from assistant.events import Answer, ApprovalNeeded, Event, Failed, ReasoningDelta, TextDelta


async def lines(events: AsyncGenerator[Event, None], head: Head, course: Course) -> AsyncIterator[str]:
    """Yields the events of a turn as they are sent.

    Args:
        events: The turn's.
        head: What the response is called.
        course: How the turn goes.
    """
    numbered = _Numbered()
    yield numbered("response.created", response=begun(head))
    written = _Written(head, course, numbered)
    async with aclosing(events):
        async for event in events:
            match event:
                case ReasoningDelta(text):
                    for line in written.think(text):
                        yield line
                case TextDelta(text):
                    for line in written.say(text):
                        yield line
                case Answer() | ApprovalNeeded():
                    for line in written.end(event):
                        yield line
                case Failed(told, _, kind):
                    failed = {**begun(head, "failed"), "error": {"code": kind, "message": TOLD.get(kind, told)}}
                    yield numbered("response.failed", response=failed)


class _Written:
    """The items of a response as they grow: thoughts, where the model has any before it speaks, and the message.

    Args:
        head: What the response is called.
        course: How the turn goes.
        numbered: Writes events.
    """

    def __init__(self, head: Head, course: Course, numbered: _Numbered) -> None:
        self._head, self._course, self._numbered = head, course, numbered
        self._thought, self._speaking, self._said = "", False, False

    @property
    def _part(self) -> dict[str, Any]:
        place = 1 if self._thought else 0
        return {"item_id": f"msg_{self._head.name}", "output_index": place, "content_index": 0}

    def think(self, text: str) -> Iterator[str]:
        """Adds to the thoughts; those after the first words are left out, since items have an order."""
        if self._speaking:
            return
        part = {"item_id": f"rs_{self._head.name}", "output_index": 0}
        if not self._thought:
            item = {**reasoning(self._head, ""), "status": "in_progress"}
            yield self._numbered("response.output_item.added", output_index=0, item=item)
        self._thought += text
        yield self._numbered("response.reasoning_text.delta", **part, content_index=0, delta=text)

    def say(self, text: str) -> Iterator[str]:
        """Adds to the message."""
        yield from self._speak()
        self._said = True
        yield self._numbered("response.output_text.delta", **self._part, delta=text, logprobs=[])

    def _speak(self) -> Iterator[str]:
        if self._speaking:
            return
        self._speaking = True
        if self._thought:
            part = {"item_id": f"rs_{self._head.name}", "output_index": 0, "content_index": 0}
            yield self._numbered("response.reasoning_text.done", **part, text=self._thought)
            whole = reasoning(self._head, self._thought)
            yield self._numbered("response.output_item.done", output_index=0, item=whole)
        empty = {**message(self._head, ""), "status": "in_progress", "content": []}
        yield self._numbered("response.output_item.added", output_index=self._part["output_index"], item=empty)
        part = {"type": "output_text", "text": "", "annotations": []}
        yield self._numbered("response.content_part.added", **self._part, part=part)

    def end(self, end: Answer | ApprovalNeeded) -> Iterator[str]:
        """Closes the items and the response."""
        whole = response(self._head, end, self._course, self._thought)
        said = whole["output"][-1]
        yield from self._speak()
        if isinstance(end, Answer) and not self._said:
            yield from self.say(end.text)
        yield self._numbered("response.output_text.done", **self._part, text=said["content"][0]["text"], logprobs=[])
        yield self._numbered("response.content_part.done", **self._part, part=said["content"][0])
        yield self._numbered("response.output_item.done", output_index=self._part["output_index"], item=said)
        yield self._numbered(f"response.{whole['status']}", response=whole)


class _Numbered:
    """Writes events, each with its number."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, kind: str, **fields: Any) -> str:
        event = {"type": kind, "sequence_number": self._next, **fields}
        self._next += 1
        return f"event: {kind}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
