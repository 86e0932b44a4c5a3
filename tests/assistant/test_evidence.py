import pytest

from assistant.events import ToolCall
from assistant.evidence import Checked, Ledger, check
from index.types import Document, Hit, Passage

PAGE = "Intro line. The lighthouse was built in 1874 by Clara Holm. Its lamp can be seen from 19 nautical\nmiles away."
START = len("Intro line. ")
DOCUMENT = Document(1, "/d/l.md", "Lighthouse", "markdown", "0", 1, 1, 1, "")


def hit(number: int = 1, start: int = START, end: int = len(PAGE)) -> Hit:
    return Hit(Passage(number, 1, None, start, end, "", PAGE[start:end]), DOCUMENT, 1, 1, 1)


def checked(text: str, *results: object, page: str = PAGE, cosine: float = 0.0) -> Checked:
    ledger = Ledger()
    ledger.cite(hit())
    calls = [ToolCall(str(n), "calculator", {}, result, True, 0) for n, result in enumerate(results)]
    return check(text, ledger, calls, lambda document, number: page, lambda claim, texts: [cosine] * len(texts))


def test_a_supported_sentence_gets_the_exact_words() -> None:
    found = checked("It was built in 1874 by Clara Holm. [1]")
    (citation,) = found.citations
    assert citation.quote == "The lighthouse was built in 1874 by Clara Holm."
    assert PAGE[citation.start : citation.end] == citation.quote
    assert (found.unsupported, found.claims, found.support) == ((), 1, 1.0)


def test_the_marker_may_stand_before_or_behind_the_full_stop() -> None:
    for text in ("Built in 1874 by Clara Holm [1]. Seen from 19 nautical miles away [1].", "Built by Clara Holm.[1]"):
        assert checked(text).unsupported == ()


def test_a_quotation_must_be_verbatim_but_for_white_space() -> None:
    assert checked('It says "can be seen from 19 nautical miles away" [1].').citations[0].quote == (
        "can be seen from 19 nautical\nmiles away"
    )
    assert checked('It says "can be seen from nineteen miles" [1].').unsupported != ()


@pytest.mark.parametrize(
    "text",
    [
        "It was built in 1974 by Clara Holm. [1]",  # a number that is not there
        "Penguins breed in the southern winter. [1]",  # nothing of it is there
        "The tower has a red door made of steel.",  # no source at all
        "It was built in 1874 by Clara Holm. [7]",  # a source that does not exist
        "It was not built in 1874 by Clara Holm. [1]",  # the contrary
        "It was built in 1874 by a certain Otto Berg. [1]",  # somebody else
        "Its lamp can be seen from twelve nautical miles away. [1]",  # a number in words
        "It was built in 1875 by Clara Holm 【1】.",  # another form of the marker
        "You get a golden bicycle after the first month.",  # spoken to the person, and no source
        "The tower has 55 windows in all:",
        "Otto Berg.",
    ],
)
def test_what_is_not_supported_is_marked(text: str) -> None:
    found = checked(text)
    assert len(found.unsupported) == 1
    assert found.citations == ()


def test_markers_that_point_at_nothing_are_dropped() -> None:
    assert checked("Built by Clara Holm [7], in 1874 [1, 9].").text == "Built by Clara Holm, in 1874 [1]."
    assert checked("Penguins breed in winter [1].").text == "Penguins breed in winter."


def test_other_forms_of_markers_are_understood() -> None:
    for text in (
        "Built in 1874 by Clara Holm 【1】.",
        "Built in 1874 by Clara Holm ［1］.",
        "Built by Clara Holm [1-3].",
    ):
        assert len(checked(text).citations) == 1
        assert checked(text).unsupported == ()


def test_two_quotes_of_one_passage_are_two_citations() -> None:
    found = checked("It was built in 1874 by Clara Holm [1]. Its lamp can be seen from 19 nautical miles away [1].")
    assert [citation.n for citation in found.citations] == [1, 1]
    assert found.citations[0].quote != found.citations[1].quote


def test_signs_that_models_change_still_match() -> None:
    assert checked("“the lighthouse was built … by Clara Holm.” [1]").unsupported == ()
    assert checked('"BUILT IN 1874 BY CLARA HOLM" [1]').citations[0].quote == "built in 1874 by Clara Holm"


def test_a_number_behind_the_last_sentence_may_stand_for_those_before() -> None:
    text = "It was built in 1874 by Clara Holm. Its lamp can be seen from 19 nautical miles away. [1]"
    assert checked(text).unsupported == ()


def test_a_marker_is_not_a_link_or_an_index() -> None:
    assert checked("See [1](http://x) and list [a].").text == "See [1](http://x) and list [a]."


def test_other_words_of_the_same_meaning_are_accepted() -> None:
    text = "A woman erected that tower long ago. [1]"
    assert checked(text, cosine=0.2).unsupported != ()
    assert checked(text, cosine=0.9).unsupported == ()


def test_a_number_may_come_from_a_tool() -> None:
    assert checked("The total is 293.", {"value": "293"}).unsupported == ()
    assert checked("The total is 294.", {"value": "293"}).unsupported == ("The total is 294.",)
    assert checked("2,480 is the price.", {"value": 2480}).unsupported == ()


def test_a_tools_own_words_may_be_repeated_but_nothing_added() -> None:
    proved = {"text": "proved: the product of m and n is even. It was checked by trying every remainder."}
    assert not checked("proved: the product of m and n is even.", proved).unsupported
    assert not checked(
        "proved: the product of m and n is even. (computed by the tool `calculator`)", proved
    ).unsupported
    assert not checked("It was checked by trying every remainder.", proved).unsupported
    assert checked("proved: the product of m and n is even and Holm built the lighthouse.", proved).unsupported
    assert checked("Neither was it proved that the product of m and n is even.", proved).unsupported
    assert checked("The product of several odd integers is always odd.", proved).unsupported


@pytest.mark.parametrize("result", ["heads and tails", ["heads", "tails"], {"first": "heads", "second": "tails"}])
def test_a_result_of_any_form_may_be_repeated(result: object) -> None:
    said = {list: "The tool `calculator` returned heads, tails", dict: "first: heads\n\nsecond: tails"}
    shown = said.get(type(result), "The tool `calculator` returned heads and tails")
    assert checked(shown, result).unsupported == ()
    assert checked(f"{shown} for the lighthouse keeper", result).unsupported != ()


def test_what_states_nothing_needs_no_source() -> None:
    for text in ("Hello! How can I help you today?", "Sure.", "Which lighthouse do you mean exactly, please?", ""):
        assert checked(text).claims == 0


def test_lists_in_code_are_no_citations() -> None:
    text = "The dice show `[6, 6, 6]`."
    assert checked(text, [6, 6, 6]).text == text
    assert checked(text, [6, 6, 6]).unsupported == ()


def test_code_is_left_out() -> None:
    assert checked("```python\nanswer = 42\nprint(answer)\n```").claims == 0


def test_a_quote_that_the_stored_text_no_longer_has_is_no_citation() -> None:
    found = checked("It was built in 1874 by Clara Holm. [1]", page="something else")
    assert found.citations == ()
    assert len(found.unsupported) == 1


def test_lists_are_checked_item_by_item() -> None:
    found = checked("- built in 1874 by Clara Holm [1]\n- painted green by robots in Norway [1]")
    assert found.unsupported == ("painted green by robots in Norway",)


def test_a_passage_keeps_its_number() -> None:
    ledger = Ledger()
    assert [ledger.cite(hit(n)) for n in (5, 9, 5, 7)] == [1, 2, 1, 3]
    assert [item.n for item in ledger.take_new()] == [1, 2, 3]
    assert ledger.take_new() == []
    again = Ledger([item for n in (1, 2, 3) if (item := ledger.get(n))])
    assert (again.cite(hit(9)), again.cite(hit(11))) == (2, 4)
