"""The map of a library: passages that are near in meaning lie near to each other, and topics have names.

The places of some passages are found by t-SNE (van der Maaten and Hinton, Visualizing data using t-SNE, 2008); all
others lie between those of them that are nearest. A topic is a cluster of vectors, named by the words that it has more
of than the others (Grootendorst, BERTopic, 2022, https://arxiv.org/abs/2203.05794, class-based TF-IDF).
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from index.store import Store
from index.vectors import PASSAGES, dimensions_of, mark
from index.words import STOP_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Labels = NDArray[np.int64]

_log = logging.getLogger(__name__)

FILE = "map.json"
VERSION = 1
"""Of how it is drawn; a map of another is drawn anew."""
MOST = 10_000
"""Passages on the map; of more, as many are taken evenly."""
LANDMARKS = 1_200
"""Passages whose places t-SNE finds: a second of work on one processor."""
MOST_TOPICS = 16
"""As many as there are colours that can be told apart."""
NEAREST = 5
"""Landmarks between which another passage lies."""
SHARPNESS = 30.0
SNIPPET = 140
NAMED_BY = 3
# Beside those that say nothing in a question: what names no topic, in the languages that libraries mostly hold.
UNTELLING = STOP_WORDS | frozenset(
    "after all also among because before between both during each even every few first further however last like "
    "made make many more most much new next often one only other over per same second some still three through "
    "too two under until upon use used using very well within without aber alle als am auch auf aus bei beim bis "
    "da damit dann das dass dem den denn der des die dies diese diesem diesen dieser dieses doch durch ein eine "
    "einem einen einer eines er es etwa für gegen hat haben hier ich ihr ihre im ist ja jede jeder jedes kann "
    "kein keine man mehr mit nach nicht noch nur ob oder ohne sehr seit sein seine sich sie sind so soll sowie "
    "über um und uns unter vom von vor war waren was weil wenn werden wie wieder wir wird wurde wurden zu zum zur "
    "zwei zwischen au aux avec ce ces cette dans de des du elle en est et il ils la le les leur mais ne nous par "
    "pas plus pour que qui sa se ses son sont sur un une vous".split()
)
ENDING = re.compile(r"\.\w{1,5}$")
WORD = r"(?u)\b[^\W\d_]{3,}\b"


@dataclass(frozen=True, slots=True)
class Spot:
    """A passage on the map.

    Attributes:
        document: The document's id.
        page: The page's number, None where the format has no pages.
        x: From the left, 0 to 1.
        y: From the top, 0 to 1.
        topic: Which topic.
        text: How it begins.
    """

    document: int
    page: int | None
    x: float
    y: float
    topic: int
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A region of the map.

    Attributes:
        words: What it has more of than the others; the most telling first.
        x: Its middle.
        y: The same from the top.
        passages: How many are in it.
    """

    words: tuple[str, ...]
    x: float
    y: float
    passages: int


@dataclass(frozen=True, slots=True)
class LibraryMap:
    """A map.

    Attributes:
        spots: The passages on it.
        topics: What is where, by number.
        titles: Of the documents, by id.
        passages: How many the library holds; more than ``spots`` where these are a sample.
    """

    spots: tuple[Spot, ...]
    topics: tuple[Topic, ...]
    titles: dict[int, str]
    passages: int


class Mapped:
    """What a library draws of itself.

    Args:
        store: What is held.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._drawing = Lock()

    def map(self) -> LibraryMap:
        """Returns the map; drawn anew where passages have come or gone, which takes a few seconds.

        Raises:
            LibraryError: The store cannot be read.
        """
        with self._drawing, self._store.reading() as connection:
            # The drawing depends on nothing else.
            key = [VERSION, *asdict(mark(connection)).values()]
            path = self._store.folder / FILE
            kept = _kept(path, key)
            drawn = kept or draw(connection)
        if kept is None:
            _keep(path, key, drawn)
        return drawn


def draw(connection: sqlite3.Connection) -> LibraryMap:
    """Draws the map of what a connection sees."""
    total = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
    numbers = _sample(connection, total)
    if not numbers:
        return LibraryMap((), (), {}, 0)
    vectors, rows = _read(connection, numbers)
    places, topics = _unit(_places(vectors)), _clusters(vectors)
    # Where a document has no title, its file's name stands for it, whose ending says nothing of the topic.
    names = _names([f"{ENDING.sub('', row[3])} {row[4]}" for row in rows], topics)
    spots = tuple(
        Spot(row[1], row[2], round(float(x), 4), round(float(y), 4), int(topic), _short(row[4]))
        for row, (x, y), topic in zip(rows, places, topics, strict=True)
    )
    found = tuple(_topic(words, places[topics == number]) for number, words in enumerate(names))
    titles = dict(connection.execute("SELECT id, title FROM documents").fetchall())
    used = {spot.document for spot in spots}
    return LibraryMap(spots, found, {number: title for number, title in titles.items() if number in used}, total)


def _sample(connection: sqlite3.Connection, total: int) -> list[int]:
    """Passages evenly over the library, in the order in which they were added."""
    rows = [row[0] for row in connection.execute("SELECT passage FROM vectors ORDER BY passage")]
    if total <= MOST:
        return rows
    return [rows[at * total // MOST] for at in range(MOST)]


def _read(connection: sqlite3.Connection, numbers: Sequence[int]) -> tuple[Matrix, list[Any]]:
    """Returns the vectors, shape (passages, dimensions), and id, document, page, title and text of each passage."""
    import numpy as np

    query = """
        SELECT passages.id, pages.document, number, title, substr(passages.text, 1, 2000), vector FROM passages
        JOIN vectors ON vectors.passage = passages.id JOIN pages ON pages.id = passages.page
        JOIN documents ON documents.id = pages.document
        WHERE passages.id IN (SELECT value FROM json_each(?)) ORDER BY passages.id
    """
    rows = connection.execute(query, (json.dumps(list(numbers)),)).fetchall()
    blob = b"".join(row[5] for row in rows)
    return np.frombuffer(blob, "<f4").reshape(len(rows), dimensions_of(connection, PASSAGES)), rows


def _places(vectors: Matrix) -> Matrix:
    """Returns the passages' places, shape (passages, 2)."""
    import numpy as np

    count = len(vectors)
    if count <= NEAREST:  # too few for anything to be near
        around = 2 * np.pi * np.arange(count) / count
        return np.stack([np.cos(around), np.sin(around)], axis=1).astype(np.float32)
    chosen = np.arange(min(count, LANDMARKS)) * count // min(count, LANDMARKS)
    landmarks = vectors[chosen]
    places = _embedded(landmarks)
    if len(chosen) == count:
        return places
    near = vectors @ landmarks.T
    nearest = np.argpartition(-near, NEAREST, axis=1)[:, :NEAREST]
    cosines = np.take_along_axis(near, nearest, axis=1)
    weights = np.exp(SHARPNESS * (cosines - cosines.max(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    between = np.asarray((weights[:, :, None] * places[nearest]).sum(axis=1), np.float32)
    between[chosen] = places
    return between


def _embedded(vectors: Matrix) -> Matrix:
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count = len(vectors)
    # On several processors its threads wait for each other, where others work too for longer than one would take.
    with threadpool_limits(1):
        reduced = PCA(min(30, count - 1, vectors.shape[1]), random_state=0).fit_transform(vectors)
        perplexity = min(25.0, (count - 1) / 3)
        model = TSNE(2, init="pca", perplexity=perplexity, max_iter=350, random_state=0, n_jobs=1)
        return np.asarray(model.fit_transform(reduced), np.float32)


def _unit(places: Matrix) -> Matrix:
    """Puts places between 0 and 1, with a margin."""
    import numpy as np

    low, high = places.min(axis=0), places.max(axis=0)
    span = high - low
    span[span == 0] = 1
    return np.asarray(0.03 + 0.94 * (places - low) / span, np.float32)


def _clusters(vectors: Matrix) -> Labels:
    """Returns each passage's topic, numbered without gaps."""
    import numpy as np
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    wanted = min(max(2, round(math.sqrt(len(vectors) / 2))), MOST_TOPICS, len(vectors))
    with threadpool_limits(1):
        model = MiniBatchKMeans(wanted, n_init=2, batch_size=512, max_iter=50, random_state=0)
        labels = model.fit_predict(vectors)
    return np.asarray(np.unique(labels, return_inverse=True)[1], np.int64)


def _names(texts: Sequence[str], topics: Labels) -> list[tuple[str, ...]]:
    """Returns the words of each topic."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    count = int(topics.max()) + 1
    # A word of every other passage names nothing, in any language.
    share = 0.5 if len(texts) > 20 else 1.0  # noqa: PLR2004
    counter = CountVectorizer(
        stop_words=sorted(UNTELLING), token_pattern=WORD, max_df=share, max_features=20_000, binary=True
    )
    try:
        held = counter.fit_transform(texts)
    except ValueError:  # there are no words at all
        return [()] * count
    words = counter.get_feature_names_out()
    of_topic = np.vstack([np.asarray(held[topics == number].sum(axis=0)).ravel() for number in range(count)])
    share_of = of_topic / np.maximum(1, of_topic.sum(axis=1, keepdims=True))
    telling = share_of * np.log1p(of_topic.sum(axis=1).mean() / np.maximum(1, of_topic.sum(axis=0)))
    best = np.argsort(-telling, axis=1, kind="stable")[:, :NAMED_BY]
    return [tuple(str(words[at]) for at in row if telling[number, at] > 0) for number, row in enumerate(best)]


def _topic(words: tuple[str, ...], places: Matrix) -> Topic:
    import numpy as np

    x, y = np.median(places, axis=0)
    return Topic(words, round(float(x), 4), round(float(y), 4), len(places))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SNIPPET else line[: SNIPPET - 1] + "…"


def _kept(path: Path, key: list[Any]) -> LibraryMap | None:
    """Returns the map of an earlier time, if it is of the same passages."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["key"] != key:
            return None
        spots = tuple(Spot(*row) for row in held["spots"])
        topics = tuple(Topic(tuple(words), *rest) for words, *rest in held["topics"])
        titles = {int(number): title for number, title in held["titles"].items()}
        return LibraryMap(spots, topics, titles, held["passages"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("%s cannot be used and is drawn anew: %s", path, error)
        return None


def _keep(path: Path, key: list[Any], drawn: LibraryMap) -> None:
    """Writes a map for the next time; failing to do so loses only time."""
    spots = [[spot.document, spot.page, spot.x, spot.y, spot.topic, spot.text] for spot in drawn.spots]
    topics = [[topic.words, topic.x, topic.y, topic.passages] for topic in drawn.topics]
    held = {"key": key, "spots": spots, "topics": topics, "titles": drawn.titles, "passages": drawn.passages}
    with suppress(OSError):
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
        aside.replace(path)
