"""What is printed."""

import pytest

from assistant.terminal import LINES, visible


@pytest.mark.parametrize("text", ["10\u00a0km", "1\u202f000", "👩\u200d🚒", "می\u200cروم", "naïve 中文"])
def test_a_text_of_any_language_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb", r"a\x1b[31mb"), ("a\nb", r"a\nb"), ("a\u202eb", r"a\u202eb"), ("a\x9bb", r"a\x9bb")],
)
def test_what_a_terminal_obeys_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_where_they_are_asked_for() -> None:
    assert visible("a\n\tb\r", LINES) == "a\n\tb\\r"
