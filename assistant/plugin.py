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

A parameter annotated with ``Context`` is filled in by the assistant and hidden from the model. What the tool declares
to ``tool`` is enforced by the assistant: the time limit, the approval, what it may touch, how many run at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, overload

from pydantic import BaseModel

from assistant.context import Context, LibraryView
from assistant.events import Artifact
from assistant.origin.made import Made
from assistant.origin.verify import Verdict, verify
from index.errors import LibraryError, UnknownDocument
from index.filter import Filter
from index.torchvision_guard import guard_torchvision
from index.types import Document, DocumentHit, Hit

__all__ = [
    "Artifact", "Context", "Document", "DocumentHit", "Filter", "Hit", "LibraryError", "LibraryView", "Made",
    "ToolError", "ToolOptions", "Unavailable", "UnknownDocument", "Verdict", "guard_torchvision",
    "tool", "verify",
]  # fmt: skip

Function = TypeVar("Function", bound=Callable[..., Any])
Approval = Literal["never", "first time", "always"]
Touch = Literal["network", "files", "world"]

MARK = "__assistant_tool__"
LISTS = {"examples", "touches", "secrets"}


class ToolError(Exception):
    """Something the model should know and may mend: its text is handed to the model, which may try again."""


class Unavailable(Exception):
    """Raised by a plugin, as it is imported or by ``requires``, where this machine lacks what it needs.

    Its text says what that is and how to get it. The tool is then absent, which is no fault in its file.
    """


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What a tool declares about itself.

    Attributes:
        examples: Requests that the tool is meant for, as a person would put them.
        timeout: Seconds after which a call is given up.
        approval: When a person has to approve a call: ``never``, the ``first time`` in a conversation, or ``always``.
        touches: What a call may change or reach beside its own folder: the ``network``, ``files`` anywhere else, or
            the ``world`` (other programs, devices, people). A tool that touches anything has side effects: after
            foreign text has entered the conversation it needs approval whatever ``approval`` says.
        concurrency: Calls that may run at once, over all conversations; None sets no limit.
        trusted: Whether a result holds nothing but what the tool itself made of its arguments, so that no foreign
            text comes in with it.
        sandboxed: Whether the programs that it starts are locked in, so that starting them touches nothing.
        settings: Pydantic model of the tool's own settings; None takes them as they are.
        secrets: Environment variables that ``Context.secret`` may read.
        prepare: Called once where the assistant stays up, such as behind the page, with the settings where the tool
            has a model of them; None where nothing takes long.
        requires: Called when the tool is loaded, with the settings where it has a model of them, to raise
            ``Unavailable`` where this machine lacks what they ask for.
        reaches: Called when the tool is loaded, with the settings where it has a model of them; returns what calls
            touch beside ``touches``, where that goes by the settings.
        asks: Called before a call, with the settings where it has a model of them and the arguments by name; returns
            why a person has to approve this call, empty where nobody has to. It outranks rules that approve.
        preview: Takes what the tool takes, and tells what the call would do without doing it; called where a person is
            asked to approve the call, and shown there with the first film that it saves. None where it cannot tell.
        diagnose: Called by ``assistant doctor``, with the settings where it has a model of them; returns one line about
            what the tool found on this machine.
    """

    examples: tuple[str, ...] = ()
    timeout: float = 30.0
    approval: Approval = "never"
    touches: tuple[Touch, ...] = ()
    concurrency: int | None = None
    trusted: bool = False
    sandboxed: bool = False
    settings: type[BaseModel] | None = None
    secrets: tuple[str, ...] = ()
    prepare: Callable[..., None] | None = None
    requires: Callable[..., None] | None = None
    reaches: Callable[..., Sequence[Touch]] | None = None
    asks: Callable[..., str] | None = None
    preview: Callable[..., Any] | None = None
    diagnose: Callable[..., str] | None = None

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise ValueError("timeout must be more than 0 seconds")
        if self.approval not in get_args(Approval):
            raise ValueError(f"approval must be one of {', '.join(map(repr, get_args(Approval)))}")
        if unknown := set(self.touches) - set(get_args(Touch)):
            raise ValueError(f"touches knows {', '.join(get_args(Touch))}, not {', '.join(sorted(unknown))}")
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError("concurrency must be at least 1")


DECLARED = tuple(each.name for each in fields(ToolOptions))


@overload
def tool(function: Function) -> Function: ...
@overload
def tool(
    *,
    examples: Sequence[str] = (),
    timeout: float = 30,
    approval: Approval = "never",
    touches: Sequence[Touch] = (),
    concurrency: int | None = None,
    trusted: bool = False,
    sandboxed: bool = False,
    settings: type[BaseModel] | None = None,
    secrets: Sequence[str] = (),
    prepare: Callable[..., None] | None = None,
    requires: Callable[..., None] | None = None,
    reaches: Callable[..., Sequence[Touch]] | None = None,
    asks: Callable[..., str] | None = None,
    preview: Callable[..., Any] | None = None,
    diagnose: Callable[..., str] | None = None,
) -> Callable[[Function], Function]: ...
def tool(function: Function | None = None, **declared: Any) -> Function | Callable[[Function], Function]:
    """Marks a function as a tool and leaves it callable as it is.

    Args:
        function: The function, where ``@tool`` stands without brackets.
        declared: As in ``ToolOptions``.

    Raises:
        ValueError: A declared value cannot be used.
        TypeError: Something is declared that there is not.
    """
    if unknown := [key for key in declared if key not in DECLARED]:
        near = get_close_matches(unknown[0], DECLARED, n=1)
        known = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(DECLARED)}."
        raise TypeError(f"@tool takes no '{unknown[0]}'; {known}")
    for key in LISTS & declared.keys():
        declared[key] = (declared[key],) if isinstance(declared[key], str) else tuple(declared[key])
    options = ToolOptions(**declared)

    def mark(target: Function) -> Function:
        setattr(target, MARK, options)
        return target

    return mark if function is None else mark(function)
