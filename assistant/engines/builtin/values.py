"""Finds what a request holds that may be a tool's argument: numbers, dates, quotations, lists, names and phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Form = Literal["number", "date", "quoted", "name", "phrase", "code", "rest", "list"]

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBER_WORDS: dict[str, float] = {word: value for value, word in enumerate(ONES)}
NUMBER_WORDS |= {word: 10 * value for value, word in enumerate(TENS, 2)}
NUMBER_WORDS |= {"once": 1, "twice": 2, "half": 0.5, "dozen": 12, "hundred": 100, "couple": 2}
SCALES = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
MONTHS = "january february march april may june july august september october november december".split()
MONTH = "(?:" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS) + r")\.?"
NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-−]?)(?P<money>[$€£¥]?)(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<power>(?:e[-+]?\d+)|\s?[x×*]\s?10\^?-?\d+)?(?P<scale>\s?(?:hundred|thousand|million|billion|trillion|k)\b)?"
    r"(?P<unit>\s?(?:%|percent\b|per cent\b)|(?:st|nd|rd|th)\b|°?[A-Za-zµ]{1,3}(?:/[a-z]+)?(?:[²³]|\^?[23])?(?![\w])|)",
    re.I,
)
WORDED = re.compile(
    r"\b(?:" + "|".join([*TENS, *ONES, "once", "twice"]) + r")(?:-(?:" + "|".join(ONES[1:10]) + r"))?\b", re.I
)
DATES = (
    re.compile(rf"\b(?P<month>{MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b", re.I),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>{MONTH}),?\s+(?P<year>\d{{4}})\b", re.I),
    re.compile(r"\b(?P<year>\d{4})[-/.](?P<number>\d{1,2})[-/.](?P<day>\d{1,2})\b"),
    re.compile(r"\b(?P<number>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4})\b"),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>\d{4})\b"),
)
REST = re.compile(r"(?<=\w):\s+|\s[-–]\s+|\b(?:using|running|saying|says|that says|called|named)\s+", re.I)
QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’|(?<!\w)'([^']+)'(?!\w)|`([^`]+)`")
CODE = re.compile(
    r"https?://[^\s,;\"')]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[\w./-]*\w\.(?:csv|tsv|xlsx?|json|txt|pdf|py|png|jpe?g|docx?|xml)\b"
    r"|\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]{4,}\b|\b\d{1,2}(?::\d{2})+(?:\s?[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]\.?m\b\.?"
    r"|\b\d{4}[-–/]\d{2,4}\b",
    re.I,
)
BRACKETED = re.compile(r"\[([^\[\]]*)\]|(?<![\w)])\(([^()]*,[^()]*)\)|\{([^{}:]*)\}")
FORMULA = re.compile(
    r"(?<![\w])[-+]?(?:\d+(?:\.\d+)?\*?)?[a-z](?:\^|\*\*)\d+(?:\s?[-+*/]\s?[\w.^*()]+)*|\b\d*[a-z]\s?[-+]\s?\d+\b"
)
TOKEN = re.compile(r"[\w$€£#@]+(?:[-'’.&/+]\w+)*'?|[^\w\s]")
FUNCTION_WORDS = frozenset(
    "a an the of to in on at by for from with without and or but is are was were be been do does did can could would "
    "should will shall may might must i me my we us our you your he him his she her it its they them their this that "
    "these those what which who whom whose when where why how if then than as so not no please there here about into "
    "between within over under above below up down out off per during while using via near around among through let "
    "give get find show tell want need know help calculate compute determine retrieve fetch provide also any some all "
    "each every both have has had make like just more most less least very too such only given let's i'm i'd it's "
    "what's".split()
)
INNER = frozenset("of the and in for de la on to with a & 's at by".split())
TIMES = {
    name: seconds
    for names, seconds in (
        ("week weeks", 604_800),
        ("day days", 86_400),
        ("hour hours hr hrs h", 3_600),
        ("minute minutes min mins m", 60),
        ("second seconds sec secs s", 1),
    )
    for name in names.split()
}
PART_OF_TIME = re.compile(r"\s*[A-Za-z]*\s*(?:,|and)?\s*")
LONGEST = 6
MAX_PHRASES = 150
MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """Something in a request that may be a value.

    Attributes:
        form: How it was recognised.
        value: The number, the text, or the list.
        start: Its first character.
        end: One past the last.
        unit: What a number counts or is measured in, as written.
    """

    form: Form
    value: Any
    start: int
    end: int
    unit: str = ""

    def overlaps(self, other: Found) -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a sign of the request."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """In lower case."""
        return self.text.lower()


def tokens(request: str) -> list[Token]:
    """Splits a request into words and signs."""
    return [Token(match[0], match.start(), match.end()) for match in TOKEN.finditer(request[:MAX_TEXT])]


def find(request: str) -> list[Found]:
    """Returns all that may be a value, in the order of the forms."""
    request = request[:MAX_TEXT]
    dates, quotes = list(_dates(request)), list(_quotes(request))
    codes = [found for found in _codes(request) if not any(found.overlaps(other) for other in [*dates, *quotes])]
    numbers = [found for found in _numbers(request) if not any(found.overlaps(other) for other in dates)]
    phrases = [one for one in _phrases(request) if not any(_is_within(one, quote) for quote in quotes)][:MAX_PHRASES]
    singles = [*numbers, *dates, *quotes, *codes, *phrases, *_rests(request)]
    return [*singles, *_lists(request, numbers, quotes, phrases)]


def joined(request: str, found: list[Found]) -> list[Found]:
    """Puts the parts of a time together, for a tool that takes it as one number: "1 hour and 30 minutes".

    Args:
        request: What the person typed.
        found: What it holds.

    Returns:
        The same with each such time in its last part's unit, in place of its parts.
    """
    runs: list[list[Found]] = []
    for one in sorted((one for one in found if one.form == "number" and _seconds(one)), key=lambda one: one.start):
        last = runs[-1][-1] if runs else None
        if last and PART_OF_TIME.fullmatch(request, last.end, one.start) and _seconds(one) < _seconds(last):
            runs[-1].append(one)
        else:
            runs.append([one])
    whole = [
        Found(
            "number",
            _whole(sum(one.value * _seconds(one) for one in run) / _seconds(run[-1])),
            run[0].start,
            run[-1].end,
            run[-1].unit,
        )
        for run in runs
        if len(run) > 1
    ]
    return [*whole, *(one for one in found if one.form not in ("number", "list") or not any(map(one.overlaps, whole)))]


def _seconds(found: Found) -> int:
    return TIMES.get(found.unit.lower(), 0)


def _is_within(found: Found, quote: Found) -> bool:
    """Whether it stands in a quotation, which is meant as a whole."""
    return quote.start <= found.start and found.end <= quote.end


def _dates(request: str) -> Iterator[Found]:
    seen: list[Found] = []
    for pattern in DATES:
        for match in pattern.finditer(request):
            parts = match.groupdict()
            month = int(parts["number"]) if parts.get("number") else _month(parts["month"])
            day = int(parts["day"])
            if month > 12 and day <= 12:  # noqa: PLR2004 - the day first, as most of the world writes it
                month, day = day, month
            try:
                found = Found("date", date(int(parts["year"]), month, day), match.start(), match.end())
            except ValueError:
                continue
            if not any(found.overlaps(other) for other in seen):
                seen.append(found)
                yield found


def _month(text: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(text[:3].lower()))


def _quotes(request: str) -> Iterator[Found]:
    for match in QUOTED.finditer(request):
        yield Found("quoted", next(filter(None, match.groups())), match.start(), match.end())


def _codes(request: str) -> Iterator[Found]:
    for pattern in (CODE, FORMULA):
        for match in pattern.finditer(request):
            text = match[0].rstrip(".,?!")
            yield Found("code", text, match.start(), match.start() + len(text))


def _rests(request: str) -> Iterator[Found]:
    """Yields what stands behind a colon, a dash or a word such as "using", to the end of the sentence."""
    for match in REST.finditer(request):
        end = match.end() + len(re.split(r"[.!?](?:\s|$)|\n", request[match.end() :], maxsplit=1)[0])
        text = request[match.end() : end].strip()
        if text and not QUOTED.fullmatch(text):
            yield Found("rest", text, match.end(), end)


def _numbers(request: str) -> Iterator[Found]:
    for match in NUMBER.finditer(request):
        value = float(match["digits"].replace(",", ""))
        if match["power"]:
            exponent = re.sub(r"^\s?[x×*]\s?10\^?|^e", "", match["power"], flags=re.I)
            value *= 10 ** min(300, int(exponent))
        if match["scale"]:
            value *= SCALES[match["scale"].strip().lower()]
        sign = -1 if match["sign"] and not request[: match.start()].rstrip().endswith(tuple("0123456789")) else 1
        unit = (match["unit"] or "").strip() or match["money"] or _next_word(request, match.end())
        yield Found("number", _whole(sign * value), match.start(), match.end(), "%" if unit.startswith("per") else unit)
    for match in WORDED.finditer(request):
        first, _, second = match[0].lower().partition("-")
        value = NUMBER_WORDS[first] + (NUMBER_WORDS[second] if second else 0)
        following = _next_word(request, match.end())
        scale = SCALES.get(following.lower(), 1)
        yield Found("number", _whole(value * scale), match.start(), match.end(), following)


def _whole(value: float) -> int | float:
    return int(value) if float(value).is_integer() else round(value, 12)


def _next_word(request: str, end: int) -> str:
    match = re.match(r"[\s-]*([A-Za-z°µ²³/]+)", request[end : end + 30])
    return match[1] if match and match[1].lower() not in FUNCTION_WORDS else ""


def _phrases(request: str) -> Iterator[Found]:
    """Yields runs of words that neither begin nor end with a function word."""
    words = tokens(request)
    for first, token in enumerate(words):
        if not _may_stand_outside(token):
            continue
        for last in range(first, min(first + LONGEST, len(words))):
            if last > first and not _may_stand_inside(words[last], words[last - 1], words, last):
                break
            if _may_stand_outside(words[last]):
                text = request[token.start : words[last].end].removesuffix("'s").removesuffix("’s").removesuffix("'")
                inner = [word for word in words[first : last + 1] if word.lower not in INNER and word.text != ","]
                named = all(word.text[0].isupper() for word in inner)
                yield Found("name" if named else "phrase", text, token.start, token.start + len(text))


def _may_stand_outside(token: Token) -> bool:
    acronym = token.text.isupper() and len(token.text) > 1
    return token.text[0].isalnum() and (acronym or token.lower not in FUNCTION_WORDS)


def _may_stand_inside(token: Token, before: Token, words: list[Token], at: int) -> bool:
    if token.text == ",":  # Boston, MA
        following = words[at + 1].text if at + 1 < len(words) else ""
        return before.text[0].isupper() and following[:1].isupper()
    return token.lower in INNER or _may_stand_outside(token)


def _lists(request: str, numbers: list[Found], quotes: list[Found], phrases: list[Found]) -> Iterator[Found]:
    for match in BRACKETED.finditer(request):
        inner = next((group for group in match.groups() if group is not None), "")
        parts = [part.strip().strip("'\"“”‘’") for part in inner.split(",") if part.strip()]
        yield Found("list", [_typed(part) for part in parts], match.start(), match.end())
    for found in (numbers, quotes, [phrase for phrase in phrases if not JOINED.search(phrase.value)]):
        yield from _enumerated(request, found)
    yield from _alike(numbers)


def _typed(text: str) -> Any:
    try:
        return _whole(float(text))
    except (ValueError, OverflowError):
        return text


JOINED = re.compile(r",|\band\b|&|\bto\b|\bwith\b")
JOINT = re.compile(r"\s*(?:,\s*(?:and|or|&)?|and|or|&|vs\.?|versus)\s*(?:the\s+|a\s+|an\s+)?", re.I)


def _enumerated(request: str, found: list[Found]) -> Iterator[Found]:
    """Yields runs of neighbours that only commas and conjunctions part, the longest of each start."""
    starting: dict[int, list[Found]] = {}
    for one in found:
        starting.setdefault(one.start, []).append(one)
    taken = -1
    for one in sorted(found, key=lambda item: (item.start, item.start - item.end)):
        if one.start < taken:
            continue
        run = [one]
        while (joint := JOINT.match(request, run[-1].end)) and (following := starting.get(joint.end())):
            # "Ben", not "Ben saying", stands beside "Ann".
            run.append(max(following, key=lambda item: (item.form == run[0].form, *_is_ended(request, item))))
        if len(run) > 1:
            taken = run[-1].end
            yield Found("list", [item.value for item in run], run[0].start, run[-1].end, run[-1].unit)


def _alike(numbers: list[Found]) -> Iterator[Found]:
    """Yields the numbers of each unit, which may be meant as one list though words stand between them."""
    units = dict.fromkeys(number.unit.lower() for number in numbers)
    groups = [[number for number in numbers if number.unit.lower() == unit] for unit in units]
    for group in groups:
        if len(group) > 1 and (len(group) < len(numbers) or len(groups) == 1):
            yield Found("list", [number.value for number in group], group[0].start, group[-1].end, group[0].unit)


def _is_ended(request: str, found: Found) -> tuple[bool, int]:
    """Whether a joint, a function word or the end stands behind it, then how long it is."""
    rest = request[found.end :]
    following = re.match(r"\s*(\w+)?", rest)
    word = following[1].lower() if following and following[1] else ""
    return (not word or word in FUNCTION_WORDS, found.end - found.start)
