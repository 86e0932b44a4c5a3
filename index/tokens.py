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


def telling(tokens: TokenStates) -> NDArray[np.float32]:
    """Returns the vectors of the tokens that say something, rows of length 1: neither stop words nor punctuation.

    A text that has no others keeps them.
    """
    import numpy as np

    kept = [row for row, word in enumerate(tokens.words) if _tells(word)]
    vectors = np.asarray(tokens.vectors[kept] if kept else tokens.vectors, np.float32)
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def _tells(word: str) -> bool:
    word = word.lstrip(_BEGINNINGS).lower()
    return word not in STOP_WORDS and any(map(str.isalnum, word))


def code_bytes(dimensions: int) -> int:
    """Returns the length of one token's code."""
    return -(-dimensions // 8)


def encode(tokens: TokenStates) -> bytes:
    """Returns the codes of a passage's telling tokens, one after the other."""
    import numpy as np

    return np.packbits(telling(tokens) > 0, axis=1).tobytes()


def best_matches(asked: NDArray[np.float32], passages: Sequence[bytes]) -> NDArray[np.float32]:
    """Compares each token of a question with the nearest token of each passage.

    Args:
        asked: Shape (tokens, dimensions), rows of length 1.
        passages: Their codes.

    Returns:
        Shape (passages, tokens): about the cosine, 0 where a passage has no tokens.
    """
    import numpy as np

    dimensions = asked.shape[1]
    size = code_bytes(dimensions)
    counts = [len(codes) // size for codes in passages]
    found = np.zeros((len(passages), len(asked)), np.float32)
    if not sum(counts):
        return found
    codes = np.frombuffer(b"".join(passages), np.uint8).reshape(-1, size)
    signs = np.unpackbits(codes, axis=1, count=dimensions).astype(np.float32)
    # sum(q * sign) = 2 * sum(q * bit) - sum(q)
    products = 2 * (signs @ asked.T) - asked.sum(axis=1)
    held = np.flatnonzero(counts)
    starts = np.concatenate([[0], np.cumsum([counts[row] for row in held])[:-1]])
    found[held] = np.maximum.reduceat(products, starts, axis=0)
    return found * math.sqrt(math.pi / 2 / dimensions)  # of a sum with signs to a cosine, where no direction stands out


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
