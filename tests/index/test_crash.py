"""A short version of bench/crash.py."""

from __future__ import annotations

import pytest

from bench.crash import run


@pytest.mark.slow
def test_six_kills_lose_nothing(tmp_path, embedder):
    assert run(tmp_path, documents=20, kills=6, spread=1.0, seed=12, embedder=embedder)
