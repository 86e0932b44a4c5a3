"""From turns to the chat's messages: pure functions."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from assistant.events import Answer, Failed, ToolCall, Usage
from assistant.terminal import sureness
from ui.buttons import answer_deeds, earlier_html, question_deeds
from ui.exact import editable, visible
from ui.figures import contents, preview_content
from ui.language import Texts, texts
from ui.reasons import engine_words, said
from ui.text import fenced, linked, listed, marked, plain, prose, shortened
from ui.view import WINDOW, ShownTurn, Step

Message = dict[str, Any]

MAX_QUESTION = 4_000
MAX_RESULT = 6_000
# The scores of a passage.
SCORES = ("meaning", "words", "second_look")
MAX_TITLE = 60
# Stand for the tags of a mark while tags are taken out of the text: characters for private use.
BEGIN, END = "\ue000", "\ue001"
# The first of the characters that tell which sentence a mark is for, from a plane for private use too.
FIRST = 0xF0000
# How the text begins that the model is told in place of a result.
REFUSED = "this call was not approved"
# Ends that are nobody's failure.
CALM = {"Stopped": "stopped", "NotApproved": "stopped", "CutOff": "stopped", "Interrupted": "stopped"}
# Ends whose words are the page's own, and not an error's.
OWN_WORDS = {"Stopped": "turn.stopped", "CutOff": "turn.cut_off", "Interrupted": "turn.interrupted"}
# What the option to ask once more stands for; no question can be it.
AGAIN = "\x00again"


def messages(
    turns: list[ShownTurn], t: Texts | None = None, first: int = 0, followups: Sequence[str] = ()
) -> list[Message]:
    """Returns the messages of a conversation, the oldest first.

    Args:
        turns: All of its turns.
        t: The page's texts; None is English.
        first: Position of the first turn to show; a button stands for those before.
        followups: Questions that follow from the last answer.
    """
    t = t or texts()
    found = [_assistant(earlier_html(min(first, WINDOW), t))] if first else []
    for number, turn in enumerate(turns[first:], first):
        found += turn_messages(turn, number, t)
    if followups and found and "options" not in found[-1]:
        found[-1]["options"] = [{"label": each, "value": each} for each in followups]
    return found


def turn_messages(turn: ShownTurn, number: int, t: Texts | None = None) -> list[Message]:
    """Returns the messages of one turn: the question, the tool steps, the text with what is to be known of it, files.

    Args:
        turn: What is shown of it so far.
        number: Its position in the conversation, by which its citations are linked.
        t: The page's texts; None is English.
    """
    t = t or texts()
    asked = plain(shortened(turn.question, MAX_QUESTION, t))
    question = {"role": "user", "content": asked + question_deeds(turn, t)}
    steps = [_step(step, t, ended=turn.end is not None) for step in turn.steps]
    files = [_assistant(contents(turn.artifacts, t, turn.turn))] if turn.artifacts else []
    return [question, *_reasoning(turn, t), *steps, *_previews(turn, t), *_said(turn, number, t), *files]


def confidence_line(answer: Answer, t: Texts) -> str:
    """Returns how sure the answer is, in words with the number, then who gave it and how long it took."""
    told = [engine_words(answer.engine, t), t("turn.seconds", n=t.number(answer.seconds, 1))]
    if answer.about_itself:
        return " · ".join(told)
    words = t(f"turn.{_sureness(answer)}")
    return " · ".join([words if answer.abstained else f"{words} ({t.number(answer.confidence, 2)})", *told])


def _sureness(answer: Answer) -> str:
    return sureness(answer).replace(" ", "_")


def usage_line(usage: Usage, t: Texts) -> str:
    """Returns what an answer took of the model: tokens, the time to the first one, and how fast they came."""
    parts = []
    if usage.prompt_tokens is not None and usage.completion_tokens is not None:
        sent, made = t.number(usage.prompt_tokens), t.number(usage.completion_tokens)
        parts.append(t("turn.tokens", sent=sent, made=made))
    if usage.cached_tokens and usage.prompt_tokens:
        parts.append(t("turn.cached", share=f"{usage.cached_tokens / usage.prompt_tokens:.0%}"))
    if usage.first_token_seconds is not None:
        parts.append(t("turn.first_token", n=t.number(usage.first_token_seconds, 2)))
    if usage.tokens_per_second is not None:
        parts.append(t("turn.speed", n=t.number(usage.tokens_per_second, 1)))
    return " · ".join(parts)


def _reasoning(turn: ShownTurn, t: Texts) -> list[Message]:
    """What the model thought, folded: its status is never pending, which the chat would show unfolded."""
    if not turn.reasoning.strip():
        return []
    return [_assistant(prose(turn.reasoning)) | {"metadata": {"title": t("turn.reasoning"), "status": "done"}}]


def _previews(turn: ShownTurn, t: Texts) -> list[Message]:
    """What can be seen of what running tools make."""
    seen = [step.preview for step in turn.steps if step.preview and step.call is None and turn.end is None]
    return [_assistant([preview_content(each, t)]) for each in seen]


def _said(turn: ShownTurn, number: int, t: Texts) -> list[Message]:
    match turn.end:
        case Answer():
            return [_assistant(_answer(turn, turn.end, number, t))]
        case Failed():
            return [_failed(turn, turn.end, t)]
    if turn.requests:
        return [_assistant(_noted(turn.text, "waiting", _waiting(turn, t)))]
    if turn.text:
        return [_assistant(prose(turn.text))]
    waiting = not turn.steps or turn.steps[-1].call is not None
    words = turn.waits or (t("turn.loading", what=turn.loading) if turn.loading else t("turn.thinking"))
    return [_assistant(f'<span class="thinking">{html.escape(words)}</span>')] if waiting else []


def _answer(turn: ShownTurn, answer: Answer, number: int, t: Texts) -> str:
    text = answer.text.replace(BEGIN, "").replace(END, "")
    missing: list[str] = []
    for place, sentence in enumerate(answer.unsupported):
        if sentence.startswith("|"):  # a mark around the row of a table would end the table
            continue
        text, lost = marked(text, [sentence], f"{BEGIN}{chr(FIRST + place)}", END)
        missing += lost
    text = linked(prose(text), answer.citations, number)
    for place in range(len(answer.unsupported)):
        text = text.replace(f"{BEGIN}{chr(FIRST + place)}", _mark(answer, place, t))
    text = text.replace(END, "</mark>")
    return "\n\n".join([text, _foot(turn, answer, missing, t)])


def _mark(answer: Answer, place: int, t: Texts) -> str:
    why = answer.reasons[place] if place < len(answer.reasons) else ""  # an earlier version gave none
    title = html.escape(" ".join([t("turn.no_source"), said(why, t)]).strip())
    return f'<mark class="unsupported" tabindex="0" title="{title}">'


def _foot(turn: ShownTurn, answer: Answer, missing: list[str], t: Texts) -> str:
    kind = "declined" if answer.abstained else "plain" if answer.about_itself else f"answered {_sureness(answer)}"
    lines = [f'<span class="sure">{html.escape(confidence_line(answer, t))}</span>']
    if count := len(answer.unsupported):
        words = html.escape(t.count("turn.unsupported", count))
        lines.append(f'<span class="warn" title="{html.escape(t("turn.no_source"))}">{words}</span>')
        unplaced = (html.escape(t("turn.no_source_for", sentence=sentence)) for sentence in missing)
        lines += [f'<span class="warn">{words}</span>' for words in unplaced]
    lines += [f'<span class="told">{html.escape(note)}</span>' for note in answer.notes]
    if answer.usage and (words := usage_line(answer.usage, t)):
        lines.append(f'<span class="spent" title="{html.escape(t("turn.spent"))}">{html.escape(words)}</span>')
    # One line: a blank one would end the HTML for Markdown.
    return f'<div class="foot {kind}">{"".join(lines)}{answer_deeds(turn, t)}</div>'.replace("\n", " ")


def _failed(turn: ShownTurn, failed: Failed, t: Texts) -> Message:
    words = t(OWN_WORDS[failed.kind]) if failed.kind in OWN_WORDS else failed.message
    note = _noted(turn.text, CALM.get(failed.kind, "failed"), words)
    return _assistant(note) | {"options": [{"label": t("turn.ask_again"), "value": AGAIN}]}


def _waiting(turn: ShownTurn, t: Texts) -> str:
    tools = list(dict.fromkeys(request.tool for request in turn.requests))
    return t("turn.waiting", tools=listed(tools, t("turn.and")))


def _noted(shown: str, kind: str, words: str) -> str:
    note = f'<div class="note {kind}" role="{"status" if kind == "waiting" else "alert"}">{html.escape(words)}</div>'
    return "\n\n".join([prose(shown), note.replace("\n", " ")] if shown else [note.replace("\n", " ")])


def _step(step: Step, t: Texts, *, ended: bool) -> Message:
    metadata: dict[str, Any] = {"title": plain(step_title(step, t))}
    call = step.call
    if call:
        # Gradio does not show a duration of nothing.
        metadata |= {"status": "done", "duration": max(0.001, round(call.seconds, 3))}
        if not call.ok:
            metadata["log"] = t("turn.log_not_approved") if is_refused(call) else t("turn.log_error")
    elif ended:
        metadata |= {"status": "done", "log": t("turn.log_unfinished")}
    else:
        metadata |= {"status": "pending", "log": shortened(step.progress, MAX_TITLE, t)}
    return _assistant(_step_body(step, t)) | {"metadata": metadata}


def is_refused(call: ToolCall) -> bool:
    """Whether a call did not run, since a person or a rule refused it or nobody was there to approve it."""
    return not call.ok and str(call.result).startswith(REFUSED)


def step_title(step: Step, t: Texts) -> str:
    """Returns the tool's name as words, with the first argument that is no number."""
    known = f"steps.{step.name}"
    words = t(known) if known in t else step.name.replace("_", " ").strip().capitalize()
    # What is drawn says more than from where to where.
    given = sorted(step.arguments.values(), key=lambda value: isinstance(value, int | float))
    first = next((_listed(value) for value in given), "")
    first = visible(" ".join(first.split()))
    short = first if len(first) <= MAX_TITLE else first[: MAX_TITLE - 1] + "…"
    return f"{words}: {short}" if short else words


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _step_body(step: Step, t: Texts) -> str:
    parts = [f"**{t('turn.asked')}** `{step.name}` {t('turn.with')}", fenced(editable(step.arguments), "json")]
    if call := step.call:
        head = "result" if call.ok else "not_approved" if is_refused(call) else "error"
        parts += [f"**{t(f'turn.{head}')}**", *result_parts(call.result, t)]
    elif step.progress:
        parts.append(plain(step.progress))
    return "\n\n".join(parts)


def result_parts(result: Any, t: Texts) -> list[str]:
    """Returns a result as Markdown: a value as a code block, passages as quotations, whose words JSON would hide."""
    if isinstance(result, dict) and isinstance(result.get("pictures"), list):
        return [*result_parts(result["pictures"], t), *([plain(str(result["note"]))] if "note" in result else [])]
    if isinstance(result, list) and result and all(isinstance(row, dict) and "text" in row for row in result):
        return [_passage(row, t) for row in result]
    if isinstance(result, list | dict):
        return [fenced(shortened(_json(result), MAX_RESULT, t), "json")]
    return [fenced(shortened(str(result), MAX_RESULT, t))]


def _passage(row: dict[str, Any], t: Texts) -> str:
    page = t("turn.page", n=row["page"]) if row.get("page") else ""
    why = ", ".join(f"{t(f'turn.score_{name}')} {row[name]}" for name in SCORES if name in row)
    score = f" · {t('turn.score')} {row['score']}" if "score" in row else ""
    score += f" {t('turn.score_from')} {why}" if score and why else ""
    head = f"{row.get('n', '•')}  {row.get('title', '')}{page}{score}"
    return f"**{plain(head)}**\n\n> {plain(shortened(' '.join(str(row['text']).split()), MAX_RESULT // 10, t))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _assistant(content: str | list[dict[str, Any]]) -> Message:
    return {"role": "assistant", "content": content}
