"""Questions that follow from an answer: about what stands next to what it cites in the same documents."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.attachments import Held
from assistant.errors import AssistantError
from assistant.events import Answer, Citation
from assistant.session import Assistant
from index.errors import LibraryError
from index.types import Passage
from ui.view import View

MOST = 3
LONGEST = 70
# Passages looked at on either side of a citation.
AROUND = 40
NUMBER = re.compile(r"^[\d.]+\s+")
# Two capitalised words or more inside of a sentence.
NAME = re.compile(r"(?<=[a-zäöüß,;] )[A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)+")
WORDS = re.compile(r"[^\W_]+")


def followups(assistant: Assistant, view: View) -> list[str]:
    """Returns questions about what stands nearest to what was cited in the same documents; none without citations.

    Each is about a heading or a name that stands in the library, so that there is something to answer it with. Reads
    from disk.
    """
    end = view.turns[-1].end if view.turns else None
    if not isinstance(end, Answer) or end.abstained or not end.citations:
        return []
    asked = {_key(turn.question) for turn in view.turns}
    found: dict[str, str] = {}
    try:
        for subject, title in _nearby(assistant.attachments.holder(view.library), end):
            question = view.t("followups.about", subject=subject, title=title)
            if _key(question) not in asked:
                found.setdefault(_key(subject), question)
            if len(found) == MOST:
                break
    except (AssistantError, LibraryError):  # the library or the document was removed since
        return []
    return list(found.values())


def _nearby(held: Held, answer: Answer) -> Iterator[tuple[str, str]]:
    """What stands near a citation, with its document's title: headings, else names, the nearest first."""
    for citation in {each.document: each for each in reversed(answer.citations)}.values():
        library = held(citation.document)
        if (document := library.at_path(citation.document)) is None:
            continue
        where = document.id, citation.page, citation.start, citation.end
        passages = library.around(*where, AROUND, AROUND)
        here = next((n for n, each in enumerate(passages) if _holds(each, citation)), 0)
        near = sorted(passages, key=lambda each: abs(passages.index(each) - here))
        own = near[0].heading if near else ""
        headings = [last for each in near if each.heading != own and (last := _last(each.heading))]
        for subject in headings or [name for each in near[1:4] for name in NAME.findall(each.text)]:
            if _says(subject, document.title):
                yield subject, document.title


def _holds(passage: Passage, citation: Citation) -> bool:
    return passage.page == citation.page and passage.start <= citation.start < passage.end


def _last(heading: str) -> str:
    """The innermost of nested headings, without its number."""
    return NUMBER.sub("", heading.rpartition(" > ")[2]).strip()


def _says(subject: str, title: str) -> bool:
    return len(subject) <= LONGEST and bool(WORDS.search(subject)) and _key(subject) != _key(title)


def _key(text: str) -> str:
    return " ".join(WORDS.findall(text.lower()))
