"""A short version of bench/crash.py."""

from __future__ import annotations

import pytest

from bench.crash import run


@pytest.mark.slow
def test_five_kills_lose_nothing(tmp_path, embedder):
    assert run(tmp_path, documents=60, kills=5, spread=1.0, seed=12, embedder=embedder)
