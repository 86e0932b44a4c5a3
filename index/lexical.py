"""Finding passages by their words: BM25 of FTS5, with bounded work however large the library is.

BM25 costs a microsecond for each passage that has any word of the question, which in a large library are most of them;
to look through a word's entries costs a twentieth of that. So where the words of a question occur too often in all,
only passages that have a rare word, or two of the others, are scored, and words that nearly everything has are
left out. In a library of some thousand passages nothing is.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import pairwise

from index.words import STOP_WORDS

# Title, headings, text: a word in a title says about as much as one in the text.
_COLUMN_WEIGHTS = "1.0, 1.0, 1.0"
# More words than these make a query slow and no better: they are a pasted page, not a question.
MAX_WORDS = 64
MAX_CHARACTERS = 10_000
PAIR_WEIGHT = 0.5
BETWEEN = 2
# Entries of all words together, up to which every passage that has one is scored; about 6 ms.
SCORED = 6_000
# Else: of the words that each propose passages alone, and of the rarest one if it is more common than that,
RARE, RAREST = 1_000, 20_000
# of the words that are looked through for passages that have two of them; about 2 ms,
LOOKED_THROUGH = 30_000
# and how many passages are scored then.
PROPOSED = 2_000
_REMEMBERED_WORDS = 20_000
_STALE = 1.1
# The tokenizer of the index takes the underscore for a gap between words.
_WORD = re.compile(r"[^\W_]+")


class WordSearch:
    """Finds passages by their words, in a thread beside whatever else a search waits for; used by any threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count() or 2, thread_name_prefix="index-words")
        self._frequencies = Frequencies()

    @contextmanager
    def begun(
        self, connection: sqlite3.Connection, query: str, count: int, among: Sequence[int] | None = None
    ) -> Iterator[Callable[[], dict[int, float]]]:
        """Begins a search, which is over when the block is.

        Args:
            connection: In a reading transaction; nobody else uses it until the search is over.
            query: What is asked.
            count: How many passages at most.
            among: The passages to search; None searches all.

        Yields:
            What waits for the search and returns what `lexical` does.
        """
        found = self._threads.submit(lexical, connection, query, count, among, self._frequencies)
        try:
            yield found.result
        finally:
            wait([found])

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown()


class Frequencies:
    """How many passages of a library have a word; remembered until the library has grown by a tenth."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, connection: sqlite3.Connection, words: Sequence[str]) -> dict[str, int]:
        """Returns the frequency of each word."""
        size = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
        return {word: self._of(connection, word, size[0] if size else 0) for word in words}

    def _of(self, connection: sqlite3.Connection, word: str, size: int) -> int:
        known = self._known.get(word)
        if known is None or not known[1] <= size <= _STALE * known[1]:
            query = "SELECT count(*) FROM words WHERE words MATCH ?"
            known = connection.execute(query, (words_expression([word]),)).fetchone()[0], size
            if len(self._known) >= _REMEMBERED_WORDS:
                self._known = {}
            self._known[word] = known
        return known[0]


def lexical(
    connection: sqlite3.Connection,
    query: str,
    count: int,
    among: Sequence[int] | None = None,
    frequencies: Frequencies | None = None,
) -> dict[int, float]:
    """Finds passages by their words.

    Args:
        connection: In a reading transaction.
        query: What is asked.
        count: How many passages at most.
        among: The passages to search; None searches all.
        frequencies: What is remembered of them.

    Returns:
        BM25 divided by the best BM25 of this query, 0 to 1, by passage.
    """
    words = telling_words(query)
    rare, common = _parted(words, among, (frequencies or Frequencies()).of(connection, words))
    scores = dict(_bm25(connection, words_expression([*rare, *common]), count, *_proposed(rare, common, among)))
    # Words that stand together in the question and in the passage belong together.
    near = [pair for pair in pairwise(words) if not {*pair}.isdisjoint(rare) and {*pair} <= {*rare, *common}]
    for number, score in _bm25(connection, pairs_expression(near), count, *_listed(list(scores))):
        scores[number] += PAIR_WEIGHT * score
    best = max(scores.values(), default=0.0)
    return {number: score / best for number, score in scores.items()} if best > 0 else {}


def _parted(
    words: Sequence[str], among: Sequence[int] | None, frequencies: dict[str, int]
) -> tuple[list[str], list[str]]:
    """The words of which one is enough and those of which it takes two; the most common ones may be in neither."""
    if sum(frequencies.values()) <= SCORED or (among is not None and len(among) <= SCORED):
        return list(words), []
    rare: list[str] = []
    common: list[str] = []
    entries = 0
    for word in sorted(frequencies, key=lambda word: frequencies[word]):
        often = frequencies[word]
        if not common and (entries + often <= RARE or (not entries and often <= RAREST)):
            rare.append(word)
        elif entries + often <= LOOKED_THROUGH:
            common.append(word)
        else:
            break
        entries += often
    return rare, common


def _proposed(
    rare: Sequence[str], common: Sequence[str], among: Sequence[int] | None
) -> tuple[str, tuple[object, ...]]:
    """A condition, with its values, that a passage has one of the rare words or two of the common ones."""
    chosen, values = _listed(among)
    if not common:
        return chosen, values
    both = [f'("{word}" AND ({words_expression(common[at:])}))' for at, word in enumerate(common[:-1], 1)]
    match = " OR ".join([*filter(None, [words_expression(rare)]), *both])
    if not match:
        return chosen, values
    query = f"SELECT rowid FROM words WHERE words MATCH ? {chosen} LIMIT {PROPOSED}"  # noqa: S608
    return f"AND +rowid IN ({query})", (match, *values)


def _listed(among: Sequence[int] | None) -> tuple[str, tuple[object, ...]]:
    """A condition, with its values, that a passage is one of these.

    The plus keeps SQLite from looking up each of them in the index on its own, which takes fifty times as long.
    """
    return ("", ()) if among is None else ("AND +rowid IN (SELECT value FROM json_each(?))", (json.dumps(list(among)),))


def _bm25(
    connection: sqlite3.Connection, match: str, count: int, chosen: str, values: tuple[object, ...]
) -> list[tuple[int, float]]:
    """Returns passages and their scores, best first."""
    if not match:
        return []
    query = f"""
        SELECT rowid, -bm25(words, {_COLUMN_WEIGHTS}) AS score FROM words WHERE words MATCH ? {chosen}
        ORDER BY score DESC LIMIT ?
    """  # noqa: S608
    return connection.execute(query, (match, *values, count)).fetchall()


def holding_all_words(connection: sqlite3.Connection, query: str) -> set[int]:
    """Returns the passages that hold every telling word of a query, in any of its forms."""
    match = " AND ".join(f'"{word}"' for word in telling_words(query))
    if not match:
        return set()
    return {row[0] for row in connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (match,))}


def telling_words(query: str) -> list[str]:
    """The words of a query in its order, each once, without stop words unless it has no others."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(query[:MAX_CHARACTERS])))
    return ([word for word in words if word not in STOP_WORDS] or words)[:MAX_WORDS]


def words_expression(words: Sequence[str]) -> str:
    """An expression of FTS5 for any of the words, each in quotes, so that nothing is taken for an operator."""
    return " OR ".join(f'"{word}"' for word in words)


def pairs_expression(pairs: Sequence[tuple[str, str]]) -> str:
    """An expression of FTS5 for any two words with at most ``BETWEEN`` others between them."""
    return " OR ".join(f'NEAR("{one}" "{other}", {BETWEEN})' for one, other in pairs)
