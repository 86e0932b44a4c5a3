"""Token codes: what is kept of each word of a passage, so that a search can look again without embedding anything.

A code has one bit for each number of a token's vector: whether it is positive. The question's tokens keep all their
numbers, and these summed with the signs of a code stand for the cosine; see Charikar, Similarity estimation techniques
from rounding algorithms, 2002, https://doi.org/10.1145/509907.509965, and Dong et al., Asymmetric distance estimation
with sketches, 2008, https://doi.org/10.1145/1390334.1390358.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.chunk import embedded_text
from index.words import STOP_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LITTLE = 0.5
# How tokenizers write that a word begins here: SentencePiece, byte-level BPE.
_BEGINNINGS = "▁Ġ"


@dataclass(frozen=True, slots=True)
class TokenStates:
    """The tokens of a text, each in its context, the model's own marks left out.

    Attributes:
        words: As the tokenizer writes them.
        vectors: Shape (tokens, dimensions), of any length.
    """

    words: Sequence[str]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Asked:
    """The tokens of a question.

    Attributes:
        vectors: Shape (tokens, dimensions), rows of length 1.
        weights: Shape (tokens,): how much each counts; 1 together, unless there are none.
    """

    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]


def asked(tokens: TokenStates) -> Asked:
    """Returns a question's tokens; stop words and punctuation count half, since in context they say something too."""
    import numpy as np

    weights = np.array([1.0 if _tells(word) else LITTLE for word in tokens.words], np.float32)
    return Asked(_unit(tokens.vectors), weights / max(1e-12, float(weights.sum())))


def telling(tokens: TokenStates) -> NDArray[np.float32]:
    """Returns the vectors of the tokens that say something, of all where none does, rows of length 1."""
    kept = [at for at, word in enumerate(tokens.words) if _tells(word)]
    return _unit(tokens.vectors[kept] if kept else tokens.vectors)


def _tells(word: str) -> bool:
    word = word.lstrip(_BEGINNINGS).lower()
    return word not in STOP_WORDS and _is_word(word)


def _is_word(word: str) -> bool:
    return any(map(str.isalnum, word))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def code_bytes(dimensions: int) -> int:
    """Returns the length of one token's code."""
    return -(-dimensions // 8)


def encode(tokens: TokenStates) -> bytes:
    """Returns the codes of a passage's words, one after the other; punctuation has none."""
    import numpy as np

    kept = [row for row, word in enumerate(tokens.words) if _is_word(word)]
    return np.packbits(tokens.vectors[kept] > 0, axis=1).tobytes()


def scores(question: Asked, passages: Sequence[bytes]) -> NDArray[np.float32]:
    """Compares each token of a question with the nearest word of each passage.

    Args:
        question: With one token at least.
        passages: Their codes.

    Returns:
        Shape (passages,): the weighted mean over the question's tokens of about the cosine to the nearest word, 0
        where a passage has none.
    """
    import numpy as np

    dimensions = question.vectors.shape[1]
    size = code_bytes(dimensions)
    counts = np.array([len(codes) // size for codes in passages])
    found = np.zeros(len(passages), np.float32)
    held = np.flatnonzero(counts)
    if not held.size:
        return found
    codes = np.frombuffer(b"".join(passages), np.uint8).reshape(-1, size)
    bits = np.unpackbits(codes, axis=1, count=dimensions).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(counts[held])[:-1]])
    best = np.maximum.reduceat(bits @ question.vectors.T, starts, axis=0)
    # With a sign in place of a bit, a sum is twice that less the sum of the vector's numbers; the factor makes it a
    # cosine, where no direction of the space stands out.
    sums = (2 * best - question.vectors.sum(axis=1)) * math.sqrt(math.pi / 2 / dimensions)
    found[held] = sums @ question.weights
    return found


def put_codes(connection: sqlite3.Connection, codes: Iterable[tuple[int, bytes]]) -> None:
    """Stores the token codes of passages; those of a passage that has gone meanwhile are dropped."""
    insert = "INSERT OR REPLACE INTO token_codes SELECT id, ?2 FROM passages WHERE id = ?1"
    connection.executemany(insert, codes)


def token_codes(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, bytes]:
    """Returns the token codes of those of the passages that have any."""
    query = "SELECT passage, codes FROM token_codes WHERE passage IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(query, (json.dumps(list(numbers)),)))


def without_codes(connection: sqlite3.Connection, number: int) -> list[tuple[int, str]]:
    """Returns the passages of a document that have no token codes, with the text to make them from."""
    query = """
        SELECT passage_words.id, passage_words.title, passage_words.heading, passage_words.text
        FROM passage_words JOIN passages ON passages.id = passage_words.id JOIN pages ON pages.id = page
        WHERE document = ? AND passages.id NOT IN (SELECT passage FROM token_codes)
    """
    return [(row[0], embedded_text(*row[1:])) for row in connection.execute(query, (number,))]
