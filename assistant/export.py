"""A conversation as a file with its evidence: Markdown, HTML, JSON or PDF."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from assistant.conversations import Turn
from assistant.errors import BadQuestion
from assistant.events import without
from assistant.markdown import html_of

STYLE = """
body { color: #1f2937; font: 16px/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; }
.question { background: #f1f5f9; border-radius: 12px; margin: 2rem 0 1rem; padding: .6rem 1rem; white-space: pre-wrap; }
.evidence, .steps { border-left: 3px solid #0f766e; color: #475569; font-size: .9rem; padding-left: 1rem; }
.evidence q { display: block; }
.note { color: #475569; font-size: .9rem; } .steps { border-color: #cbd5e1; } .doubt { color: #b45309; }
pre { background: #f1f5f9; overflow-x: auto; padding: .6rem; white-space: pre-wrap; } img { max-width: 100%; }
table { border-collapse: collapse; } td, th { border: 1px solid #cbd5e1; padding: 2px 8px; }
@media (prefers-color-scheme: dark) {
body { background: #0b1220; color: #e2e8f0; } .question, pre { background: #1e293b; }
.evidence, .steps, .note { color: #94a3b8; } .doubt { color: #fbbf24; } }
"""
MAX_PICTURE_BYTES = 8_000_000
PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".gif": "gif"}


@dataclass(frozen=True, slots=True)
class Words:
    """What the web page says of itself, around what people, models and documents said.

    Attributes:
        language: Its code.
        unsupported: Stands before a sentence without a source.
        page: Title and page of a source.
        unfinished: Stands where there is no end of an answer.
        note: Stands below the title; empty says nothing.
    """

    language: str = "en"
    unsupported: str = "No source was found for:"
    page: str = "{title}, page {page}"
    unfinished: str = "This answer has not ended."
    note: str = ""


ENGLISH = Words()


@dataclass(frozen=True, slots=True)
class Exported:
    """A conversation as it leaves.

    Attributes:
        title: Its title.
        turns: Its turns.
        folder: Where its files are.
        reasoning: Whether what the model thought leaves with it.
    """

    title: str
    turns: Sequence[Turn]
    folder: Path
    reasoning: bool = False

    def thoughts(self, turn: Turn) -> str:
        """Returns what the model thought in a turn, where that is to leave."""
        return str((turn.result or {}).get("reasoning", "")) if self.reasoning else ""

    def pictures(self, turn: Turn) -> list[Path]:
        """Returns the picture files of a turn's answer that are there and of a bearable size."""
        files = [Path(row["path"]) for row in (turn.result or {}).get("artifacts", [])]
        own = self.folder.resolve()
        return [
            path
            for path in files
            if path.suffix.lower() in PICTURES
            and path.resolve().is_relative_to(own)
            and path.is_file()
            and path.stat().st_size <= MAX_PICTURE_BYTES
        ]


def export(conversation: Exported, kind: str) -> bytes:
    """Returns a conversation as a file.

    Args:
        conversation: What to write.
        kind: ``md``, ``html``, ``json`` or ``pdf``.

    Raises:
        BadQuestion: There is no such kind.
    """
    if kind not in WRITERS:
        raise BadQuestion(f"A conversation is exported as {', '.join(WRITERS)}, not as {kind}.")
    return WRITERS[kind](conversation)


def file_name(title: str, kind: str) -> str:
    """Returns a name that every file system takes."""
    words = re.sub(r"[^\w-]+", "-", title).strip("-")[:60]
    return f"{words or 'conversation'}.{kind}"


def to_markdown(conversation: Exported) -> str:
    """Returns questions as headings, each answer with its sources and tool calls under it."""
    parts = [f"# {_line(conversation.title)}"]
    for turn in conversation.turns:
        thoughts = "\n".join(f"> {line}".rstrip() for line in conversation.thoughts(turn).splitlines())
        parts += [f"## {_line(turn.question)}", thoughts, answer_text(turn)]
        parts += [f"[{row['n']}] {place(row)}: > {_line(row['quote'])}" for row in citations(turn)]
        parts += [f"*No source was found for:* {_line(each)}" for each in (turn.result or {}).get("unsupported", [])]
        parts += [_call(row) for row in calls(turn)]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_json(conversation: Exported) -> str:
    """Returns everything that is stored of the turns."""
    rows = [
        {"question": turn.question, "state": turn.state, "result": _without_thoughts(conversation, turn)}
        for turn in conversation.turns
    ]
    return json.dumps({"title": conversation.title, "turns": rows}, ensure_ascii=False, indent=2)


def _without_thoughts(conversation: Exported, turn: Turn) -> dict[str, Any] | None:
    kept = turn.result is None or conversation.reasoning
    return turn.result if kept else without(turn.result or {}, "reasoning")


def to_html(conversation: Exported, words: Words = ENGLISH) -> str:
    """Returns one page that needs nothing else and runs nothing.

    Args:
        conversation: What to write.
        words: What the page says of itself.
    """
    title = escape(conversation.title)
    body = "".join(_html_turn(conversation, turn, words) for turn in conversation.turns)
    note = f'<p class="note">{escape(words.note)}</p>' if words.note else ""
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8"><title>{title}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        f'img-src data:"><meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{note}{body}</main></body></html>"
    )


def answer_text(turn: Turn, words: Words = ENGLISH) -> str:
    """Returns what was answered, or what was shown and why there is no more."""
    result = turn.result or {}
    if "answer" in result:
        return str(result["answer"])
    ended = str(result.get("error", words.unfinished))
    return "\n\n".join(part for part in (str(result.get("shown", "")), f"*{ended}*") if part)


def citations(turn: Turn) -> list[dict[str, Any]]:
    """Returns the checked citations of an answer."""
    rows: list[dict[str, Any]] = (turn.result or {}).get("citations", [])
    return rows


def calls(turn: Turn) -> list[dict[str, Any]]:
    """Returns the tool calls of a turn."""
    result = turn.result or {}
    rows: list[dict[str, Any]] = result.get("tool_calls", result.get("calls", []))
    return rows


def place(row: Mapping[str, Any], words: Words = ENGLISH) -> str:
    """Returns title and page of a citation."""
    return words.page.format(title=row["title"], page=row["page"]) if row.get("page") else str(row["title"])


def call_line(row: Mapping[str, Any]) -> str:
    """Returns a tool call as one line."""
    arguments = json.dumps(row["arguments"], ensure_ascii=False)
    return f"{row['name']}({arguments}), {row['seconds']:.2f} s"


def _line(text: str) -> str:
    return " ".join(str(text).split())


def _call(row: Mapping[str, Any]) -> str:
    result = row["result"] if isinstance(row["result"], str) else json.dumps(row["result"], ensure_ascii=False)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", result)), default=0))
    return f"*Tool:* `{call_line(row)}`\n\n{fence}\n{result}\n{fence}"


def _html_turn(conversation: Exported, turn: Turn, words: Words) -> str:
    sources = "".join(
        f"<p><b>[{row['n']}]</b> {escape(place(row, words))}<q>{escape(row['quote'])}</q></p>"
        for row in citations(turn)
    )
    doubts = "".join(
        f'<p class="doubt">{escape(words.unsupported)} {escape(each)}</p>'
        for each in (turn.result or {}).get("unsupported", [])
    )
    steps = "".join(
        f"<details><summary>{escape(call_line(row))}</summary><pre>{escape(_shown(row['result']))}</pre></details>"
        for row in calls(turn)
    )
    pictures = "".join(_picture(path) for path in conversation.pictures(turn))
    if thoughts := conversation.thoughts(turn):
        thoughts = f"<details class=steps><summary>Reasoning</summary>{html_of(thoughts)}</details>"
    return (
        f'<section><div class="question">{escape(turn.question)}</div>{thoughts}'
        f"{html_of(answer_text(turn, words))}{pictures}{doubts}"
        f"{f'<div class=evidence>{sources}</div>' if sources else ''}"
        f"{f'<div class=steps>{steps}</div>' if steps else ''}</section>"
    )


def _shown(result: Any) -> str:
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, indent=1)


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{escape(path.name)}" src="data:image/{PICTURES[path.suffix.lower()]};base64,{data}"></p>'


def _to_pdf(conversation: Exported) -> bytes:
    from assistant.export_pdf import to_pdf  # reportlab takes a while to load

    return to_pdf(conversation)


WRITERS: Mapping[str, Callable[[Exported], bytes]] = {
    "md": lambda conversation: to_markdown(conversation).encode(),
    "html": lambda conversation: to_html(conversation).encode(),
    "json": lambda conversation: to_json(conversation).encode(),
    "pdf": _to_pdf,
}
