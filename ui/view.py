"""What one browser tab shows: the owner, the conversation and its turns."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from assistant.conversations import Turn
from assistant.events import (
    Answer,
    ApprovalNeeded,
    ApprovalRequest,
    Artifact,
    Began,
    Citation,
    EngineProgress,
    Event,
    Failed,
    ReasoningDelta,
    Scores,
    TextDelta,
    ToolCall,
    ToolFinished,
    ToolPreview,
    ToolProgress,
    ToolStarted,
    Usage,
)
from assistant.live import LiveTurn
from index.reasons import Reason
from ui.artifacts import ShownArtifact
from ui.identity import identity
from ui.language import DEFAULT, Texts, texts
from ui.upload_queue import UploadQueue

# A page with hundreds of answers in it would answer slowly; earlier ones are shown on demand.
WINDOW = 20
# While an answer streams every message that is shown is drawn anew at each piece, so fewer are.
ASKED_WINDOW = 8
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
CUT_OFF = (
    "This answer has not ended: it still runs, or it was cut off. Open the conversation again later, or ask again."
)
STOPPED = "This answer was stopped."


@dataclass(slots=True)
class Step:
    """One call of a tool.

    Attributes:
        id: The model's id for the call.
        name: The tool.
        arguments: As the model gave them.
        progress: What it said last while running.
        preview: What can be seen of what it makes, a JPEG; empty where nothing.
        call: What became of it; None while it runs.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    progress: str = ""
    preview: bytes = b""
    call: ToolCall | None = None


@dataclass(slots=True)
class ShownTurn:
    """A question and what is shown of its answer so far.

    Attributes:
        question: As it was asked.
        steps: The tool calls, in order.
        text: What the model has said so far.
        end: How it ended; None while it runs or waits.
        requests: The calls that wait for approval; none while it runs.
        artifacts: The answer's files and the pictures that it names, made ready to be shown.
        ready: Whether they are.
        conversation: The conversation's id, once the question was written down.
        turn: The question's row in the log, likewise.
        versions: Rows of the turns that begin here, this one among them.
        verdict: What the person thought of the answer, and why.
        reasoning: What the model has thought so far.
        loading: How far the model is that the turn waits for; empty once it is there.
        waits: Why nothing comes from the model at the moment; empty where it is at work.
    """

    question: str
    steps: list[Step] = field(default_factory=list)
    text: str = ""
    end: Answer | Failed | None = None
    requests: tuple[ApprovalRequest, ...] = ()
    artifacts: tuple[ShownArtifact, ...] = ()
    ready: bool = False
    conversation: str | None = None
    turn: int | None = None
    versions: tuple[int, ...] = ()
    verdict: tuple[str, str] | None = None
    reasoning: str = ""
    loading: str = ""
    waits: str = ""

    def take(self, event: Event) -> None:
        """Takes the next event of the turn."""
        self.loading = self.waits = ""
        match event:
            case Began(conversation, turn):
                self.conversation, self.turn = conversation, turn
            case EngineProgress():
                self.loading, self.waits = (str(event), "") if event.loading else ("", str(event))
            case TextDelta(text):
                self.text += text
            case ReasoningDelta(text):
                self.reasoning += text
            case ToolStarted(call_id, name, arguments):
                self.steps.append(Step(call_id, name, arguments))
            case ToolProgress(call_id, fraction, message):
                share = "" if fraction is None else f" {fraction:.0%}"
                self._step(call_id).progress = (message + share).strip()
            case ToolPreview(call_id, picture):
                self._step(call_id).preview = picture
            case ToolFinished(call):
                self._step(call.id, call).call = call
            case ApprovalNeeded(requests):
                self.requests = requests
            case Answer():
                self.end, self.text, self.reasoning = event, event.text, event.reasoning
                if len(event.tool_calls) > len(self.steps):  # some ran before this page saw the turn
                    self.steps = _steps(event.tool_calls)
            case Failed():
                self.end = event

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The checked citations; none before the end."""
        return self.end.citations if isinstance(self.end, Answer) else ()

    def _step(self, call_id: str, call: ToolCall | None = None) -> Step:
        for step in reversed(self.steps):
            if step.id == call_id and step.call is None:
                return step
        self.steps.append(Step(call_id, call.name if call else "tool", call.arguments if call else {}))
        return self.steps[-1]


@dataclass(slots=True)
class View:
    """The state of one tab.

    Attributes:
        token: The browser's secret.
        owner: Whose conversations it may show; made of the token.
        proven: Whether the browser has sent the token.
        conversation: The one it shows; None before the first answer of a new one.
        turns: What it shows. Another list takes its place when another conversation is opened.
        library: Which library it is about; None is that of the settings.
        language: Of what the page says.
        off: The tools that are turned off in a new conversation; another one keeps its own on disk.
        running: The turn of this list that is being answered.
        instead_of: Row of the turn whose question is being reworded.
        window: How many turns are shown, from the last.
        search: What the conversations are searched for.
        attached: Names of the files that the next question is about.
        arriving: The files of the conversation that are being read; None before the first.
        adapter: Which of the model's adapters answers; empty is the model itself.
        told: Names the last question that was asked here; the browser's other tabs look when it changes.
    """

    token: str = ""
    owner: str = ""
    proven: bool = False
    conversation: str | None = None
    turns: list[ShownTurn] = field(default_factory=list)
    library: str | None = None
    language: str = DEFAULT
    off: set[str] = field(default_factory=set)
    running: LiveTurn | None = None
    instead_of: int | None = None
    window: int = WINDOW
    search: str = ""
    told: str = ""
    adapter: str = ""
    attached: list[str] = field(default_factory=list)
    arriving: UploadQueue | None = None

    def show(self, conversation: str | None, turns: list[ShownTurn]) -> None:
        """Shows another conversation; a turn that still runs goes on unseen."""
        self.conversation, self.turns, self.running = conversation, turns, None
        self.off, self.adapter = set(), ""
        self.instead_of, self.window, self.told = None, WINDOW, ""
        self.attached, self.arriving = [], None

    @property
    def first(self) -> int:
        """Position of the first turn that is shown."""
        return max(0, len(self.turns) - self.window)

    def until(self, turn: int) -> list[ShownTurn]:
        """Returns the turns before one, or before another version of it."""
        place = next((n for n, each in enumerate(self.turns) if turn in (each.turn, *each.versions)), len(self.turns))
        return self.turns[:place]

    @property
    def t(self) -> Texts:
        """What the page says, in the person's language."""
        return texts(self.language)

    @property
    def written(self) -> str | None:
        """The conversation that it shows, as soon as its first question has been written down."""
        return self.conversation or (self.turns[-1].conversation if self.turns else None)

    @property
    def busy(self) -> bool:
        """Whether a question of this list is being answered."""
        return self.running is not None and not self.running.ended

    @property
    def waiting(self) -> ShownTurn | None:
        """The turn that waits for approval; a question that was refused may stand behind it."""
        return next((turn for turn in reversed(self.turns) if turn.requests), None)

    def of(self, token: object) -> View:
        """Returns this view, emptied first if it belongs to another browser.

        A browser has no token before its first visit has been answered; what it asks until then belongs to the
        token that is on its way to it.

        Args:
            token: What the browser sent.

        Raises:
            ValueError: It sent none although it had one.
        """
        who = identity()
        if is_token(token):
            self.proven = True
        elif not self.proven or who:
            token = self.token or new_token()
        # Nothing that the page sends says who somebody is who is signed in.
        owner = who.owner if who else owner_of(token)
        if owner != self.owner:
            self.show(None, [])
            self.token, self.owner = str(token), owner
        return self


def new_token() -> str:
    """Returns a secret by which a browser proves that conversations are its own."""
    return secrets.token_urlsafe(32)


def is_token(token: object) -> bool:
    """Whether a browser's token has the form of ours."""
    return isinstance(token, str) and bool(TOKEN.fullmatch(token))


def owner_of(token: object) -> str:
    """Returns the owner's name for a browser's token, from which the token cannot be found.

    Raises:
        ValueError: It is not a token, so the owner could be anybody's.
    """
    if not is_token(token):
        raise ValueError("the browser sent no token of ours")
    return f"browser-{hashlib.sha256(str(token).encode()).hexdigest()}"


def from_stored(turn: Turn, verdict: tuple[str, str] | None = None) -> ShownTurn:
    """Returns a turn as it was saved."""
    shown = ShownTurn(turn.question, turn=turn.id, versions=turn.versions, verdict=verdict)
    result = turn.result or {}
    if turn.state == "answered":
        answer = answer_from(result)
        shown.end, shown.text, shown.steps = answer, answer.text, _steps(answer.tool_calls)
        shown.reasoning = answer.reasoning
        return shown
    shown.text, shown.reasoning = result.get("shown", ""), result.get("reasoning", "")
    shown.steps = _steps([ToolCall(str(n), **row) for n, row in enumerate(result.get("calls", []))])
    if turn.state == "running":
        shown.end = Failed(CUT_OFF, "", "CutOff")
    elif turn.state == "waiting":
        shown.requests = requests_of(turn)
    else:
        message = STOPPED if result["kind"] == "Stopped" else result["error"]
        shown.end = Failed(message, "", result["kind"])
    return shown


def from_live(live: LiveTurn) -> ShownTurn:
    """Returns a turn that runs, before any of its events."""
    if live.resumed is None:
        return ShownTurn(live.question)
    shown = from_stored(live.resumed)
    shown.requests, shown.conversation = (), live.conversation
    return shown


def requests_of(turn: Turn) -> tuple[ApprovalRequest, ...]:
    """Returns what a saved turn waits for; nothing where it does not wait."""
    rows = (turn.result or {}).get("requests", []) if turn.state == "waiting" else []
    return tuple(ApprovalRequest(**{**row, "touches": tuple(row["touches"])}) for row in rows)


def _steps(calls: Sequence[ToolCall]) -> list[Step]:
    return [Step(call.id, call.name, call.arguments, call=call) for call in calls]


def answer_from(result: dict[str, Any]) -> Answer:
    """The answer of ``Answer.to_json``; the ids that it leaves out are not shown anywhere."""
    usage = result.get("usage")  # an answer of an earlier version has none
    return Answer(
        text=result["answer"],
        citations=tuple(map(_citation, result["citations"])),
        unsupported=tuple(result["unsupported"]),
        tool_calls=tuple(ToolCall(str(n), **row) for n, row in enumerate(result["tool_calls"])),
        artifacts=tuple(Artifact(**row) for row in result["artifacts"]),
        confidence=result["confidence"],
        abstained=result["abstained"],
        engine=result["engine"],
        conversation=result["conversation"],
        seconds=result["seconds"],
        reasons=tuple(map(_reason, result.get("reasons", ()), result.get("why") or repeat({}))),
        usage=Usage(**usage) if usage else None,
        reasoning=result.get("reasoning", ""),
        notes=tuple(result.get("notes", ())),
        about_itself=result.get("about_itself", False),
    )


def _reason(text: str, why: dict[str, Any]) -> Reason:
    return Reason(text, why.get("code", ""), why.get("values", {}))


def _citation(row: dict[str, Any]) -> Citation:
    scores = row.get("scores")  # an answer of an earlier version has none
    return Citation(**{**row, "document_id": 0, "scores": Scores(**scores) if scores else None})
