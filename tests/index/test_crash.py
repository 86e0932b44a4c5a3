"""A short version of bench/crash.py."""

from __future__ import annotations

import pytest

from bench.crash import run


@pytest.mark.slow
def test_five_kills_lose_nothing(tmp_path):
    assert run(tmp_path, documents=40, kills=5, spread=8.0, seed=11)
