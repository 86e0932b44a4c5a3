"""Tells a model's thoughts from its answer, whether its server has done so already or not.

A server with a reasoning parser streams thoughts in a field of their own; vLLM calls it ``reasoning`` since 0.12,
DeepSeek and llama.cpp ``reasoning_content``. From other servers they come as text between tags at the beginning of a
reply. Some chat templates write the first tag into the prompt, so that only the second one is ever seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from langchain_core.messages import AIMessage

# Where a message keeps the thoughts. LangChain sends nothing of this kind back to a server.
THOUGHTS = "reasoning_content"
FIELDS = ("reasoning", "reasoning_content")
TAGS = {"<think>": "</think>", "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}
LONE = "</think>"


def thoughts_in(delta: Mapping[str, Any] | None) -> str:
    """Returns the thoughts that a piece of a streamed reply holds in a field of their own."""
    found = next((delta[name] for name in FIELDS if delta and delta.get(name)), "")
    return found if isinstance(found, str) else ""


def thoughts_of(message: AIMessage) -> str:
    """Returns the thoughts of a whole reply."""
    return str(message.additional_kwargs.get(THOUGHTS, ""))


class Splitter:
    """Splits the text of one reply as it comes.

    Attributes:
        lone: Whether the tag that ends thoughts came without one that begins them.
        mistaken: What was taken for thoughts without a tag so far, which it is not if no tag ends it.

    Args:
        inside: Whether the reply begins with thoughts that no tag announces.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self.lone, self.mistaken = False, ""
        self._state: Literal["begin", "thoughts", "gap", "answer"] = "begin"
        self._end, self._assumed, self._held, self._seen = LONE, inside, "", ""

    def feed(self, piece: str) -> tuple[str, str]:
        """Returns the thoughts and the words of the answer that are certain by now."""
        if self._state == "answer":
            self._watch(piece)
            return "", piece
        if self._state == "gap":
            return "", self._after(piece)
        self._held += piece
        return self._begin() if self._state == "begin" else self._think()

    def close(self) -> tuple[str, str]:
        """Returns what was held back at the end of the reply."""
        held, self._held = self._held, ""
        return (held, "") if self._state == "thoughts" else ("", held)

    def _begin(self) -> tuple[str, str]:
        start = self._held.lstrip()
        for begin, end in TAGS.items():
            if start.startswith(begin):
                self._state, self._end, self._assumed, self._held = "thoughts", end, False, start[len(begin) :]
                return self._think()
        if any(begin.startswith(start) for begin in TAGS):  # it may yet become one
            return "", ""
        if self._assumed:
            self._state = "thoughts"
            return self._think()
        said, self._held, self._state = self._held, "", "answer"
        self._watch(said)
        return "", said

    def _think(self) -> tuple[str, str]:
        thoughts, tag, rest = self._held.partition(self._end)
        if tag:
            self._state, self._held, self._assumed, self.mistaken = "gap", "", False, ""
            return thoughts, self._after(rest)
        # A tag may come in pieces.
        kept = next((n for n in range(len(self._end) - 1, 0, -1) if self._held.endswith(self._end[:n])), 0)
        cut = len(self._held) - kept
        thoughts, self._held = self._held[:cut], self._held[cut:]
        self.mistaken += thoughts if self._assumed else ""
        return thoughts, ""

    def _after(self, piece: str) -> str:
        """Drops the empty lines between thoughts and answer."""
        said = piece.lstrip()
        self._state = "answer" if said else "gap"
        return said

    def _watch(self, piece: str) -> None:
        self._seen = (self._seen + piece)[-len(piece) - len(LONE) :]
        self.lone = self.lone or LONE in self._seen


def settled(reply: AIMessage) -> AIMessage:
    """Returns a whole reply in which what stands before a lone tag counts as thoughts.

    Where the answer says the same as the thoughts, it had been mistaken for them; see ``Splitter.mistaken``.
    """
    text, thoughts = str(reply.text), thoughts_of(reply)
    if LONE in text and not thoughts:
        thoughts, _, text = text.partition(LONE)
    elif thoughts and text.strip() == thoughts.strip():
        thoughts = ""
    else:
        return reply
    kept = {**reply.additional_kwargs, THOUGHTS: thoughts.strip()}
    return reply.model_copy(update={"content": text.strip(), "additional_kwargs": kept})
