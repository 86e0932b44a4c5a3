"""What a tool file imports: ``tool`` marks a function, ``Context`` serves it, ``ToolError`` refuses.

A tool is an ordinary function. Its signature and Google-style docstring are its only schema::

    @tool(examples=["roll two dice"], timeout=5)
    def roll_dice(count: int, ctx: Context, sides: int = 6) -> list[int]:
        \"\"\"Roll dice and return each value.

Args:
            count: How many dice, 1 to 100.
            sides: Faces on each die.
        \"\"\"
        if not 1 <= count <= 100:
            raise ToolError("count must be from 1 to 100")
        return [ctx.random.randint(1, sides) for _ in range(count)]

A parameter annotated with ``Context`` is filled in by the assistant and hidden from the model.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, overload

from assistant.events import Artifact
from index.types import Document, Hit

__all__ = ["Artifact", "Context", "Document", "Hit", "LibraryView", "ToolError", "ToolOptions", "Unavailable", "tool"]

Function = TypeVar("Function", bound=Callable[..., Any])

MARK = "__assistant_tool__"


class ToolError(Exception):
    """Something the model should know and may mend: its text is handed to the model, which may try again."""


class Unavailable(Exception):
    """Raised by a plugin, as it is imported, where this machine lacks what it needs.

    Its text says what that is and how to get it. The tool is then absent, which is no fault in its file.
    """


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What a tool declares about itself.

    Attributes:
        examples: Requests that the tool is meant for, as a person would put them.
        timeout: Seconds after which a call is given up.
        prepare: Called once where the assistant stays up, such as behind the page; None where nothing takes long.
    """

    examples: tuple[str, ...]
    timeout: float
    prepare: Callable[[], None] | None = None


@overload
def tool(function: Function) -> Function: ...
@overload
def tool(
    *, examples: Sequence[str] = (), timeout: float = 30, prepare: Callable[[], None] | None = None
) -> Callable[[Function], Function]: ...
def tool(
    function: Function | None = None,
    *,
    examples: Sequence[str] = (),
    timeout: float = 30,
    prepare: Callable[[], None] | None = None,
) -> Function | Callable[[Function], Function]:
    """Marks a function as a tool and leaves it callable as it is.

    Args:
        function: The function, where ``@tool`` stands without brackets.
        examples: Requests that the tool is meant for, as a person would put them.
        timeout: Seconds after which a call is given up.
        prepare: Makes the first call quick. It is called once where the assistant stays up, in a thread of its own.

    Raises:
        ValueError: The timeout is not positive.
    """
    if timeout <= 0:
        raise ValueError("timeout must be more than 0 seconds")

    def mark(target: Function) -> Function:
        setattr(target, MARK, ToolOptions(tuple(examples), float(timeout), prepare))
        return target

    return mark if function is None else mark(function)


class LibraryView(Protocol):
    """The part of the library that a tool may use."""

    def search(self, query: str, k: int = 6) -> list[Hit]:
        """Returns at most ``k`` passages, best first."""
        ...

    def documents(self) -> list[Document]:
        """Returns every document in the library."""
        ...


@dataclass(slots=True)
class Context:
    """What a tool may use beside its arguments, made anew for each call.

    Attributes:
        library: The documents, to search and list.
        cite: Gives a passage its number in this conversation; a text quotes it as ``[n]``.
        passages: How many passages the settings want of a search.
        folder: Where ``save`` puts files; it belongs to the conversation.
        random: Randomness that a test can fix.
        now: The time, UTC, which a test can fix.
        report: Receives ``(fraction, message)``; use ``progress``.
        artifacts: What ``save`` has kept in this call.
    """

    library: LibraryView
    cite: Callable[[Hit], int]
    folder: Path
    passages: int = 6
    random: random.Random = field(default_factory=random.Random)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    report: Callable[[float | None, str], None] = lambda fraction, message: None
    artifacts: list[Artifact] = field(default_factory=list)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def cancelled(self) -> bool:
        """Whether the call was stopped or timed out; a long loop should look now and then and return."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Asks the tool to stop; called by the assistant."""
        self._cancelled.set()

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tells the person how far the call is.

        Args:
            message: What is being done.
            fraction: Between 0 and 1; None where it is not known.
        """
        self.report(fraction, message)

    def save(self, name: str, data: bytes, media_type: str) -> Artifact:
        """Keeps a file for the person.

        Args:
            name: A file name; what is no letter, digit, dot, dash or underscore is replaced.
            data: The bytes.
            media_type: Such as ``image/png``.

        Returns:
            The file, which is added to the answer.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = _free_path(self.folder, re.sub(r"[^\w.-]+", "_", name).strip(".") or "file")
        path.write_bytes(data)
        artifact = Artifact(str(path), media_type)
        self.artifacts.append(artifact)
        return artifact


def _free_path(folder: Path, name: str) -> Path:
    path, number = folder / name, 2
    while path.exists():
        path, number = folder / f"{Path(name).stem}-{number}{Path(name).suffix}", number + 1
    return path
