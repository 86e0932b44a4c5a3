"""What Ctrl-C does for a while."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    """Has Ctrl-C handled so within; in other threads than the first, to which it does not come, nothing is changed.

    Args:
        handler: As for ``signal.signal``.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
