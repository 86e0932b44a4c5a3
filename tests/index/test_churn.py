"""A short version of bench/churn.py, and that its checks see what they should."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from bench.churn import MeanColour, content, faults, path_of, run, told
from index.library import Library


@pytest.mark.slow
def test_kills_between_changes_and_removals_lose_nothing(tmp_path, embedder):
    assert run(tmp_path, kills=4, spread=1.0, seed=12, embedder=embedder)


@pytest.fixture
def filled(tmp_path, embedder):
    """Documents 1 and 2 in version 7, both with pictures."""
    with closing(Library.open(tmp_path / "library", embedder, picture_embedder=MeanColour())) as library:
        library.add_documents([(path_of(number), content(number, 7)) for number in (1, 2)])
    return tmp_path / "library"


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        ("done 1:7 2:7", None),
        ("done 1:6 2:7\nbegin 1:7", None),
        ("begin 1:7 2:7", None),
        ("done 1:7 2:7\nbegin 2:0", None),
        ("done 1:6 2:7", r"document 1 has version 7, not one of \[6\]"),
        ("done 1:7 2:0", r"document 2 has version 7, not one of \[0\]"),
        ("done 1:7 2:7 3:1\nbegin 3:2", r"document 3 has version 0, not one of \[1, 2\]"),
    ],
)
def test_what_was_said_is_compared_with_what_is_there(tmp_path, filled, embedder, log, problem):
    (tmp_path / "log").write_text(f"{log}\n")
    found = "\n".join(faults(filled, tmp_path / "log", embedder))
    if problem:
        assert re.search(problem, found)
        return
    certain, possible = told(tmp_path / "log")
    assert (found, certain[1], certain[2], possible) == ("", 7, 7, {})
