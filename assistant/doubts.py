"""Why the check found no support for a sentence, in words for people."""

from __future__ import annotations

from collections.abc import Sequence, Set

from assistant.wording import denies, found, names, numbers, quotations
from index.reasons import Reason

DOUBTS = {
    "no_source": "It points at no passage, and no tool computed it.",
    "denial": "Either it or the passage that it cites says that something is not so, and the other does not.",
    "unlike": "The passage that it cites says nothing much like it.",
    "quotation": "The words in quotation marks do not stand in the passage that it cites.",
    "numbers": "Not in the passage that it cites: {missing}.",
    "names": "Not named in the passage that it cites: {missing}.",
}


def doubt(claim: str, passages: Sequence[str], computed: Set[str] = frozenset()) -> Reason:
    """Returns the first thing that is amiss with a sentence.

    Args:
        claim: The sentence, without the numbers of its sources.
        passages: What it cites.
        computed: Numbers that tools gave.
    """
    if not passages:
        return _reason("no_source")
    cited = " ".join(passages)
    if any(found(piece, cited) is None for piece in quotations(claim)):
        return _reason("quotation")
    if missing := numbers(claim) - numbers(cited) - computed:
        return _reason("numbers", ", ".join(sorted(missing)))
    if strange := [name for name in names(claim) if name.lower() not in cited.lower()]:
        return _reason("names", ", ".join(dict.fromkeys(strange)))
    return _reason("denial" if denies(claim) != denies(cited) else "unlike")


def _reason(code: str, missing: str = "") -> Reason:
    return Reason(DOUBTS[code].format(missing=missing), f"doubt_{code}", {"missing": missing} if missing else {})
