import pytest

from tests.ui.answers import CITATION
from ui.text import fenced, linked, marked, plain, prose, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* `c`", "a &#42;b&#42; &#96;c&#96;"),
        ("<b>", "&#60;b&#62;"),
        ("[x](y)", "&#91;x&#93;(y)"),
        ("# head", "&#35; head"),
        ("- item", "&#45; item"),
        ("a - b", "a - b"),
        ("1. item", "1&#46; item"),
        ("it is 1.5", "it is 1.5"),
        ("    code", "&nbsp;&nbsp;&nbsp;&nbsp;code"),
        ("a\n===", "a\n&#61;=="),
        ("&lt;", "&#38;lt;"),
    ],
)
def test_a_question_is_shown_as_it_was_typed(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("1 < 2 and a<b", "1 < 2 and a&lt;b"),
        ("`<b>` and <b>", "`<b>` and &lt;b>"),
        ("```html\n<b>\n```\n<b>", "```html\n<b>\n```\n&lt;b>"),
        ("```html\n<b>", "```html\n<b>"),
        ("![x](http://a/b.png)", "&#33;[x](http://a/b.png)"),
        ("``a ` <b>`` <i>", "``a ` <b>`` &lt;i>"),
        ("Hello! [1]", "Hello! [1]"),
    ],
)
def test_html_and_pictures_are_taken_out_of_prose_and_left_in_code(text, shown):
    assert prose(text) == shown


def test_citations_become_links_defined_below_the_text():
    text = linked("Three months [1][2], see [3] and `[1]`.", [CITATION], 5)
    body, definitions = text.split("\n\n")
    assert body == "Three months [1]&#8203;&#91;2&#93;, see &#91;3&#93; and `[1]`."
    assert definitions == '[1]: #source-5-1 "Handbook, page 4"'


def test_a_title_cannot_end_its_definition():
    from dataclasses import replace

    hostile = replace(CITATION, title='A" <script>\n\n[2]: http://x \\', page=None)
    definition = linked("[1]", [hostile], 0).split("\n\n")[1]
    assert definition == '[1]: #source-0-1 "A&quot; &lt;script&gt; [2]: http://x &#92;"'


def test_unsupported_sentences_are_marked_where_they_stand():
    text, missing = marked("One is so. Two\nis [1] not. Three.", ["Two is not.", "Four is nowhere."], "<", ">")
    assert text == "One is so. <Two\nis [1] not.> Three."
    assert missing == ["Four is nowhere."]


def test_nothing_in_a_text_ends_its_code_block():
    assert fenced("a\n````\nb") == "`````\na\n````\nb\n`````"


def test_a_long_text_says_how_much_is_left_out():
    assert shortened("abc" * 1000, 6) == "abcabc … (2,994 more characters)"
    assert shortened("abc", 3) == "abc"
