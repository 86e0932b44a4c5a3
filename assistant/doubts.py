"""Why the check found no support for a sentence, in words for people."""

from __future__ import annotations

from collections.abc import Sequence, Set

from assistant.wording import denies, found, names, numbers, quotations

NO_SOURCE = "It points at no passage, and no tool computed it."
DENIAL = "Either it or the passage that it cites says that something is not so, and the other does not."
UNLIKE = "The passage that it cites says nothing much like it."


def doubt(claim: str, passages: Sequence[str], computed: Set[str] = frozenset()) -> str:
    """Returns the first thing that is amiss with a sentence.

    Args:
        claim: The sentence, without the numbers of its sources.
        passages: What it cites.
        computed: Numbers that tools gave.
    """
    if not passages:
        return NO_SOURCE
    cited = " ".join(passages)
    if any(found(piece, cited) is None for piece in quotations(claim)):
        return "The words in quotation marks do not stand in the passage that it cites."
    if missing := numbers(claim) - numbers(cited) - computed:
        return f"Not in the passage that it cites: {', '.join(sorted(missing))}."
    if strange := [name for name in names(claim) if name.lower() not in cited.lower()]:
        return f"Not named in the passage that it cites: {', '.join(dict.fromkeys(strange))}."
    return DENIAL if denies(claim) != denies(cited) else UNLIKE
