"""What a problem may cost, and how it is refused."""

from __future__ import annotations

MAX_LENGTH = 4_000  # characters of a problem with its constraints
MAX_PROOF = 50_000  # characters of a proof in Lean
MAX_DEPTH = 60  # brackets, powers, signs and quantifiers within each other
MAX_NODES = 5_000
MAX_EXPONENT = 1_000  # of a number's power of ten, such as 1e300
MAX_POWER = 64  # to which a variable may be raised before Z3, which is given a product
MAX_BITS = 100_000  # of a number that is computed
MAX_FACTORIAL = 5_000
MAX_RESIDUES = 4_096  # rows of a table of remainders
MAX_SIZE = 12  # rows and columns of a matrix
MAX_SHOWN = 4_000  # characters of a result

SECONDS = 10.0
MAX_SECONDS = 60.0
MEMORY = 2 << 30  # bytes of address space of the worker, libraries included
START_SECONDS = 20.0  # for the worker to load its libraries
GRACE_SECONDS = 1.0  # beyond the time that was given, for a worker to end by itself
IDLE_SECONDS = 600.0
MAX_WORKERS = 2  # at once
MAX_ANSWER = 1 << 20  # characters


class SolveError(Exception):
    """A problem cannot be read, has no defined result or would cost too much; the text is one clear line."""


class OutOfTime(SolveError):
    """The time given was not enough."""
