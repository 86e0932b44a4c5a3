"""Sentences: that none is lost, and that the usual traps are not fallen into."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest

from index.sentences import sentences


def cut(text):
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. Nobody came.", ["It rained.", "Nobody came."]),
        ("Dr. Smith paid $3.5 million to J. K. Rowling et al. in the U.S. Army.", 1),
        ("See Fig. 3 and Eq. 4. Then vol. 2, no. 5 follows.", ["See Fig. 3 and Eq. 4.", "Then vol. 2, no. 5 follows."]),
        ("A line that is\nwrapped goes on. So\ndoes this", ["A line that is\nwrapped goes on.", "So\ndoes this"]),
        ("# Heading\nBody. More.", ["# Heading", "Body.", "More."]),
        ("1. First\n2. Second. More\n- third", ["1. First", "2. Second.", "More", "- third"]),
        ("| a | b |\n| c | d |\nText", ["| a | b |", "| c | d |", "Text"]),
        ("x | 1\ny | 2", ["x | 1", "y | 2"]),
        ("One paragraph\n\nanother", ["One paragraph", "another"]),
        ("“Really?” she asked. 中文句子。第二句!", ["“Really?” she asked.", "中文句子。", "第二句!"]),
        ("", []),
        (" \n\t\n ", []),
    ],
)
def test_examples(text, expected):
    assert (len(cut(text)) if isinstance(expected, int) else cut(text)) == expected


def test_every_character_but_white_space_is_in_exactly_one_sentence():
    choice = random.Random(5)
    letters = "abc. \n!?\"'()😀中。é\u0301\u200b\x00[]1234,;:-*#|\t\u2028\ud800𝒳«»“” "
    for _ in range(3000):
        text = "".join(choice.choices(letters, k=choice.randint(0, 80)))
        spans = sentences(text)
        assert all(start < end for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        assert all(text[start:end] == text[start:end].strip() for start, end in spans)
        assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


@pytest.mark.parametrize("piece", ["a", ". ", "| ", "a | b\n", "\n", " ", " \n", "# ", "- a\n", "(a. ", "Eq. 1 "])
def test_a_long_monotonous_text_takes_no_long_time(piece):
    began = time.perf_counter()
    sentences(piece * (200_000 // len(piece)))
    assert time.perf_counter() - began < 5
