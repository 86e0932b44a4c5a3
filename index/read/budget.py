"""What the reading of one file may cost; readers ask before they do what may cost much."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from index.errors import UnreadableFile
from index.reasons import reason

SECONDS = 30.0
PATIENCE = 4.0
"""How many times as long by the clock a file may take where other programs keep its process from working."""
MEGABYTES = 1000
DEEPEST = 3
"""How many containers may stand in one another: an archive in an e-mail in an archive."""
MOST_UNPACKED = 300_000_000
"""Bytes that all containers of a file may unpack to together."""
MOST_MEMBERS = 1000
"""Files that all containers of a file may hold together."""
# Text recognition is the one thing that takes seconds; what remains is for packing and handing over.
_SHARE_FOR_PAGES, _SHARE_FOR_PICTURES = 0.93, 0.5
_MOST_PICTURES_RECOGNISED = 20


def counted(clock: float, processor: float) -> float:
    """Returns the seconds that count against a file's limit.

    What a file becomes must not depend on how busy the machine is, so seconds in which its process waited for a
    processor do not count, as long as they are not too many.

    Args:
        clock: Seconds that have passed.
        processor: Seconds that all threads of the process have worked.
    """
    return max(min(clock, processor), clock / PATIENCE)


class Harmful(UnreadableFile):
    """A file that is refused whole, also where the harm is in one of the files that it holds."""


Beside = Callable[[str], bytes | None]
"""Returns the content of a file that a document refers to by a relative name, None where there is none."""


@dataclass(slots=True)
class Budget:
    """What is left for one file, everything in it included.

    Attributes:
        seconds: How long reading may take in all.
        began: By the monotonic clock.
        worked: What the process had worked by then.
        depth: How many containers the reader stands in.
        unpacked: Bytes unpacked so far.
        members: Files unpacked so far.
        pictures: Pictures in documents whose words were recognised so far.
        beside: Finds what stands beside the document that is being read.
    """

    seconds: float = SECONDS
    began: float = field(default_factory=time.monotonic)
    worked: float = field(default_factory=time.process_time)
    depth: int = 0
    unpacked: int = 0
    members: int = 0
    pictures: int = 0
    beside: Beside = field(default=lambda name: None)

    @property
    def spent(self) -> float:
        """Seconds that count so far."""
        return counted(time.monotonic() - self.began, time.process_time() - self.worked)

    def unpack(self, size: int) -> None:
        """Counts a file that is about to be unpacked.

        Raises:
            UnreadableFile: It, or all of them, are too many or too large.
        """
        self.members += 1
        self.unpacked += size
        if self.members > MOST_MEMBERS:
            raise Harmful(reason("bomb_files", most=MOST_MEMBERS))
        if self.unpacked > MOST_UNPACKED:
            raise Harmful(reason("bomb_size", most=MOST_UNPACKED // 1_000_000))

    def time_for(self, seconds: float) -> bool:
        """Whether something that will take so long may be begun."""
        return self.spent + seconds < _SHARE_FOR_PAGES * self.seconds

    def take_picture(self) -> bool:
        """Whether the words of another picture in a document may be recognised; they are worth having, not needed."""
        late = self.spent > _SHARE_FOR_PICTURES * self.seconds
        self.pictures += 1
        return not late and self.pictures <= _MOST_PICTURES_RECOGNISED

    @contextmanager
    def inside(self, beside: Beside | None = None) -> Iterator[None]:
        """Goes one container deeper.

        Args:
            beside: Finds what stands beside the documents in it.

        Raises:
            UnreadableFile: There are too many in one another.
        """
        if self.depth >= DEEPEST:
            raise UnreadableFile(reason("deep", most=DEEPEST))
        before = self.beside
        self.depth, self.beside = self.depth + 1, beside or (lambda name: None)
        try:
            yield
        finally:
            self.depth, self.beside = self.depth - 1, before


_current: ContextVar[Budget] = ContextVar("budget")


def budget() -> Budget:
    """Returns that of the file that is being read; a new one where a reader is called by itself."""
    found = _current.get(None)
    if found is None:
        _current.set(found := Budget())
    return found


@contextmanager
def new_budget(seconds: float = SECONDS, beside: Beside | None = None) -> Iterator[Budget]:
    """Begins a file."""
    made = Budget(seconds, beside=beside or (lambda name: None))
    token = _current.set(made)
    try:
        yield made
    finally:
        _current.reset(token)
