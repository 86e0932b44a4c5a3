"""From turns to the chat's messages: pure functions."""

from __future__ import annotations

import html
import json
from typing import Any

from assistant.events import Answer, Failed, ToolCall
from assistant.terminal import sureness
from ui.exact import editable, visible
from ui.figures import contents
from ui.text import fenced, linked, listed, marked, plain, prose, shortened
from ui.view import ShownTurn, Step

Message = dict[str, Any]

MAX_QUESTION = 4_000
MAX_RESULT = 6_000
# How the scores of a passage are called.
SCORES = {"meaning": "meaning", "words": "words", "second_look": "second look"}
MAX_TITLE = 60
NO_SOURCE = "No source was found for this sentence. Check it yourself before you rely on it."
# Stand for the tags of a mark while tags are taken out of the text: characters for private use.
BEGIN, END = "\ue000", "\ue001"
# The first of the characters that tell which sentence a mark is for, from a plane for private use too.
FIRST = 0xF0000
# How the text begins that the model is told in place of a result.
REFUSED = "this call was not approved"
# Ends that are nobody's failure.
CALM = {"Stopped": "stopped", "NotApproved": "stopped"}
THINKING = '<span class="thinking">Thinking …</span>'


def messages(turns: list[ShownTurn]) -> list[Message]:
    """Returns every message of a conversation, the oldest first."""
    return [message for number, turn in enumerate(turns) for message in turn_messages(turn, number)]


def turn_messages(turn: ShownTurn, number: int) -> list[Message]:
    """Returns the messages of one turn: the question, the tool steps, the text with what is to be known of it, files.

    Args:
        turn: What is shown of it so far.
        number: Its position in the conversation, by which its citations are linked.
    """
    question = {"role": "user", "content": plain(shortened(turn.question, MAX_QUESTION))}
    steps = [_step(step, ended=turn.end is not None) for step in turn.steps]
    files = [_assistant(contents(turn.artifacts))] if turn.artifacts else []
    return [question, *steps, *_said(turn, number), *files]


def confidence_line(answer: Answer) -> str:
    """Returns how sure the answer is, in words with the number, then who gave it and how long it took."""
    parts = [sureness(answer) if answer.abstained else f"{sureness(answer)} ({answer.confidence:.2f})"]
    return " · ".join([*parts, answer.engine, f"{answer.seconds:.1f} s"])


def _said(turn: ShownTurn, number: int) -> list[Message]:
    match turn.end:
        case Answer():
            return [_assistant(_answer(turn.end, number))]
        case Failed():
            return [_failed(turn.end, turn.text)]
    if turn.requests:
        return [_assistant(_noted(turn.text, "waiting", _waiting(turn)))]
    if turn.text:
        return [_assistant(prose(turn.text))]
    waiting = not turn.steps or turn.steps[-1].call is not None
    return [_assistant(THINKING)] if waiting else []


def _answer(answer: Answer, number: int) -> str:
    text = answer.text.replace(BEGIN, "").replace(END, "")
    missing: list[str] = []
    for place, sentence in enumerate(answer.unsupported):
        text, lost = marked(text, [sentence], f"{BEGIN}{chr(FIRST + place)}", END)
        missing += lost
    text = linked(prose(text), answer.citations, number)
    for place in range(len(answer.unsupported)):
        text = text.replace(f"{BEGIN}{chr(FIRST + place)}", _mark(answer, place))
    text = text.replace(END, "</mark>")
    return "\n\n".join([text, _foot(answer, missing)])


def _mark(answer: Answer, place: int) -> str:
    why = answer.reasons[place] if place < len(answer.reasons) else ""  # an earlier version gave none
    title = html.escape(" ".join([NO_SOURCE, why]).strip())
    return f'<mark class="unsupported" tabindex="0" title="{title}">'


def _foot(answer: Answer, missing: list[str]) -> str:
    kind = "declined" if answer.abstained else "answered"
    lines = [f'<span class="sure">{html.escape(confidence_line(answer))}</span>']
    if count := len(answer.unsupported):
        words = "1 sentence has no source" if count == 1 else f"{count} sentences have no source"
        lines.append(f'<span class="warn" title="{NO_SOURCE}">{words}; marked above where it stands.</span>')
        lines += [f'<span class="warn">No source: {html.escape(sentence)}</span>' for sentence in missing]
    # One line: a blank one would end the HTML for Markdown.
    return f'<div class="foot {kind}">{"".join(lines)}</div>'.replace("\n", " ")


def _failed(failed: Failed, shown: str) -> Message:
    note = _noted(shown, CALM.get(failed.kind, "failed"), failed.message)
    return _assistant(note) | {"options": [{"label": "Ask again", "value": "ask-again"}]}


def _waiting(turn: ShownTurn) -> str:
    tools = listed(list(dict.fromkeys(request.tool for request in turn.requests)))
    return f"Waiting for your approval of {tools}."


def _noted(shown: str, kind: str, words: str) -> str:
    note = f'<div class="note {kind}" role="{"status" if kind == "waiting" else "alert"}">{html.escape(words)}</div>'
    return "\n\n".join([prose(shown), note.replace("\n", " ")] if shown else [note.replace("\n", " ")])


def _step(step: Step, *, ended: bool) -> Message:
    metadata: dict[str, Any] = {"title": plain(step_title(step))}
    call = step.call
    if call:
        # Gradio does not show a duration of nothing.
        metadata |= {"status": "done", "duration": max(0.001, round(call.seconds, 3))}
        if not call.ok:
            metadata["log"] = "not approved" if is_refused(call) else "gave an error"
    elif ended:
        metadata |= {"status": "done", "log": "did not finish"}
    else:
        metadata |= {"status": "pending", "log": shortened(step.progress, MAX_TITLE)}
    return _assistant(_step_body(step)) | {"metadata": metadata}


def is_refused(call: ToolCall) -> bool:
    """Whether a call did not run, since a person or a rule refused it or nobody was there to approve it."""
    return not call.ok and str(call.result).startswith(REFUSED)


def step_title(step: Step) -> str:
    """Returns the tool's name as words, with its first argument."""
    words = step.name.replace("_", " ").strip().capitalize()
    first = next((str(value) for value in step.arguments.values()), "")
    first = visible(" ".join(first.split()))
    short = first if len(first) <= MAX_TITLE else first[: MAX_TITLE - 1] + "…"
    return f"{words}: {short}" if short else words


def _step_body(step: Step) -> str:
    parts = [f"**Asked** `{step.name}` with", fenced(editable(step.arguments), "json")]
    if call := step.call:
        head = "**Result**" if call.ok else "**Not approved**" if is_refused(call) else "**Error**"
        parts += [head, *_result(call.result)]
    elif step.progress:
        parts.append(plain(step.progress))
    return "\n\n".join(parts)


def _result(result: Any) -> list[str]:
    """A value as a code block; a list of passages as quotations, since JSON would hide their words."""
    if isinstance(result, dict) and isinstance(result.get("pictures"), list):
        return [*_result(result["pictures"]), *([plain(str(result["note"]))] if "note" in result else [])]
    if isinstance(result, list) and result and all(isinstance(row, dict) and "text" in row for row in result):
        return [_passage(row) for row in result]
    if isinstance(result, list | dict):
        return [fenced(shortened(_json(result), MAX_RESULT), "json")]
    return [fenced(shortened(str(result), MAX_RESULT))]


def _passage(row: dict[str, Any]) -> str:
    page = f", page {row['page']}" if row.get("page") else ""
    why = ", ".join(f"{SCORES[name]} {row[name]}" for name in SCORES if name in row)
    score = f" · score {row['score']}" + (f" from {why}" if why else "") if "score" in row else ""
    head = f"{row.get('n', '•')}  {row.get('title', '')}{page}{score}"
    return f"**{plain(head)}**\n\n> {plain(shortened(' '.join(str(row['text']).split()), MAX_RESULT // 10))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _assistant(content: str | list[dict[str, Any]]) -> Message:
    return {"role": "assistant", "content": content}
