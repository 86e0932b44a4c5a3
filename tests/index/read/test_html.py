"""Web pages."""

import base64
from pathlib import Path

import pytest

from index.read import read
from tests.index.read.files import picture

FIXTURES = Path(__file__).parents[2] / "fixtures"


def text_of(path: Path, markup: str | bytes) -> str:
    path.write_bytes(markup.encode() if isinstance(markup, str) else markup)
    return read(path).pages[0].text


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def test_real_article() -> None:
    document = read(FIXTURES / "flag-day.html")
    text = document.pages[0].text
    assert document.title == "National Flag of Canada Day - Wikipedia"
    assert "\n\n## History\n\n### Background\n\n" in text
    assert "Nearly 4,000 designs were submitted by Canadians." in text
    assert "\nDate | February 15\n" in text
    assert not any(unseen in text for unseen in ("Jump to", "[edit]", "Log in", "function(", "العربية"))


def test_what_the_page_hides_is_left_out(page: Path) -> None:
    hidden = ("<nav>N</nav><script>S</script><style>T</style><p hidden>H</p><p style='color:red; display: none'>D</p>"
              "<div aria-hidden='true'>A</div><template>E</template><!-- C --><button>B</button>")  # fmt: skip
    assert text_of(page, f"<body>{hidden}<p>seen</p></body>") == "seen"


def test_headings_lists_and_tables(page: Path) -> None:
    markup = """<h1>Big <em>news</em></h1><p>A paragraph
      over two lines.<br>A new line.</p><ol start="3"><li>three</li><li>four<ul><li>deep</li></ul></li></ol>
      <table><tr><th>Who</th><th>Call</th></tr><tr><td>Ann</td><td>12</td></tr></table>"""
    assert text_of(page, markup) == (
        "# Big news\n\nA paragraph over two lines.\nA new line.\n\n3. three\n4. four\n  - deep\n\nWho | Call\nAnn | 12"
    )


def test_table_that_only_lays_out_is_read_as_text(page: Path) -> None:
    inner = "<table><tr><td>a</td><td>b</td></tr></table>"
    assert text_of(page, f"<table><tr><td><h2>Left</h2>{inner}</td></tr></table>") == "## Left\n\na | b"


def test_powers_stay_powers(page: Path) -> None:
    assert text_of(page, "<p>10<sup>6</sup> and 10<sup>-3</sup>, the 4<sup>th</sup></p>") == "10⁶ and 10⁻³, the 4th"


def test_text_that_looks_like_a_heading(page: Path) -> None:
    markup = "<h2>Real</h2><p># 1 reason</p><pre># make\n  all</pre>"
    assert text_of(page, markup) == "## Real\n\n # 1 reason\n\n # make\n  all"


def test_main_content_is_preferred(page: Path) -> None:
    markup = f"<div>Advertisement</div><main><p>{'Long article. ' * 20}</p></main><footer>Imprint</footer>"
    assert text_of(page, markup) == ("Long article. " * 20).strip()


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset=shift_jis>", "shift_jis"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=EUC-JP">', "euc_jp"),
        ("<meta charset='no-such-encoding'>", "utf-8"),
        ("<meta charset='iso-8859-1'>", "utf-8"),
        ("", "shift_jis"),
        ("", "utf-16"),
    ],
)
def test_declared_undeclared_and_misdeclared_encodings(page: Path, head: str, encoding: str) -> None:
    text = "これは日本語の文章です。文字コードを判定します。"
    assert text_of(page, f"<html><head>{head}</head><body><p>{text}</p></body></html>".encode(encoding)) == text


def test_xhtml_and_bare_text_give_no_warnings(page: Path) -> None:
    xhtml = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><p>Hi</p></html>'
    assert text_of(page, xhtml) == "Hi"
    assert text_of(page, "http://example.org/index.html") == "http://example.org/index.html"


def test_broken_and_bottomless_markup(page: Path) -> None:
    assert text_of(page, "<p>one<b>two<p>three</table></i>") == "onetwo\n\nthree"
    assert text_of(page, "<p>seen</p>" + "<div>" * 20_000 + "deep") == "seen"


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title> A\n title </title><h1>B</h1>", "A title"),
        ("<h1>B <i>c</i></h1>", "B c"),
        ("<p>text</p>", "page.html"),
    ],
)
def test_title(page: Path, markup: str, title: str) -> None:
    page.write_text(markup + "<p>text</p>")
    assert read(page).title == title


def test_pictures_that_the_page_carries_or_that_stand_beside_it(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture(seed=3))
    folder = tmp_path / "site"
    (folder / "a_files").mkdir(parents=True)
    (folder / "a_files" / "two words.png").write_bytes(picture(seed=1))
    (folder / "a_files" / "link.png").symlink_to(tmp_path / "secret.png")
    inline = base64.b64encode(picture(seed=2)).decode()
    outside = "".join(
        f'<img src="{address}">'
        for address in (
            "../secret.png", f"{tmp_path}/secret.png", f"file://{tmp_path}/secret.png", "a_files/link.png",
            "http://127.0.0.1:9/a.png", "//127.0.0.1:9/a.png", "data:image/png;base64,!!", "", "a\x00b",
        )
    )  # fmt: skip
    (folder / "a.html").write_text(
        f'<p>Before.</p><figure><img src="a_files/two%20words.png?1"><figcaption>A map</figcaption></figure>{outside}'
        f'<p>Between <img alt="A chart" src="data:image/png;base64,{inline}"> them.</p>'
    )
    document = read(folder / "a.html")
    assert [one.data for one in document.pictures] == [picture(seed=1), picture(seed=2)]
    assert document.pages[0].text == ("Before.\n\n[Picture: A map]\n\nA map\n\nBetween\n\n[Picture: A chart]\n\nthem.")
