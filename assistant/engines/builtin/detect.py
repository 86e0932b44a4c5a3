"""Exact detectors: what can only be meant for one of the tools that ship, by its form."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from assistant.engines.builtin.arguments import fill
from assistant.engines.builtin.steps import Call

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
    r"is|as|a|percentage|digits|deg|rad|i)$",
    re.I,
)
ERROR = re.compile(r"\d\s*(±|\+/-|\+-)\s*\d")  # an interval of error, which nobody but the calculator reads
MAX_ARITHMETIC = 1_000
POLITE = re.compile(
    r"^\s*(?:(?:please|kindly|can you|could you|would you|will you|i want you to|i'd like (?:you )?to|i would like to"
    r"|i want to|i need to|let's|let us|now|then|and)\s+)+(?:see\s+)?",
    re.I,
)
FILE = re.compile(r"[\w./-]*\w\.(?:csv|tsv|xlsx?)\b", re.I)
# Sentences about numbers that the calculator reads by itself.
STATISTIC = re.compile(
    r"\bpercentile of\b[^a-z]*$|"
    r"\b(?:sum|total|average|mean|median|mode|variance|standard deviation|stdev|product|difference|quotient|gcd|lcm"
    r"|greatest common divisor|highest common factor|least common multiple|maximum|minimum)\s+(?:of|between)\b[^a-z]*"
    r"(?:(?:and|the|numbers|values|list)\b[^a-z]*)*$",
    re.I,
)
ROOT = re.compile(
    r"\b(?:square|cube|cubic|\d+(?:th|rd))\s+root\s+of\s+\d|\blog(?:arithm)?\s+(?:base\s+\d+\s+)?of\s+\d", re.I
)
# What is said for a person, in the calculator's words.
_N = r"(\d[\d.,]*(?:\s*(?:%|percent\b))?)"
WORDED = tuple(
    (re.compile(pattern + r"$", re.I), expression)
    for pattern, expression in (
        (rf"add\s+{_N}\s+to\s+{_N}", r"\2 + \1"),
        (rf"add\s+{_N}\s+and\s+{_N}", r"\1 + \2"),
        (rf"(?:subtract|deduct|take)\s+{_N}\s+(?:away\s+)?from\s+{_N}", r"\2 - \1"),
        (rf"multiply\s+{_N}\s+(?:by|and|with)\s+{_N}", r"\1 * \2"),
        (rf"divide\s+{_N}\s+by\s+{_N}", r"\1 / \2"),
        (rf"raise\s+{_N}\s+to\s+the\s+power\s+(?:of\s+)?{_N}", r"\1 ^ \2"),
        (rf"double\s+{_N}", r"2 * \1"),
        (rf"halve\s+{_N}", r"\1 / 2"),
        (rf"square\s+{_N}", r"\1 ^ 2"),
        (rf"cube\s+{_N}", r"\1 ^ 3"),
    )
)
TAX = re.compile(r"(%|percent)\s+(?:sales tax|vat|tax|tip|interest|discount)\b", re.I)
SHARE_ON = re.compile(r"(%|percent)\s+on\s+(?=\d)", re.I)
_CURRENCY = r"(?:[$€£¥]|\b(?:euros?|eur|dollars?|usd|gbp|chf)\b)"
CURRENCY = re.compile(_CURRENCY, re.I)
# What nobody but the calculator can refuse: exchange rates change.
EXCHANGE = re.compile(rf"(?:\d\s*{_CURRENCY}|{_CURRENCY}\s*\d[\d.,]*)\s+(?:in|to|into)\s+{_CURRENCY}\W*$", re.I)
CLOCK = re.compile(
    r"(?:what|which)\s+(?:date|day|day of the week|weekday|(?P<time>time))\s+is\s+(?:it|today)(?:\s+(?:today|now))?\W*"
    r"|(?:what(?:'s| is)|tell me)\s+(?:the|the current|today's)\s+(?:date|day|(?P<clock>time))(?:\s+(?:today|now))?\W*",
    re.I,
)
CONSTANT = re.compile(
    r"(?:the\s+)?(?:speed of light|planck constant|boltzmann constant|avogadro constant|gravitational constant"
    r"|elementary charge|(?:electron|proton|neutron) mass)(?:\s+(?:in|to|times|[-+*/^])\s.+)?$",
    re.I,
)
FACTORIAL = re.compile(r"^\d+!$|\b\d+\s+factorial\b|\bfactorial\s+of\s+\d+", re.I)
PERCENTAGE = re.compile(
    r"\b(?:what\s+)?(?:percentage|percent|share)\s+of\s+\d[\d.,]*\s+is\s+\d[\d.,]*$"
    r"|^\d[\d.,]*\s+is\s+what\s+(?:percentage|percent|share)\s+of\s+\d[\d.,]*$"
    r"|\bas\s+(?:a\s+)?(?:percentage|percent)\b"
    r"|\d\s*%\s+(?:off|of|on|tax|vat|discount|tip|interest)\b",
    re.I,
)
DAYS = re.compile(
    r"\bhow many (?:days|weeks|months|years|workdays|working days)\b.*\b(?:between|from|until)\b.*\d{4}"
    r"|\bday of the week\b.*\d{4}|\bhow old (?:is|am|are|will) (?:i|you|we|somebody|someone|a person)\b.*\d{4}"
    r"|\bis (?:the year )?\d{1,4} a leap year\b"
    r"|\b(?:days|weeks|workdays|months) (?:from|between) \d{4}-|\b(?:weekday|day of the week|day) (?:is|was|of"
    r"|will be)?\b.*\d{4}-\d\d"
    r"|\bdate\b.*\b(?:days|weeks|months|years) (?:after|before|from)\b|\btoday\s*[-+]|\bwhat weekday\b"
    r"|\d:\d\d\s*[-+]\s*\d",
    re.I,
)
UNIT_QUESTION = re.compile(
    r"^(?:how (?:many|much))\s+[a-zµ°²³/ ]+?\s+(?:is|are|in|make|does)\b.*\d"
    r"|^how many\s+[a-z]+\s+(?:are\s+)?(?:there\s+)?(?:in|are)\s+"
    r"(?:a|an|one|\d[\d.,]*)\s+[a-z]+$|^(?:what is|what's"
    r"|how much is)?\s*\d[\d.,]*\s*[a-z°'\"]+(?:\s+\d[\d.,]*\s*[a-z]+)?\s+(?:in|to|as)\s+[a-z]+$",
    re.I,
)
MATRIX = re.compile(r"\[\s*\[")
BASE = re.compile(r"\b0[xb][\da-f]+\b|\bpi to \d+|\b\d+ digits\b", re.I)
PRICE = re.compile(r"\b(?:costs?|at|price[ds]?)\b.*\d.*\b(?:pay|total|off|discount|each)\b|\bkm/h\b.*\bhow far\b", re.I)

MATH = re.compile(
    r"\d|[=<>^+*/|≤≥≠]|\b(?:x|y|z|n|p|q|k|f|sin|cos|tan|ln|log|exp|sqrt)\b|\beven\b|\bodd\b|\bprimes?\b", re.I
)
SOLVE = re.compile(
    r"(?:solve|factor(?:i[sz]e)?|expand|multiply out|simplify|differentiate|integrate|minimi[sz]e|maximi[sz]e"
    r"|satisfy|prove"
    r"|disprove|refute|show that|is it true that|is it (?:a )?tautology|optimi[sz]e)\b"
    r"|(?:what(?:'s| is| are)|find|compute|calculate|determine|give(?: me)?|evaluate)?\s*(?:the\s+)?(?:first\s+"
    r"|second\s+)?"
    r"(?:derivative|antiderivative|(?:definite |indefinite )?integral|limit|(?:taylor |maclaurin "
    r"|power )?(?:series|expansion)|roots?"
    r"|zeros?|solutions?|maximum|minimum|factori[sz]ation)\s+(?:of|to|for)\b"
    r"|(?:find|give|determine|what are|which|for which|for what)\s+(?:me\s+)?(?:all\s+|the\s+)?(?:real\s+"
    r"|positive\s+|values? of\s+)?"
    r"(?:(?:integers?|numbers?)\s+)?(?:integers?|numbers?|[a-z])(?:\s*(?:,|and)\s*[a-z])*\s+(?:such that|with"
    r"|is|where|satisf\w+|so that|does|do|makes?)\b"
    r"|what is [a-z] (?:if|when|in)\b|d/d[a-z]\b|sum of .* (?:for|from) [a-z] |(?:taylor |power )?series of\b"
    r"|limit of\b"
    r"|(?:does|do|is|are)\s.*(?:\bimpl(?:y|ies)\b|\bfor all\b|(?:>=|<=|≥|≤).*\?|\balways (?:even|odd|true"
    r"|positive|divisible)\b|\btautology\b)",
    re.I,
)
PLOT_VERB = r"(?:plot|draw|graph|sketch|chart|visuali[sz]e|display|show|make|create|give|see)"
PLOT_NOUN = r"(?:plots?|graphs?|charts?|histograms?|curves?|diagrams?|parabola|pie|scatter|box ?plots?)"
FORMULA = re.compile(
    r"\b(?:sin|cos|tan|exp|log|ln|sqrt|abs|floor|ceil|atan|asin|acos)\b|\d*\bx\b|\be\^|\|x\||\d\^?x\b", re.I
)
DIRECT_PLOT = re.compile(r"(?:me\s+)?(?:plot|graph|draw|sketch|chart|visuali[sz]e)\b", re.I)
SHOWN_PLOT = re.compile(rf"(?:{PLOT_VERB}\s+)?(?:me\s+)?(?:the\s+|a\s+|an\s+)?(?:\w+\s+){{0,2}}{PLOT_NOUN}\b", re.I)

FENCED = re.compile(r"```(?:python|py)?\s*\n(.*?)```", re.S | re.I)
RUN = re.compile(
    r"^(?:run|execute|evaluate|exec|python)\b(?:\s+(?:this|the|following|my|some|a|in|with))*(?:\s+(?:python"
    r"|code|script|expression|program|snippet))*"
    r"\s*[:\s]\s*|^(?:what (?:does|is) (?:this|the) (?:code|output)(?: of| print| do)?\??"
    r"|use python to (?:compute|calculate|run|evaluate|print)"
    r"|what is the output of|python)\s*:?\s*",
    re.I,
)
IN_PYTHON = re.compile(
    r"\b(?:in|with|using|use|let)\s+python\b|^python\b|\bpython (?:code|script|program|expression|function|class)\b"
    r"|^(?:write|generate|create|make)\s+(?:me\s+)?(?:a|an|some|the)\s+(?:\w+\s+)?"
    r"(?:code|script|program|function|regex|sql query|unit tests?)\b",
    re.I,
)
CODE = re.compile(
    r"^(?:!\w|import \w|from \w[\w.]* import |print\s*\(|def \w+\(|class \w+[(:]|for \w+ in .*:|while .*:)", re.M
)
COLUMN = re.compile(
    r"\b(?P<what>average|mean|sum|total|maximum|max|largest|highest|minimum|min|smallest|lowest|median"
    r"|standard deviation)\b(?:\s+value)?"
    r"\s+(?:of|in)\s+(?:the\s+)?(?:column\s+[\"']?(?P<name>\w+)[\"']?|(?P<number>first|second|third|fourth"
    r"|fifth|last)\s+column"
    r"|(?P<named>\w+)\s+column)",
    re.I,
)
ROWS = re.compile(r"\bhow many (?:rows|lines|records|entries)\b|\bnumber of (?:rows|lines|records)\b", re.I)
HEAD = re.compile(r"\b(?:head|first\s+(?P<count>\w+)\s+(?:rows|lines)|beginning)\b", re.I)
OPERATIONS = {
    "average": "mean", "mean": "mean", "sum": "sum", "total": "sum", "maximum": "max", "max": "max", "largest": "max",
    "highest": "max", "minimum": "min", "min": "min", "smallest": "min", "lowest": "min", "median": "median",
    "standard deviation": "std",
}  # fmt: skip
ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10, "few": 5}

THINGS = r"(?:documents?|files?|library)"
LISTED = re.compile(
    rf"(?:(?:which|what)\s+(?:\w+\s+)?{THINGS}\b(?!.*\b(?:about|mention|say|says|contain|describe|talk)\b).*"
    rf"|(?:list|show|give|tell|name)\s+(?:me\s+)?(?:all\s+|everything\s+|an?\s+overview\s+|the\s+list\s+"
    rf"|which\s+|what\s+)*(?:of\s+|in\s+)?"
    rf"(?:all\s+)?(?:the\s+|my\s+|your\s+)?{THINGS}(?:\s+(?:are\s+)?(?:indexed|there|in the library|you have|i have))?"
    rf"|how many\s+{THINGS}\b(?!.*\b(?:about|mention|say|contain)\b).*|(?:what(?:'s| is)"
    rf"|what are)\s+(?:there\s+)?in\s+(?:the|my|your)\s+library.*"
    r"|what (?:have|did) (?:you|i) (?:got |have )?(?:uploaded|added|indexed|add|upload|index).*"
    rf"|(?:do you have|are there|have i)\s+(?:any\s+)?{THINGS}.{{0,25}}|everything in (?:the|my) library)\W*",
    re.I,
)
_ABOUT = (
    r"(?:(?:are|is)\s+)?(?:about|on|mention(?:s|ing)?|deal(?:s|ing)? with|concerning|regarding|discuss(?:es|ing)?"
    r"|cover(?:s|ing)?)"
)
_MINE = r"(?:(?:of\s+)?(?:all\s+)?(?:the\s+|my\s+|our\s+|your\s+)?)"
FIND = re.compile(
    rf"(?:(?:which|what)\s+{_MINE}(?:documents?|files?)\s+(?:do i have\s+|are there\s+)?(?:that\s+)?{_ABOUT}"
    rf"|(?:list|show|find|name)\s+(?:me\s+)?(?:all\s+)?{_MINE}(?:documents|files)\s+(?:that\s+|which\s+)?{_ABOUT})"
    r"\s+\w",
    re.I,
)
OVERVIEW = re.compile(
    rf"(?:(?:summari[sz]e|sum up)|(?:give|show)\s+(?:me\s+)?(?:a|an)\s+(?:summary|overview)\s+of)\s+"
    rf"(?:all\s+(?:of\s+)?|everything in\s+|each of\s+)?(?:the\s+|my\s+|your\s+|our\s+)?{THINGS}\W*",
    re.I,
)
PICTURE = re.compile(
    r"\b(pictures?|photos?|photographs?|images?|drawings?|diagrams?|illustrations?|screenshots?|logos?)\s+"
    r"(of|with|showing|that shows?|where|in which)\b",
    re.I,
)
MAKES = re.compile(
    r"\s*(please |can you |could you |i want you to )?(draw|make|create|generate|paint|plot|produce|render|sketch)\b",
    re.I,
)

Detector = Callable[[str, Mapping[str, Any]], Call | None]


def detect(request: str, tools: Mapping[str, Any]) -> Call | None:
    """Returns the call that a request can only mean, None where its form tells nothing.

    Args:
        request: What the person typed.
        tools: The offered tools' ``function`` objects, by name.
    """
    text = POLITE.sub("", request).strip()
    for name, detector in DETECTORS.items():
        if name in tools and (call := detector(text, tools[name])):
            return call
    return None


def _code(request: str, tool: Mapping[str, Any]) -> Call | None:
    code = code_in(request)
    if code is None and (file := FILE.search(request)):
        code = _about_table(request, file[0])
    return None if code is None else Call("code_interpreter", {"code": code})


def code_in(request: str) -> str | None:
    """Returns the Python that a request holds, else None."""
    if fenced := FENCED.search(request):
        return fenced[1].strip()
    if CODE.search(request) and (_is_python(request) or request.startswith("!")):
        return request
    if "\n" in request and re.search(r"^\w+ = ", request, re.M) and _is_python(request):
        return request
    rest = RUN.sub("", request, count=1).strip() if RUN.match(request) else ""
    if rest and rest != request:
        for text in (
            rest,
            rest.rstrip("?."),
            re.split(r"\s+in\s+python\b", rest, flags=re.I)[0],
            rest.partition(":")[2].strip(),
        ):
            if text and (text.startswith("!") or _is_code(text)):
                return text
    if IN_PYTHON.search(request):
        return _within(request)
    return None


def _within(request: str) -> str | None:
    """The longest end or part of a request about Python that is code."""
    stripped = re.sub(r"\b(?:in|with|using)\s+python\b.*$", "", request, flags=re.I).strip()
    for text in (stripped, request):
        words = text.split(" ")
        for start in range(len(words)):
            code = " ".join(words[start:]).rstrip("?.")
            if _is_code(code):
                return code
    return None


def _is_code(text: str) -> bool:
    """Whether a text is Python that does something: a call, an operation, a display."""
    if not re.search(r"[(\[{=+*]|\.\w", text) or not _is_python(text):
        return False
    kinds = (
        ast.Call,
        ast.BinOp,
        ast.Assign,
        ast.List,
        ast.Dict,
        ast.Set,
        ast.ListComp,
        ast.For,
        ast.Compare,
        ast.Subscript,
    )
    return any(isinstance(node, kinds) for node in ast.walk(ast.parse(text)))


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _about_table(request: str, file: str) -> str | None:
    """Code that answers the common questions about a table; pandas reads it."""
    read = f"import pandas as pd\ntable = pd.read_{'excel' if '.xls' in file.lower() else 'csv'}({file!r})\n"
    if file.lower().endswith(".tsv"):
        read = read.replace(")\n", ", sep='\\t')\n")
    if found := COLUMN.search(request):
        name = found["name"] or found["named"]
        column = f"table[{name!r}]" if name else f"table.iloc[:, {ORDINALS[found['number'].lower()]}]"
        return f"{read}{column}.{OPERATIONS[found['what'].lower()]}()"
    if ROWS.search(request):
        return f"{read}len(table)"
    if found := HEAD.search(request):
        count = (found["count"] or "five").lower()
        return f"{read}table.head({COUNTS.get(count, int(count) if count.isdigit() else 5)})"
    return None


def _listing(request: str, tool: Mapping[str, Any]) -> Call | None:
    several = OVERVIEW.fullmatch(request) and re.search(r"documents|files|library", request, re.I)
    return Call("list_documents", {}) if LISTED.fullmatch(request) or several else None


def _about(request: str, tool: Mapping[str, Any]) -> Call | None:
    return Call("find_documents", {"request": request}) if FIND.match(request) else None


def _solve(request: str, tool: Mapping[str, Any]) -> Call | None:
    found = SOLVE.match(request)
    about = found is not None and MATH.search(request[found.end() :] or request)
    if not found or not about or MATRIX.search(request) or STATISTIC.search(request.rstrip("?. ")):
        return None
    plain = re.search(
        r"\b(?:[a-z]\^?\d?|sin|cos|tan|ln|exp|even|odd|primes?)\b|\b\d*[xyzn]\b|d/d|[=<>≤≥]|infinity", request
    )
    return Call("solve", {"problem": request}) if plain else None


def _plot(request: str, tool: Mapping[str, Any]) -> Call | None:
    about = FILE.search(request) or FORMULA.search(request)
    asked = (
        (DIRECT_PLOT.match(request) and about)
        or (about and re.search(r"\b(?:drawn|plotted|graphed)\W*$", request))
        or (SHOWN_PLOT.match(request) and about)
    )
    return Call("plot", fill(request, tool["parameters"])) if asked else None


def _calculation(request: str, tool: Mapping[str, Any]) -> Call | None:
    if clock := CLOCK.fullmatch(request):
        return Call("calculator", {"expression": "now" if clock["time"] or clock["clock"] else "today"})
    if expression := arithmetic(request) or arithmetic(reworded(request)):
        return Call("calculator", {"expression": expression})
    text = reworded(request)
    if CONSTANT.match(text):
        return Call("calculator", {"expression": text})
    if len(text) > MAX_ARITHMETIC or not (NUMBER.search(text) or UNIT_QUESTION.search(request.rstrip("?. "))):
        return None
    patterns = (STATISTIC, ROOT, FACTORIAL, PERCENTAGE, DAYS, MATRIX, BASE, PRICE)
    asked = any(pattern.search(text) for pattern in patterns) or FACTORIAL.search(request)
    whole = request.rstrip("?. ")
    if asked or UNIT_QUESTION.search(whole):
        said = UNIT_QUESTION.search(whole) or FACTORIAL.search(request)
        return Call("calculator", {"expression": whole if said else text})
    return None


def _pictures(request: str, tool: Mapping[str, Any]) -> Call | None:
    sought = pictured(request)
    return None if sought is None else Call("search_pictures", {"query": sought})


def pictured(request: str) -> str | None:
    """Returns what is to be seen where a request asks for pictures that there are, else None."""
    match = PICTURE.search(request)
    if match is None or MAKES.match(request):
        return None
    return request[match.end() :].strip(" ?.!") or None


DETECTORS: dict[str, Detector] = {
    "code_interpreter": _code,
    "list_documents": _listing,
    "find_documents": _about,
    "plot": _plot,
    "solve": _solve,
    "calculator": _calculation,
    "search_pictures": _pictures,
}


def arithmetic(request: str) -> str | None:
    """Returns the expression in a request that asks for nothing but a number, else None."""
    if len(request) > MAX_ARITHMETIC or not NUMBER.search(request):
        return None
    text = stripped(request)
    if ERROR.search(text):
        return text
    if CONVERSION.search(text) and not re.match(r"(who|when|where|which|why|how)\b", text, re.I):
        return text
    if not (OPERATOR.search(text) or FUNCTION.search(text)):
        return None
    words = re.findall(r"[^\W\d_]+", FUNCTION.sub(" ", text))
    return text if all(ARITHMETIC_WORD.match(word) for word in words) else None


def reworded(request: str) -> str:
    """Returns a request in words that the calculator reads: without names of taxes, and amounts of money as numbers."""
    text = SHARE_ON.sub(r"\1 of ", TAX.sub(r"\1", stripped(request)))
    money = {found[0].lower().removesuffix("s") for found in CURRENCY.finditer(text)}
    text = " ".join(CURRENCY.sub(" ", text).split()) if len(money) == 1 else text
    return next((pattern.sub(written, text) for pattern, written in WORDED if pattern.match(text)), text)


def stripped(request: str) -> str:
    """Returns the request without what only asks for the result."""
    return LEAD.sub("", request).strip().rstrip("?=.! ").strip()
