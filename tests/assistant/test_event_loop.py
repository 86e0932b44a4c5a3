"""What servers run on."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from assistant.event_loop import leave_loaded_alone, run


@pytest.fixture
def _thawed() -> Iterator[None]:
    gc.unfreeze()  # what a batch of another test has left
    yield
    gc.unfreeze()


def test_a_fast_loop_runs_the_coroutine_and_hands_back_what_it_returns() -> None:
    async def main() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(main()) == "uvloop"


def test_what_a_coroutine_raises_comes_out() -> None:
    async def main() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(main())


@pytest.mark.usefixtures("_thawed")
def test_what_is_loaded_is_not_looked_through_again() -> None:
    leave_loaded_alone()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 10_000
