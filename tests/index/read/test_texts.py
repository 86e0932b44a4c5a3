"""Plain text and Markdown."""

from pathlib import Path

import pytest

from index.errors import UnreadableFile
from index.read import read

FIXTURES = Path(__file__).parents[2] / "fixtures"

GERMAN = "Die Größe der Straße beträgt übrigens fünf Meter, sagte Jürgen Müller zu seinen Söhnen."
FRENCH = "Café crème brûlée, s'il vous plaît."
ENGLISH = "“Don’t” he said – the price is €20…"
RUSSIAN = "Привет, как дела? Это довольно короткий текст на русском языке."
GREEK = "Αυτή είναι μια ελληνική πρόταση για τον έλεγχο της κωδικοποίησης."
POLISH = "Zażółć gęślą jaźń. Łódź jest dużym miastem w środkowej Polsce, które leży nad rzeką."
CHINESE = "这是一个用于测试编码检测的中文句子。今天的天气很好。"
KOREAN = "이것은 인코딩 감지를 테스트하기 위한 한국어 문장입니다."
JAPANESE = "これは日本語の文章です。文字コードを判定します。"


def text_of(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return read(path).pages[0].text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", ENGLISH),
        ("utf-8-sig", ENGLISH),
        ("utf-16", GERMAN),
        ("utf-16-le", GERMAN),
        ("utf-16-be", GERMAN),
        ("utf-32", FRENCH),
        ("latin-1", GERMAN),
        ("latin-1", FRENCH),
        ("cp1252", ENGLISH),
        ("cp1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("cp1253", GREEK),
        ("cp1250", POLISH),
        ("iso8859-2", POLISH),
        ("gb18030", CHINESE),
        ("euc_kr", KOREAN),
        ("shift_jis", JAPANESE),
        ("euc_jp", JAPANESE),
    ],
)
def test_any_encoding(tmp_path: Path, encoding: str, text: str) -> None:
    assert text_of(tmp_path / "a.txt", text.encode(encoding)) == text


def test_real_file_in_shift_jis() -> None:
    assert read(FIXTURES / "shift-jis.txt").pages[0].text.splitlines()[1] == "佐藤太郎,30,東京"


def test_one_bad_byte_does_not_spoil_the_rest(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.txt", RUSSIAN.encode() + b" \xff " + GERMAN.encode()) == f"{RUSSIAN} \ufffd {GERMAN}"


@pytest.mark.parametrize("data", [bytes(range(256)) * 8, b"\x7fELF\x02\x01\x01" + bytes(500), b"text\x00\x01\x02" * 50])
def test_binary_data_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadableFile, match="binary data"):
        text_of(tmp_path / "a.txt", data)


def test_broken_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="encoding"):
        text_of(tmp_path / "a.txt", b"\xff\xfeh\x00i\x00\x00\xd8x")


def test_line_ends_and_invisible_characters(tmp_path: Path) -> None:
    data = "one\r\ntwo\rthree\u00a0four co\u00adoperate \ufb01nd cafe\u0301  \n\n".encode()
    assert text_of(tmp_path / "a.txt", data) == "one\ntwo\nthree four cooperate find café"


def test_plain_text_keeps_its_number_signs(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.txt", b"# not a heading") == "# not a heading"


def test_markdown_of_a_real_file() -> None:
    document = read(FIXTURES / "gravity-hill.md")
    assert (document.title, document.kind, len(document.pages)) == ("Gravity hill", "markdown", 1)
    assert document.pages[0].number is None
    assert "A **gravity hill**, also known as a" in document.pages[0].text


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("---\ntitle: 'From the front'\ndate: 2024-05-01\n---\n# Heading\n", "From the front"),
        ("Some words.\n\n## Second level ##\n", "Second level"),
        ("Underlined\n==========\n\nText.", "Underlined"),
        ("```\n# a comment\n```\n", "a.md"),
        ("Only text.", "a.md"),
    ],
)
def test_markdown_title(tmp_path: Path, source: str, title: str) -> None:
    (tmp_path / "a.md").write_text(source)
    assert read(tmp_path / "a.md").title == title


def test_markdown_headings_all_look_alike(tmp_path: Path) -> None:
    text = text_of(tmp_path / "a.md", b"Top\n===\n\nText.\n\nSub\n---\n\n- item\n\n---\n\n| a |\n|---|\n")
    assert [line for line in text.split("\n") if line.startswith("#")] == ["# Top", "## Sub"]
    assert "- item\n\n---\n\n| a |\n|---|" in text


def test_markdown_code_is_no_heading_and_comments_are_unseen(tmp_path: Path) -> None:
    source = b"# Real\n\n```python\n# comment\nx = '<!-- kept -->'\n```\n\nbefore <!-- hidden\norder --> after\n"
    text = text_of(tmp_path / "a.md", source)
    assert text == "# Real\n\n```python\n # comment\nx = '<!-- kept -->'\n```\n\nbefore  after"
