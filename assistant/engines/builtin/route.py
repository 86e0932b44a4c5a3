"""Chooses what to do with a request: talk, a tool, or the library."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.engines.builtin.arguments import fill, missing, parse_explicit
from assistant.engines.builtin.steps import Ask, Call, Talk
from index.embed import Embedder

# A parameter of such a name is meant for the request as it stands.
WHOLE = {"instruction", "problem", "prompt", "question", "request", "task"}
# A request this near to an example of a tool is meant for it; cosine of MiniLM.
MIN_EXAMPLE_COSINE = 0.75
# And one that begins with the same verb, where no other tool's examples do.
MIN_VERB_COSINE = 0.15
NO_VERB = set(
    "a an the what who whom whose when where which why how is are was were do does did can could i my".split()
)

GREETING = re.compile(
    r"\W*(hi|hello|hey|good (morning|afternoon|evening|day)|hallo|moin|servus)\b[\w\s]{0,20}\W*", re.I
)
THANKS = re.compile(r"\W*(thanks?|thank you|thx|danke)\b[\w\s]{0,30}\W*", re.I)
BYE = re.compile(r"\W*(bye|goodbye|see you|tschüss)\b[\w\s]{0,20}\W*", re.I)
HELP = re.compile(
    r"\W*(help|what (can|do) you do|what are you|who are you|how do(es)? (you|this) work|which tools .*"
    r"|what tools .*)( for me| here)?\W*",
    re.I,
)

LEAD = re.compile(
    r"^\s*(please\s+)?(what(\s+is|'s|\s+are)|how much (is|are)|calculate|compute|evaluate|convert|solve)\b", re.I
)
NUMBER = re.compile(r"\d")
OPERATOR = re.compile(
    r"[-+*/^×÷·−%!√²³]|\b(plus|minus|times|divided by|percent|mod|squared|cubed|to the power of)\b", re.I
)
CONVERSION = re.compile(r"\d[\d.,]*\s*[°\w/^²³]+(\s+[\w/]+)?\s+(in|to|into|as)\s+(?![-\d])[°\w/^²³ ]+\W*$", re.I)
FUNCTION = re.compile(
    r"\b(sqrt|cbrt|root|log|ln|log2|log10|exp|sin|cos|tan|asin|acos|atan|factorial|gcd|lcm|abs|round|floor|ceil|min|max"
    r"|sum|mean|median|stdev|binomial)\s*\(",
    re.I,
)
# Words that arithmetic may be written with; any other word makes it a question about something.
ARITHMETIC_WORD = re.compile(
    r"(plus|minus|times|divided|by|of|percent|per|cent|mod|squared|cubed|to|the|power|and|half|off|in|root|square|pi|e|"
    r"is|as|a|percentage|digits|deg|rad)$",
    re.I,
)
ERROR = re.compile(r"\d\s*(±|\+/-|\+-)\s*\d")  # an interval of error, which nobody but the calculator reads
PICTURE = re.compile(
    r"\b(pictures?|photos?|photographs?|images?|drawings?|diagrams?|illustrations?|screenshots?|logos?)\s+"
    r"(of|with|showing|that shows?|where|in which)\b",
    re.I,
)
MAKES = re.compile(
    r"\s*(please |can you |could you |i want you to )?(draw|make|create|generate|paint|plot|produce|render|sketch)\b",
    re.I,
)
MAX_ARITHMETIC = 1_000


class Router:
    """Chooses by exact detectors first, then by likeness to the tools' examples.

    Args:
        embedder: Compares a request with the examples.
        unseen: Judge each function by weights that were fitted on others only, as a measurement must.
    """

    def __init__(self, embedder: Embedder, *, unseen: bool = False) -> None:
        self._unseen = unseen
        self._embedder = embedder
        self._known: dict[str, Any] = {}

    def choose(self, request: str, tools: Mapping[str, Any]) -> Talk | Ask | list[Call]:
        """Returns what to do with a request.

        Args:
            request: What the person typed.
            tools: The offered tools' ``function`` objects, by name.
        """
        if request.lstrip().startswith("@"):
            return self._explicit(request.lstrip(), tools)
        if talk := _small_talk(request, tools):
            return talk
        if call := _exact(request, tools) or self._by_example(request, tools):
            return [call]
        if "search_documents" in tools:
            return [Call("search_documents", {"query": request})]
        return Talk("I have no tool that could answer this; `assistant tools list` shows what is installed.")

    def is_sure(self, request: str) -> bool:
        """Whether a request can only be meant for the calculator."""
        expression = arithmetic(request)
        return expression is not None and not re.search(r"[^\W\d_]{3,}", OPERATOR.sub(" ", expression))

    def _explicit(self, request: str, tools: Mapping[str, Any]) -> Talk | Ask | list[Call]:
        name, _, rest = request[1:].partition(" ")
        if name not in tools:
            return Talk(f"There is no tool `{name}`. Installed: {_names(tools)}.")
        arguments = parse_explicit(rest.strip(), tools[name]["parameters"])
        return _ask_for(name, arguments, missing(arguments, tools[name])) or [Call(name, arguments)]

    def _by_example(self, request: str, tools: Mapping[str, Any]) -> Call | None:
        name = self._nearest(request, tools)
        if name in (None, "search_documents"):
            return None
        if name == "calculator":  # which reads whole sentences of its own kinds
            return Call(name, {"expression": _stripped(request)})
        whole = [parameter for parameter, _ in missing({}, tools[name]) if parameter in WHOLE]
        # A number in such a request belongs to it, not to another parameter.
        arguments = {whole[0]: request} if whole else fill(request, tools[name]["parameters"])
        return None if missing(arguments, tools[name]) else Call(name, arguments)

    def _nearest(self, request: str, tools: Mapping[str, Any]) -> str | None:
        examples = [(line[2:], name) for name, tool in tools.items() for line in _examples(tool["description"])]
        new = [text for text, _ in examples if text not in self._known]
        if new:
            self._known |= dict(zip(new, self._embedder.embed(new), strict=True))
        if not examples:
            return None
        query = self._embedder.embed([request])[0]
        likeness = sorted(((float(self._known[text] @ query), name, text) for text, name in examples), reverse=True)
        if likeness[0][0] >= MIN_EXAMPLE_COSINE:
            return likeness[0][1]
        alike = [(cosine, name) for cosine, name, text in likeness if _verb(text) == _verb(request)]
        sure = len({name for _, name in alike}) == 1 and alike[0][0] >= MIN_VERB_COSINE
        return alike[0][1] if sure and _verb(request) not in NO_VERB else None


def _exact(request: str, tools: Mapping[str, Any]) -> Call | None:
    """The tool of a request whose form tells it beyond doubt."""
    if "calculator" in tools and (expression := arithmetic(request)):
        return Call("calculator", {"expression": expression})
    if "search_pictures" in tools and (sought := pictured(request)):
        return Call("search_pictures", {"query": sought})
    return None


def pictured(request: str) -> str | None:
    """Returns what is to be seen where a request asks for pictures that there are, else None."""
    match = PICTURE.search(request)
    if match is None or MAKES.match(request):
        return None
    return request[match.end() :].strip(" ?.!") or None


def arithmetic(request: str) -> str | None:
    """Returns the expression in a request that asks for nothing but a number, else None."""
    if len(request) > MAX_ARITHMETIC or not NUMBER.search(request):
        return None
    text = _stripped(request)
    if ERROR.search(text):
        return text
    if CONVERSION.search(text) and not re.match(r"(who|when|where|which|why|how)\b", text, re.I):
        return text
    if not (OPERATOR.search(text) or FUNCTION.search(text)):
        return None
    words = re.findall(r"[^\W\d_]+", FUNCTION.sub(" ", text))
    return text if all(ARITHMETIC_WORD.match(word) for word in words) else None


def _stripped(request: str) -> str:
    """The request without what only asks for the result."""
    return LEAD.sub("", request).strip().rstrip("?=.! ").strip()


def _verb(request: str) -> str:
    """The first word, politeness aside."""
    words = re.sub(r"^(please|can you|could you|i want you to)\s+", "", request.strip(), flags=re.I).split(maxsplit=1)
    return words[0].strip(",.:!?").casefold() if words else ""


def _small_talk(request: str, tools: Mapping[str, Any]) -> Talk | None:
    if GREETING.fullmatch(request):
        return Talk("Hello! Ask me something about your documents, or give me something to compute.")
    if THANKS.fullmatch(request):
        return Talk("You are welcome.")
    if BYE.fullmatch(request):
        return Talk("Goodbye! This conversation is kept.")
    return Talk(_help(tools)) if HELP.fullmatch(request) else None


def _help(tools: Mapping[str, Any]) -> str:
    lines = [f"- **{name}**: {tool['description'].splitlines()[0]}" for name, tool in sorted(tools.items())]
    return (
        "I am the built-in engine, which is no language model. I find and quote what your documents say, with the "
        "source, I say so when they do not hold the answer, and I use these tools:\n\n"
        + "\n".join(lines)
        + "\n\nA tool can be called by name: `@calculator sqrt(2)`."
    )


def _names(tools: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(tools)) or "none"


def _ask_for(name: str, known: Mapping[str, Any], parameters: Sequence[tuple[str, str]]) -> Ask | None:
    if not parameters:
        return None
    lines = [f"- `{parameter}`: {description or 'no description'}" for parameter, description in parameters]
    example = " ".join(f"{parameter}=…" for parameter, _ in parameters)
    return Ask(name, known, f"`{name}` needs:\n\n" + "\n".join(lines) + f"\n\nFor example `@{name} {example}`.")


def _examples(description: str) -> list[str]:
    _, _, listed = description.partition("\n\nExamples of requests:\n")
    return [line for line in listed.splitlines() if line.startswith("- ")]
