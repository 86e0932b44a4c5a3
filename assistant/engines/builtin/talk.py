"""Small talk, and what the engine says of itself and its tools: all of it from what is really installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.parameters import Parameter, parameters_of, words_of
from assistant.engines.builtin.suitability import examples_of, summary_of

MAX_TALK = 200
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
GREETING = re.compile(
    r"\W*(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings|hallo|moin|servus|bonjour|hola)\b"
    r"(?:[\s,]+(?:there|assistant|everyone|again|you))*\W*)+"
    r"(?:how (?:are you|is it going|do you do)(?: (?:today|doing))?|nice to (?:meet|see) you|what's up)?\W*"
    r"|\W*(?:how are you|how is it going)(?: (?:today|doing))?\W*",
    re.I,
)
THANKS = re.compile(r"\W*(?:many |great,? )?(?:thanks?|thank you|thx|danke|merci|gracias)\b[\w\s,']{0,40}\W*", re.I)
BYE = re.compile(
    r"\W*(?:bye|goodbye|good night|see you|tschüss|ciao)\b(?:[\s,]*(?:bye|soon|later|tomorrow|then))*\W*", re.I
)
WHO = re.compile(
    r"\W*(?:(?:who|what) are you|are you (?:an? )?(?:ai|robot|bot|human|person|(?:large )?language model|llm"
    r"|chatgpt|real)"
    r"|(?:which|what) (?:model|engine|llm|ai) (?:are you|is this|do you use)|introduce yourself|what is your name)\W*",
    re.I,
)
HELP = re.compile(
    r"\W*(?:help(?: me)?(?: please)?|what (?:can|do|could) (?:you|i) (?:do|ask)(?: you)?|how do(?:es)? (?:you"
    r"|this) work"
    r"|(?:which|what) tools\b.{0,40}|(?:list|show)(?: me)? (?:the|your|all)? ?tools|what are you able to do)"
    r"(?: for me| here)?\W*",
    re.I,
)
RULES = re.compile(
    r"\W*(?:please |now |can you |could you )*(?:(?:ignore|forget|disregard|override|bypass)\b.{0,40}"
    r"\b(?:rules?|instructions?|prompts?|guidelines?|restrictions?)\b.*"
    r"|(?:(?:print|show|reveal|repeat|tell|give|output|what(?:'s| is))\b.{0,30})?\byour "
    r"(?:system |hidden |initial |secret )?(?:prompt|instructions|rules)\b.*)",
    re.I | re.S,
)
ABOUT_TOOL = re.compile(
    r"\W*(?:help (?:with|on|for|about)|how (?:do|can) i use|how to use|how does|explain|what does|what is"
    r"|what can|tell me about|usage of)"
    r"\s+(?:the\s+)?(?:tool\s+)?[`@'\"]?(?P<name>[\w .-]{2,60}?)[`'\"]?(?:\s+tool)?(?:\s+(?:work|do|for|used for))?\W*",
    re.I,
)


def small_talk(request: str, tools: Mapping[str, Any]) -> str | None:
    """Returns what to say to a greeting, thanks, or a question about the assistant itself; None to all else.

    Args:
        request: What the person typed.
        tools: The offered tools' ``function`` objects, by name.
    """
    if len(request) > MAX_TALK:
        return None
    said = [_said(sentence, tools) for sentence in SENTENCE_END.split(request.strip())]
    if None in said:
        return _said(request, tools)
    # Who says hello and asks something wants the something answered.
    return str(said[-1])


def _said(request: str, tools: Mapping[str, Any]) -> str | None:
    if GREETING.fullmatch(request):
        return "Hello! Ask me something about your documents, or give me something to compute."
    if RULES.fullmatch(request):
        return (
            "I have no rules that words could change, and no hidden prompt: I am a program that quotes your documents "
            "and uses the installed tools, and what it may do is in the settings."
        )
    if THANKS.fullmatch(request):
        return "You are welcome."
    if BYE.fullmatch(request):
        return "Goodbye! This conversation is kept."
    if WHO.fullmatch(request) or HELP.fullmatch(request):
        return introduction(tools)
    return _about_tool(request, tools)


def introduction(tools: Mapping[str, Any]) -> str:
    """Returns who speaks and what is installed."""
    lines = [f"- **{name}**: {' '.join(summary_of(tool).split())}" for name, tool in sorted(tools.items())]
    return (
        "I am the built-in engine, which is no language model. I find and quote what your documents say, with the "
        "source, I say so when they do not hold the answer, and I use these tools:\n\n"
        + "\n".join(lines)
        + "\n\nA tool can be called by name: `@calculator sqrt(2)`. Say `help with NAME` to see what one of them takes."
    )


def _about_tool(request: str, tools: Mapping[str, Any]) -> str | None:
    found = ABOUT_TOOL.fullmatch(request)
    if not found:
        return None
    asked = words_of(found["name"])
    name = next((name for name in tools if words_of(name) == asked), None)
    if name is None and re.match(r"\W*(?:help|how (?:do|can) i use|how to use|usage)", request, re.I):
        name = next((name for name in tools if set(asked) & set(words_of(name))), None)
    return None if name is None else describe(tools[name])


def describe(tool: Mapping[str, Any]) -> str:
    """Returns a tool's help: what it does, what it takes, and what one may say."""
    takes = [
        f"- `{one.name}` ({kind_of(one)}{'' if one.required else ', optional'}): "
        f"{' '.join(one.description.split()) or 'no description'}{_choices(one.choices if one.closed else ())}"
        for one in parameters_of(tool.get("parameters") or {})
    ]
    parts = [f"**{tool['name']}**: {' '.join(summary_of(tool).split()) or 'no description.'}"]
    parts += ["It takes:\n\n" + "\n".join(takes)] if takes else ["It takes nothing."]
    if examples := examples_of(tool):
        parts.append("For example:\n\n" + "\n".join(f"- {example}" for example in examples))
    return "\n\n".join(parts)


def kind_of(parameter: Parameter) -> str:
    """Returns a parameter's kind in words."""
    if parameter.dated:
        return "date, such as 2026-12-24"
    return " or ".join(_kind(kind, parameter.item) for kind in (parameter.kind, *parameter.others))


def _kind(kind: str, item: str) -> str:
    names = {
        "integer": "whole number",
        "string": "text",
        "boolean": "yes or no",
        "object": "JSON object",
        "any": "any JSON",
    }
    if kind == "array":
        return "list" if item == "any" else f"list, each a {names.get(item, item)}"
    return names.get(kind, kind)


def _choices(choices: tuple[Any, ...]) -> str:
    return f" One of: {', '.join(map(str, choices))}." if choices else ""
