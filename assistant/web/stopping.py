"""Lets a server that is told to stop put away what it has."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopping_in_order() -> Iterator[None]:
    """Keeps SIGTERM, by which services and containers are stopped, from ending the process while uvicorn serves.

    Uvicorn ends what it serves at the signal and then raises it again, which would end the process before running turns
    are written down and before the kernels and vLLM are stopped.
    """
    if threading.current_thread() is not threading.main_thread():  # signals do not come here
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
