"""How a turn is to go, and what was said in it, so that it can go the same way again."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from langchain_core.messages import AIMessage

from assistant.engines.reasoning import THOUGHTS, thoughts_of

SECRET = "fence.key"  # noqa: S105 — a file's name
# What the built-in engine knows of its own answer.
TOLD = ("confidence", "abstained", "about_itself")


@dataclass(slots=True)
class Course:
    """How a turn is to go; with a seed the same way again, given the same engine, documents and tools.

    Attributes:
        seed: What chance begins with, the model's where it takes a seed and the tools'; None leaves it to chance.
        watched: Whether somebody reads the words as they come and can be asked to approve a call; else they come when
            there are all of them, a reply that breaks off is had anew, and what nobody has approved is refused.
        place: Gives what is held while a server answers a request; None where nobody counts them.
        replies: Receives what the model says, in order.
        wishes: How the answer is to be, in the words of the program that asks; a language model is told them below our
            rules.
        most_tokens: How long each reply of a server's model may be; None leaves it to the server.
    """

    seed: int | None = None
    watched: bool = True
    place: Callable[[], AbstractAsyncContextManager[None]] | None = None
    replies: list[AIMessage] = field(default_factory=list)
    wishes: str = ""
    most_tokens: int | None = None

    @property
    def cut_off(self) -> bool:
        """Whether the last reply ended at its longest."""
        return bool(self.replies) and self.replies[-1].response_metadata.get("finish_reason") == "length"

    @property
    def chance(self) -> Random:
        """Randomness for the tools."""
        return Random(self.seed)  # noqa: S311 — nothing secret is drawn

    def fence(self, home: Path, conversation: str) -> str:
        """Returns what the fence around foreign text is named by: no document knows it, and a seed brings it back.

        Args:
            home: Keeps a secret of its own for it.
            conversation: The conversation's id, which names it where there is no seed.
        """
        if self.seed is None:
            return conversation
        return hashlib.sha256(b"%s %d" % (_secret(home), self.seed)).hexdigest()


def _secret(home: Path) -> bytes:
    """The home folder's secret, made once; of two that make it at the same moment the first stays."""
    path = home / SECRET
    if not path.exists():
        made = path.with_name(f".{SECRET}.{os.getpid()}.{secrets.token_hex(4)}")
        made.touch(mode=0o600)
        made.write_bytes(secrets.token_bytes(32))
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes()


def recorded(reply: AIMessage) -> dict[str, Any]:
    """Returns a reply as little JSON: what the agent goes by, and nothing else."""
    calls = [[call["id"], call["name"], call["args"]] for call in reply.tool_calls]
    broken = [[call["id"], call["name"], call["args"]] for call in reply.invalid_tool_calls]
    told = {key: reply.response_metadata[key] for key in TOLD if key in reply.response_metadata}
    row = {"text": reply.text, "calls": calls, "broken": broken, "thoughts": thoughts_of(reply), "told": told}
    return {key: value for key, value in row.items() if value or key == "text"}


def replayed(row: Mapping[str, Any]) -> AIMessage:
    """Returns the reply that ``recorded`` wrote down.

    Raises:
        LookupError, TypeError, ValueError: It is no such row.
    """
    thoughts = row.get("thoughts")
    return AIMessage(
        content=row["text"],
        tool_calls=[{"id": one, "name": name, "args": args} for one, name, args in row.get("calls", ())],
        invalid_tool_calls=[
            {"type": "invalid_tool_call", "id": one, "name": name, "args": args, "error": None}
            for one, name, args in row.get("broken", ())
        ],
        additional_kwargs={THOUGHTS: thoughts} if thoughts else {},
        response_metadata=dict(row.get("told", {})),
    )
