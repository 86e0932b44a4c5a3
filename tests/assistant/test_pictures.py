"""Pictures in answers and on the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from assistant.cli import cli
from assistant.engines.builtin.detect import pictured
from assistant.events import Answer
from assistant.session import Assistant
from tests.index.test_pictures import drawn, illustrated


@pytest.mark.parametrize(
    ("request_", "sought"),
    [
        ("Show me a picture of the lighthouse", "the lighthouse"),
        ("Which photos with mountains are there?", "mountains are there"),
        ("Draw a picture of a cat", None),
        ("please make an image of a dog", None),
        ("What does the figure of 20 % mean?", None),
        ("How long is the notice period?", None),
    ],
)
def test_requests_for_pictures_are_known_by_their_form(request_: str, sought: str | None) -> None:
    assert pictured(request_) == sought


async def test_a_picture_is_cited_and_the_note_is_told_once(builtin: Assistant) -> None:
    builtin.library.add_documents([("/arken.pdf", illustrated())])
    first = await builtin.ask("Show me a picture of the tower from the sea")
    assert isinstance(first, Answer)
    assert "The tower from the sea" in first.text
    assert first.citations[0].quote == "The tower from the sea"
    assert first.unsupported == ()
    assert first.text.count("visual search is off") == 1
    again = await builtin.ask("Show me a picture of the lighthouse", first.conversation)
    assert isinstance(again, Answer)
    assert "visual search is off" not in again.text


async def test_where_there_is_no_picture_none_is_claimed(builtin: Assistant) -> None:
    end = await builtin.ask("Is there a photo of an elephant?")
    assert isinstance(end, Answer)
    assert end.abstained
    assert end.text.startswith("I found no picture of this")


def run(home, *arguments):
    return CliRunner().invoke(cli, [*arguments, "--home", str(home)])


def test_the_command_line_finds_shows_and_writes_pictures(home, tmp_path):
    (tmp_path / "disc.png").write_bytes(drawn())
    assert run(home, "index", "add", str(tmp_path / "disc.png")).exit_code == 0
    found = run(home, "search", "disc", "--pictures")
    assert "picture 1: disc.png (160×120, image/png)" in found.output
    assert "visual search is off" in found.output
    like = run(home, "search", "--picture", str(tmp_path / "disc.png"), "--json")
    [row] = json.loads(like.stdout)
    assert row["pictures"][0]["caption"] == "disc.png"
    written = run(home, "index", "picture", "1", "-o", str(tmp_path / "out.png"))
    assert (written.exit_code, (tmp_path / "out.png").read_bytes()) == (0, drawn())
    nowhere = run(home, "index", "picture", "1", "-o", str(tmp_path / "none" / "out.png"))
    assert (nowhere.exit_code, "out.png cannot be written (No such" in nowhere.output) == (1, True)
    assert "0 pictures looked at" in run(home, "index", "pictures").output
    assert run(home, "search").exit_code == 2


def test_doctor_tells_whether_visual_search_is_on(home):
    found = run(home, "doctor")
    assert "visual search: off: pictures are found by words only" in found.output
    assert "library.picture_model" in found.output
