"""Chooses what to do with a request: talk, one or several tools, the library, or to ask for what is missing."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.engines.builtin.arguments import fill as fill_plainly
from assistant.engines.builtin.arguments import parse_explicit
from assistant.engines.builtin.asking import wanted
from assistant.engines.builtin.assignment import Filled, fill, question_of
from assistant.engines.builtin.detect import (
    CONVERSION,
    DETECTORS,
    EXCHANGE,
    IN_PYTHON,
    OPERATOR,
    POLITE,
    arithmetic,
    detect,
)
from assistant.engines.builtin.drawing import NO_MODEL, asks_for_picture, drawn
from assistant.engines.builtin.drawing import TOOL as MAKER
from assistant.engines.builtin.editing import edited, verified
from assistant.engines.builtin.forms import ask_for, fits, is_refusal, read_answer, valued
from assistant.engines.builtin.models import Models
from assistant.engines.builtin.parameters import parameters_of, stem, stems, words_of
from assistant.engines.builtin.robot import NAMES as ROBOT
from assistant.engines.builtin.robot import commanded
from assistant.engines.builtin.several import (
    MAX_STEPS,
    SOUGHT,
    as_question,
    clauses,
    elided,
    halves,
    inline,
    operation,
    spread,
)
from assistant.engines.builtin.steps import Ask, Call, Later, Plan, Talk
from assistant.engines.builtin.suitability import ASKS, examples_of, suitability, texts_of
from assistant.engines.builtin.talk import small_talk
from assistant.engines.builtin.values import find
from assistant.engines.builtin.vectors import Vectors
from index.embed import Embedder

log = logging.getLogger(__name__)

SEARCH = "search_documents"
# What the engine does by searching, each thing by itself; the tool is for models, and for those who name it.
COMPARE = "compare_documents"
# A parameter of such a name is meant for the request as it stands.
WHOLE = {"instruction", "problem", "prompt", "question", "request", "task"}
# A request this near to an example of a tool is meant for it; cosine of MiniLM.
MIN_EXAMPLE_COSINE = 0.75
# Tools that are further from a request are not looked at any closer, which would take longer than all the rest.
MIN_COSINE = 0.2
# Log odds at which a tool is called. Questions to documents seldom hold a quotation that a tool takes whole, or begin
# with a word of a tool's name, so that less is enough for those.
# What may be answered with yes or no is seldom an order, so that more is needed.
MIN_FIT, MIN_FIT_QUOTED, MIN_FIT_NAMED, MIN_FIT_YES_NO = 0.25, -0.5, -2.5, 1.5
YES_NO = re.compile(r"(?:is|are|was|were|do|does|did|has|have|had)\b", re.I)
MAX_READ, MAX_NAME = 2_000, 100
# What people ask of somebody with hands, a telephone or a bank account.
DEED = re.compile(
    r"(?:please |can you |could you )*(?:order|book|buy|purchase|call|phone|ring|send|e-?mail|text|post|tweet"
    r"|play|pause|turn|switch"
    r"|lock|unlock|open the|close the|shut|start the|stop the|cook|bake|make me|bring|deliver|drive|fly|reserve"
    r"|wash|clean|water"
    r"|feed|pay|transfer|remind|schedule|cancel my|print out|upload|download|install|delete|buy|sell|take me"
    r"|order|walk|pick up"
    r"|roll|throw|toss|translate|draw|paint|generate|set (?:a|an|the) (?:timer|alarm)"
    r"|write (?:me )?(?:a|an) (?:poem|song|story|essay|letter|e-?mail|joke)|sing|tell (?:me )?a joke)\b(?!.*\?)",
    re.I,
)
NONE = "None of my tools can do this, and it is no question that your documents could answer."
NO_TOOL = "I have no tool that could answer this; `assistant tools list` shows what is installed."
NO_CODE = (
    "I cannot write code: I am no language model. Give me the Python itself, for example "
    "`@code_interpreter print(6 * 7)`, and I run it."
)


class Router:
    """Chooses by exact detectors first, then by what the tools say of themselves.

    Args:
        embedder: Compares a request with the tools.
        unseen: Judge each function by weights that were fitted on others only, as a measurement must.
        models: The weights; None takes those that ship.
    """

    def __init__(self, embedder: Embedder, *, unseen: bool = False, models: Models | None = None) -> None:
        self._vectors = Vectors(embedder)
        self._models = models or Models(unseen=unseen)
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the weights cannot be used; empty as long as they can."""
        return self._problem

    def choose(self, request: str, tools: Mapping[str, Any], asked: Ask | None = None) -> Talk | Ask | Plan:
        """Returns what to do with a request.

        Args:
            request: What the person typed.
            tools: The offered tools' ``function`` objects, by name.
            asked: What the last reply asked for, if it did.
        """
        request = request.strip()
        if request.startswith("@"):
            return self._explicit(request, tools)
        if asked is not None and asked.tool in tools and (step := self._answered(request, asked, tools)):
            return step
        if text := small_talk(request, tools):
            return Talk(text + (f"\n\n{self._problem}" if self._problem else ""))
        if not re.search(r"\w", request):
            return Talk("I find no words in this; ask me a question or give me something to compute.")
        read = request[:MAX_READ]
        # Several commands are one plan, which is rehearsed as one.
        if (
            call := commanded(read, tools)
            or edited(request, tools)
            or verified(request, tools)
            or drawn(request, tools)
        ):
            return [call]
        return self._several(read, tools) or self._one(read, tools) or self._fallback(request, tools)

    def is_sure(self, request: str) -> bool:
        """Whether a request can only be meant for the calculator."""
        if EXCHANGE.search(request):
            return True
        expression = arithmetic(request)
        return expression is not None and not re.search(r"[^\W\d_]{3,}", OPERATOR.sub(" ", expression))

    def _explicit(self, request: str, tools: Mapping[str, Any]) -> Talk | Ask | Plan:
        name, *rest = request[1:].split(maxsplit=1) or [""]
        if not name:
            return Talk(f"Write the tool's name behind the @. Installed: {_names(tools)}.")
        name = next((known for known in tools if known.lower() == name.lower()), name)
        if name not in tools:
            return Talk(f"There is no tool `{name}`. Installed: {_names(tools)}.")
        schema = tools[name].get("parameters") or {}
        text = rest[0] if rest else ""
        arguments = parse_explicit(text, schema)
        unread = any(not fits(arguments[one.name], one) for one in parameters_of(schema) if one.name in arguments)
        if unread and "=" not in text and (filled := self._filled(text, tools[name])):
            arguments = filled.arguments if filled.arguments and not filled.missing else arguments
        return ask_for(name, arguments, schema) or [Call(name, arguments)]

    def _answered(self, request: str, asked: Ask, tools: Mapping[str, Any]) -> Talk | Ask | Plan | None:
        """Takes a message for the answer to a question of ours; None where it is something else."""
        if is_refusal(request):
            return Talk("I leave it at that.")
        schema = tools[asked.tool].get("parameters") or {}
        missing = [one for one in parameters_of(schema) if one.required and one.name not in asked.arguments]
        given = read_answer(request, schema)
        if not given and len(missing) == 1 and not small_talk(request, tools) and not self._is_new(request, tools):
            given = {missing[0].name: self._single(request, missing[0].name, tools[asked.tool])}
            if SOUGHT.match(request) and not fits(given[missing[0].name], missing[0]):
                return None
        elif not given and not self._is_new(request, tools) and (filled := self._filled(request, tools[asked.tool])):
            given = {one.name: filled.arguments[one.name] for one in missing if one.name in filled.arguments}
        if not given:
            return None
        arguments = {**asked.arguments, **given}
        return ask_for(asked.tool, arguments, schema) or [Call(asked.tool, arguments)]

    def _single(self, request: str, name: str, tool: Mapping[str, Any]) -> Any:
        parameter = next(one for one in parameters_of(tool["parameters"]) if one.name == name)
        value = valued(request, parameter)
        if (
            isinstance(value, str)
            and parameter.kind not in ("string", "any")
            and (filled := self._filled(request, tool))
        ):
            return filled.arguments.get(name, value)
        return value

    def _is_new(self, request: str, tools: Mapping[str, Any]) -> bool:
        """Whether a message is rather a request of its own than an answer."""
        return request.endswith("?") or (
            len(request.split()) > 1 and (detect(request, tools) or commanded(request, tools)) is not None
        )

    def _several(self, request: str, tools: Mapping[str, Any]) -> Plan | None:
        if self.is_sure(request):  # one calculation, whatever commas are in it
            return None
        if "calculator" in tools and SEARCH in tools and (found := inline(request)):
            return [Call(SEARCH, {"query": found[0]}), found[1]]
        parts = clauses(spread(request))
        if len(parts) == 1:
            parts = self._parted(parts[0], tools)
        if not 1 < len(parts) <= MAX_STEPS:
            return None
        plan: Plan = []
        for part in parts:
            step = self._step(part, tools, bool(plan))
            if step is None:
                return None
            plan.append(step)
        # Several questions to the library are one request to it, which is parted there.
        return None if all(isinstance(step, Call) and step.tool == SEARCH for step in plan) else plan

    def _parted(self, clause: str, tools: Mapping[str, Any]) -> list[str]:
        """Parts at an "and" or a comma only where each half is a request by itself."""
        if _draws_several(clause, tools):
            return [clause]
        for left, right in halves(clause):
            if operation(right) and "calculator" in tools:
                return [*self._parted(left, tools), right]
            if (both := elided(left, right)) and self._are_alike(left, both, tools):
                return [*self._parted(left, tools), *self._parted(both, tools)]
            if self._are_two(left, right, clause[len(left) :].startswith(", "), tools):
                return [*self._parted(left, tools), *self._parted(right, tools)]
        return [clause]

    def _are_two(self, left: str, right: str, comma: bool, tools: Mapping[str, Any]) -> bool:
        """Whether two halves are requests, or a question and a calculation; a comma alone parts only orders."""
        if not (_begins_alike(right) or CONVERSION.search(right)) or (comma and not _is_order(right, tools)):
            return False
        if ASKS.match(right) and (detect(left, tools) or detect(right, tools)):
            return bool(self._step(left, tools, False) and self._step(right, tools, False))
        return bool(self._one(left, tools) and self._one(right, tools))

    def _are_alike(self, left: str, right: str, tools: Mapping[str, Any]) -> bool:
        """Whether two requests are complete calls of one tool, and different ones."""
        one, other = self._one(left, tools), self._one(right, tools)
        if not (isinstance(one, list) and isinstance(other, list) and one != other):
            return False
        first, second = one[0], other[0]
        return isinstance(first, Call) and isinstance(second, Call) and first.tool == second.tool != SEARCH

    def _step(self, clause: str, tools: Mapping[str, Any], follows: bool) -> Call | Later | None:
        if follows and "calculator" in tools and (later := operation(clause)):
            return later
        if isinstance(found := self._one(clause, tools), list):
            return found[0]
        want = wanted(clause)
        asks = ASKS.match(clause) or SOUGHT.match(clause) or want.kind != "answer"
        if found is not None or SEARCH not in tools or not asks or DEED.match(clause):
            return None
        return Call(SEARCH, {"query": as_question(clause), **({"limit": want.limit} if want.limit else {})})

    def _one(self, request: str, tools: Mapping[str, Any]) -> Ask | Plan | None:
        if call := _detected(request, tools):
            return [call]
        if "code_interpreter" in tools and IN_PYTHON.search(request):
            return Ask("code_interpreter", {}, NO_CODE)
        return self._by_example(request, tools) or self._by_fit(request, tools)

    def _fallback(self, request: str, tools: Mapping[str, Any]) -> Talk | Plan:
        if SEARCH not in tools:
            return Talk(NO_TOOL)
        if MAKER not in tools and asks_for_picture(request):
            return Talk(NO_MODEL)
        return (
            Talk(f"{NONE} There are: {_names(tools)}.") if DEED.match(request) else [Call(SEARCH, {"query": request})]
        )

    def _by_example(self, request: str, tools: Mapping[str, Any]) -> Ask | Plan | None:
        # What the robot is asked is told by its form: "switch off the lights" may well be meant for another lamp.
        others = {name: tool for name, tool in tools.items() if name not in ROBOT}
        examples = [(text, name) for name, tool in others.items() for text in examples_of(tool)]
        if not examples:
            return None
        vectors = self._vectors.of([request, *(text for text, _ in examples)])
        cosine, name = max((float(vectors[text] @ vectors[request]), name) for text, name in examples)
        if cosine < MIN_EXAMPLE_COSINE or name == SEARCH:
            return None
        return self._call(request, tools[name], ask=name not in DETECTORS)

    def _call(
        self, request: str, tool: Mapping[str, Any], *, ask: bool, filled: Filled | None = None
    ) -> Ask | Plan | None:
        schema = tool.get("parameters") or {}
        if tool["name"] == "calculator":
            return [Call("calculator", {"expression": request.rstrip("?. ")})]
        whole = [
            one.name for one in parameters_of(schema) if one.required and one.name in WHOLE and one.kind == "string"
        ]
        if whole:
            arguments: dict[str, Any] = {whole[0]: request}
        elif filled := filled or self._filled(request, tool):
            arguments = filled.arguments
        else:
            arguments = fill_plainly(request, schema)
        question = ask_for(tool["name"], arguments, schema)
        return [Call(tool["name"], arguments)] if question is None else question if ask else None

    def _by_fit(self, request: str, tools: Mapping[str, Any]) -> Ask | Plan | None:
        """Chooses among the tools that no detector knows; the nearest one, if it fits at all."""
        others = {
            name: tool
            for name, tool in tools.items()
            if name not in DETECTORS and name not in ROBOT and name not in (SEARCH, COMPARE)
        }
        if not others:
            return None
        texts = {name: [f"{name}: {texts_of(tool)[1]}", *texts_of(tool)] for name, tool in others.items()}
        vectors = self._vectors.of([request, *(text for known in texts.values() for text in known)])
        cosines = {
            name: max(float(vectors[text] @ vectors[request]) for text in known) for name, known in texts.items()
        }
        named = _named(request, others)
        name = named or max(cosines, key=cosines.__getitem__)
        if cosines[name] < MIN_COSINE and not named:
            return None
        filled = self._filled(request, others[name])
        if filled is None:
            return None
        limit = MIN_FIT_NAMED if named else _limit(request, name, filled) if SEARCH in tools else MIN_FIT
        if self._fit(request, others, name, filled) < limit:
            return None
        return self._call(request, others[name], ask=True, filled=filled)

    def _fit(self, request: str, tools: Mapping[str, Any], name: str, filled: Filled) -> float:
        import numpy as np

        question = question_of(request, tools[name], self._vectors)
        vectors = self._vectors.of([request, *(text for tool in tools.values() for text in texts_of(tool))])
        others = [tool for other, tool in tools.items() if other != name]
        row = suitability(question, tools[name], filled, vectors, others)
        return float(self._models.of(name)["fit"].log_odds(np.array([row]))[0])

    def _filled(self, request: str, tool: Mapping[str, Any]) -> Filled | None:
        """Fills a tool's arguments; None where the weights cannot be read, which is then said."""
        try:
            return fill(question_of(request, tool, self._vectors), self._models.of(tool["name"]))
        except (OSError, ValueError, KeyError) as error:
            if not self._problem:
                log.warning("the weights that choose tools cannot be used: %s", error)
            self._problem = f"The weights that choose among tools cannot be used ({error}); tools are reached by name."
            return None


def _detected(request: str, tools: Mapping[str, Any]) -> Call | None:
    return detect(request, tools) or commanded(request, tools)


def _draws_several(request: str, tools: Mapping[str, Any]) -> bool:
    """Whether a request wants several formulas drawn in one plot: "plot sin(x) and cos(x)"."""
    call = detect(request, tools)
    return call is not None and call.tool == "plot" and len(call.arguments.get("expressions", ())) > 1


def _named(request: str, tools: Mapping[str, Any]) -> str | None:
    """The tool that a request begins with the whole name of: "set timer for tea"."""
    words = words_of(POLITE.sub("", request)[:MAX_NAME])
    named = [name for name in tools if words[: len(words_of(name))] == words_of(name)]
    return max(named, key=len, default=None)


def _limit(request: str, name: str, filled: Filled) -> float:
    if YES_NO.match(request):
        return MIN_FIT_YES_NO
    verb = POLITE.sub("", request).split(maxsplit=1)[:1]
    named = bool(verb) and stem(verb[0]) in stems(words_of(name))
    return min(MIN_FIT_QUOTED if _takes_quoted(request, filled) else MIN_FIT, MIN_FIT_NAMED if named else MIN_FIT)


def _takes_quoted(request: str, filled: Filled) -> bool:
    """Whether an argument is a quotation, and nothing is missing."""
    quoted = [found.value for found in find(request) if found.form == "quoted"]
    return not filled.missing and any(value in quoted for value in filled.arguments.values())


def _begins_alike(clause: str) -> bool:
    """Whether a clause begins as a request does, and not in the middle of a list."""
    return bool(re.match(r"(?:please\s+)?[a-z]{3,}\b", clause)) and len(clause.split()) > 1


def _is_order(clause: str, tools: Mapping[str, Any]) -> bool:
    """Whether a clause begins with what one of the tools does: "flip", "draw"."""
    said = (text for tool in tools.values() for text in texts_of(tool))
    return stem(clause.split(maxsplit=1)[0]) in {stem(first) for text in said for first in text.lower().split()[:1]}


def _names(tools: Mapping[str, Any] | Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(tools)) or "none"
