"""Passages: their spans, their size, and the headings over them."""

from __future__ import annotations

import random
from itertools import pairwise

from index.chunk import MARKS, chunk, context
from index.types import Page, ReadDocument
from tests.index.conftest import plain

LIMIT = 64


def words(texts):
    return [len(text.split()) for text in texts]


def markdown(*texts):
    return ReadDocument("Title", "markdown", tuple(Page(None, text) for text in texts))


def check(document, chunks, count=words, limit=LIMIT):
    for one in chunks:
        page = document.pages[one.page].text
        assert page[one.start : one.end] == one.text == one.text.strip() != ""
        room = limit - MARKS - min(count([context(document.title, one.heading)])[0], limit // 4)
        assert count([one.text])[0] <= room
    spans = [(one.page, one.start, one.end) for one in chunks]
    assert spans == sorted(spans)
    assert all(a[0] < b[0] or a[2] <= b[1] for a, b in pairwise(spans))


def test_spans_are_exact_and_nothing_is_lost_whatever_the_text():
    choice = random.Random(3)
    pieces = [
        "word ",
        "Stop. ",
        "\n",
        "\n\n",
        "# Head\n",
        "## Sub\n",
        "中文。",
        "😀",
        "x" * 90,
        "- item\n",
        "a | b\n",
        "\u00a0",
    ]
    for _ in range(300):
        texts = ["".join(choice.choices(pieces, k=choice.randint(0, 120))) for _ in range(choice.randint(1, 3))]
        document = ReadDocument("T", choice.choice(["markdown", "text"]), tuple(Page(None, text) for text in texts))
        chunks = chunk(document, words, LIMIT)
        check(document, chunks)
        if document.kind == "text":
            assert "".join("".join(one.text.split()) for one in chunks) == "".join("".join(texts).split())


def test_with_the_real_tokenizer(embedder):
    text = "The viscosity of glycerol is 1.412 Pa·s. " * 60 + "Supercalifragilistic" * 400 + " 漢字" * 300
    document = plain(text)
    chunks = chunk(document, embedder.count_tokens, embedder.max_tokens)
    check(document, chunks, embedder.count_tokens, embedder.max_tokens)
    assert max(len(one.text) for one in chunks) < 5000


def test_headings_are_a_path_and_hold_on_to_the_next_page():
    chunks = chunk(markdown("# A\nOne.\n## B\nTwo.\n### C\nThree.\n## D\nFour.", "Five.\n# E\nSix."), words, LIMIT)
    assert [(one.heading, one.text) for one in chunks] == [
        ("A", "One."),
        ("A > B", "Two."),
        ("A > B > C", "Three."),
        ("A > D", "Four."),
        ("A > D", "Five."),
        ("E", "Six."),
    ]


def test_a_heading_with_nothing_below_it_is_a_passage_itself():
    chunks = chunk(markdown("# A\n## B\n## C ##\nText."), words, LIMIT)
    assert [(one.heading, one.text) for one in chunks] == [("A", "B"), ("A > C", "Text.")]


def test_a_number_sign_is_no_heading_in_plain_text():
    [one] = chunk(plain("# A comment\nand text."), words, LIMIT)
    assert (one.heading, one.text) == ("", "# A comment\nand text.")


def test_sentences_stay_whole_and_passages_even():
    sentence = "Nine words make up each sentence of this text. "
    chunks = chunk(plain(sentence * 9), words, LIMIT)
    assert [one.text.count(".") for one in chunks] == [5, 4]
    assert all(one.text.endswith("text.") for one in chunks)


def test_context_names_the_title_once():
    assert context("Tea", "Tea > Brewing") == "Tea > Brewing"
    assert context("Tea", "") == "Tea"
    assert context("", "Brewing") == "Brewing"
