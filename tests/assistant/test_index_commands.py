"""What the commands of the library say to people."""

import json
from pathlib import Path

from click.testing import CliRunner

from assistant.cli import cli
from tests.assistant.test_cli import assistant


def run(home: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["--home", str(home), *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_commands_of_the_library_say_what_was_not_there(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "oak.md").write_text("# The oak\n\nOaks live for centuries and feed many birds with their acorns.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    done = assistant(home, "index", "add", str(folder / "oak.md"), "--tag", "", ok=False)
    assert done.stdout == ""
    assert done.stderr.startswith("Error: '' cannot be a tag")
    run(home, "index", "add", str(folder), "--tag", "trees")
    _, out, err = run(home, "index", "untag", "oak.md", "Moss", "trees")
    assert out.endswith("oak.md: no tags\n")
    assert err == "It did not have: moss.\n"
    _, _, err = run(home, "search", "acorns", "--kind", "pdf")
    assert err.startswith("No document meets these options")
    assert run(home, "search", "acorns", "--kind", "markdown")[2] == ""
    status = run(home, "index", "status")[1]
    assert "documents: 1\n" in status
    assert "False" not in status
    assert "True" not in status
    sheet = run(home, "index", "sheet")[1]
    assert sheet.startswith("1 documents, 1 pages, 1 passages, 0 pictures\n")
    assert "languages: en 1" in sheet
    assert "refused files: 1" in sheet
    assert "broken.pdf: is damaged" in sheet
    assert json.loads(run(home, "index", "sheet", "--json")[1])["refused"][0]["path"].endswith("broken.pdf")
