"""Questions that are no expressions yet, as the expressions that they ask for."""

from __future__ import annotations

import re

from .dates import CLOCK, DATE

PERCENT = r"(?:percentage|percent|per\s+cent|%)"
HOW_MANY = r"how\s+many\s+(\D+?)(?:\s+(?:are|is))?(?:\s+there)?(?:\s+in)?\s+"
_DATE = re.sub(r"\?P<\w+>", "?:", DATE)
WHEN = rf"(?:(?:{_DATE})(?:(?:\s*T|,?\s+(?:at\s+)?){CLOCK})?|{CLOCK}|today|now|tomorrow|yesterday)"
UNIT = r"(?:days?|weeks?|hours?|minutes?|mins?|seconds?)"
WORK = r"(?:working|business|work|week)[\s-]?days?"
BE = r"(?:is|was|will\s+be|are|were)"
DAY = r"(?:day\s+of\s+(?:the\s+)?week|weekday|day)"
HOW_MANY_TIMES = r"(?:how\s+many|(?:the\s+)?(?:number|count)\s+of)"
IN_BETWEEN = rf"(?:\s+{BE})?(?:\s+there)?\s+(?:between|from)\s+({WHEN})\s+(?:and|to|until|till)\s+({WHEN})"

REWRITES = tuple(
    (re.compile(pattern, re.I), replacement)
    for pattern, replacement in (
        # dates and times
        (r"(?:what(?:\s+is|['’]s)\s+)?(?:the\s+(?:current\s+)?date(?:\s+today)?|today['’]s\s+date)", "today"),
        (r"what\s+time\s+is\s+it(?:\s+now)?|what(?:\s+is|['’]s)\s+the\s+(?:current\s+)?time", "now"),
        (rf"(?:on\s+)?(?:what|which)\s+{DAY}\s+(?:of\s+the\s+week\s+)?{BE}\s+({WHEN})", r"weekday(\1)"),
        (rf"(?:on\s+)?(?:what|which)\s+{DAY}\s+(?:does|did|will)\s+({WHEN})\s+fall(?:\s+on)?", r"weekday(\1)"),
        (rf"(?:the\s+)?{DAY}\s+(?:of|on)\s+({WHEN})", r"weekday(\1)"),
        (rf"(?:{HOW_MANY_TIMES}\s+)?{WORK}{IN_BETWEEN}", r"workdays(\1, \2)"),
        (rf"(?:{HOW_MANY_TIMES}\s+)?(?:months|years){IN_BETWEEN}", r"period(\1, \2)"),
        (rf"(?:{HOW_MANY_TIMES}\s+)?({UNIT}){IN_BETWEEN}", r"((\3) - (\2)) to \1"),
        (rf"(?:the\s+)?(?:time|difference|how\s+long(?:\s+{BE}\s+it)?){IN_BETWEEN}", r"(\2) - (\1)"),
        (rf"(?:{HOW_MANY_TIMES}\s+)?({UNIT})(?:\s+{BE}\s+it)?\s+(?:until|till|to)\s+({WHEN})", r"((\2) - today) to \1"),
        (rf"(?:{HOW_MANY_TIMES}\s+)?({UNIT})(?:\s+have\s+passed)?\s+since\s+({WHEN})", r"(today - (\2)) to \1"),
        (rf"(?:what\s+)?(?:date|day|time)\s+(?:{BE}|will\s+it\s+be)\s+(?:it\s+)?(\d.*)", r"\1"),
        (rf"(\d+)\s+{WORK}\s+(?:after|from)\s+({WHEN})", r"workday(\2, \1)"),
        (rf"(\d+)\s+{WORK}\s+before\s+({WHEN})", r"workday(\2, -\1)"),
        (rf"({WHEN})\s*\+\s*(\d+)\s+{WORK}", r"workday(\1, \2)"),
        (rf"({WHEN})\s*[-−–]\s*(\d+)\s+{WORK}", r"workday(\1, -\2)"),
        (rf"(?:from\s+)?({WHEN})\s+(?:to|until|till)\s+({WHEN})", r"(\2) - (\1)"),
        (r"(.+?)\s+(?:in|to|as)\s+(?:days,?\s+(?:and\s+)?)?hours,?\s+(?:and\s+)?minutes", r"(\1) to hours"),
        (r"(.+?)\s+(?:in|to|as)\s+(?:hours,?\s+)?minutes,?\s+and\s+seconds", r"(\1) to minutes"),
        (rf"(.+?)\s+from\s+({WHEN})", r"\1 after \2"),
        (r"(.+?)\s+ago", r"today - (\1)"),
        (r"in\s+(\d.*)", r"today + (\1)"),
        (r"(?:is|was|will)\s+(\d{1,4})\s+(?:be\s+)?a\s+leap[\s-]?year", r"leapyear(\1)"),
        (rf"how\s+old\s+{BE}\s+.*?born\s+(?:on\s+)?({WHEN})", r"period(\1, today)"),
        (rf"how\s+old\s+{BE}\s+.*?born\s+(?:on\s+)?({WHEN}),?\s+(?:on\s+|by\s+)?({WHEN})", r"period(\1, \2)"),
        # statistics
        (r"(?:the\s+)?(\d+(?:\.\d+)?)(?:st|nd|rd|th)\s+percentile\s+of\s+(.+)", r"percentile([\2], \1)"),
        # units and percentages
        (HOW_MANY + r"(?:an?|one)\s+(\D+)", r"1 \2 to \1"),
        (HOW_MANY + r"(\d.*)", r"(\2) to \1"),
        (rf"what\s+{PERCENT}\s+of\s+(.+?)\s+(?:is|are)\s+(.+)", r"(\2) as % of (\1)"),
        (rf"(.+?)\s+(?:is|are)\s+what\s+{PERCENT}\s+of\s+(.+)", r"(\1) as % of (\2)"),
    )
)


def rewrite(text: str) -> str | None:
    """Returns the expression that a question asks for; None where no rule knows it."""
    for pattern, replacement in REWRITES:
        if match := pattern.fullmatch(text.strip()):
            return match.expand(replacement)
    return None
