"""QAMR: questions and answer spans that people wrote about the words of single sentences.

Michael et al., Crowdsourcing Question-Answer Meaning Representations, 2018, https://arxiv.org/abs/1711.05885; the data,
under the MIT licence, is at https://github.com/uwnlp/qamr.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

# Penn Treebank's signs, and the ones that people write.
SIGNS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "``": "“", "''": "”", "--": "–"}
NO_SPACE_BEFORE = set(".,;:!?)]”%") | {"'s", "n't", "'", "’s", "'re", "'ve", "'ll", "'d"}
NO_SPACE_AFTER = set("([“$£")
MAX_GAP = 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        article: Which text it is from.
        text: As people write it.
        spans: Where each token stands in the text.
    """

    article: str
    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a sentence, with its answer.

    Attributes:
        sentence: The sentence's id.
        text: The question.
        start: First character of the answer in the sentence.
        end: One past the last.
    """

    sentence: str
    text: str
    start: int
    end: int


def sentences(folder: Path) -> dict[str, Sentence]:
    """Reads the sentences by id."""
    rows = (line.split("\t") for line in (folder / "wiki-sentences.tsv").read_text(encoding="utf-8").splitlines())
    return {name: _sentence(name, tokens.split(" ")) for name, tokens in rows}


def questions(folder: Path, known: dict[str, Sentence]) -> Iterator[Question]:
    """Reads the questions that nobody found invalid, each once."""
    seen = set()
    for file in ("dev.tsv", "test.tsv"):
        for line in (folder / file).read_text(encoding="utf-8").splitlines():
            name, _, _, _, _, text, answer, *judged = line.split("\t")
            if "Invalid" in " ".join(judged) or (name, text) in seen or name not in known:
                continue
            seen.add((name, text))
            if span := _span(known[name], [int(token) for token in answer.split()]):
                yield Question(name, text, *span)


def _span(sentence: Sentence, tokens: list[int]) -> tuple[int, int] | None:
    """The answer's span; words that stand apart are no span, but a comma or an article between them does no harm."""
    if not tokens or any(later - earlier > MAX_GAP for earlier, later in pairwise(tokens)):
        return None
    return sentence.spans[tokens[0]][0], sentence.spans[tokens[-1]][1]


def _sentence(name: str, tokens: list[str]) -> Sentence:
    text, spans = "", []
    glue = True
    for token in tokens:
        token = SIGNS.get(token, token)  # noqa: PLW2901 — the sign in place of its name
        text += "" if glue or token in NO_SPACE_BEFORE else " "
        spans.append((len(text), len(text) + len(token)))
        text += token
        glue = token in NO_SPACE_AFTER
    return Sentence(":".join(name.split(":")[:3]), text, tuple(spans))
