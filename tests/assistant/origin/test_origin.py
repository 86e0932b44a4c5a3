"""Where a picture comes from: signed as it is made, told by anybody, and lost by any change."""

from __future__ import annotations

import io
import json
import random
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from assistant.cli import cli
from assistant.errors import SettingsError
from assistant.loader import builtin_folder, load_file
from assistant.origin.made import Made, prompt_hash
from assistant.origin.sign import Signer
from assistant.origin.verify import verify
from assistant.plugin import ToolError
from assistant.testing import EmptyLibrary, call, make_context
from index.types import Document

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MADE = Made("generate_image", "starter", "a boat on the sea", 5, {"steps": 25, "guidance": 3.0})
(TOOL,) = load_file(builtin_folder() / "verify_image.py")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "origin"


@pytest.fixture
def signer(keys: Path) -> Signer:
    return Signer(keys, now=lambda: NOON)


def png() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def signed(folder: Path, signer: Signer, name: str = "a.png", made: Made = MADE) -> Path:
    path = folder / name
    path.write_bytes(signer.sign(png(), name, made))
    return path


def test_a_signed_picture_tells_how_it_was_made(signer, tmp_path):
    verdict = verify(signed(tmp_path, signer))
    assert (verdict.state, verdict.time, verdict.known) == ("signed", "2026-01-01T12:00:00Z", False)
    told = {"tool": "generate_image", "model": "starter", "seed": 5, "steps": 25, "guidance": 3.0}
    assert verdict.made == told | {"prompt_sha256": prompt_hash(MADE.prompt)}


def test_the_prompt_itself_is_told_where_the_settings_say_so(keys, tmp_path):
    verdict = verify(signed(tmp_path, Signer(keys, prompt_in="text")))
    assert verdict.made is not None
    assert verdict.made["prompt"] == "a boat on the sea"


def test_an_edited_picture_names_what_it_was_made_from(signer, tmp_path):
    first = signed(tmp_path, signer)
    verdict = verify(signed(tmp_path, signer, "b.png", Made("edit_image", "starter", "night", 5, {}, (first,))))
    assert (verdict.state, verdict.ingredients) == ("signed", ("a.png",))


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "PNG"])
def test_a_file_that_is_called_otherwise_or_damaged_can_be_an_ingredient(signer, tmp_path, kind):
    source = tmp_path / "given.png"
    Image.effect_noise((64, 64), 90).convert("RGB").save(source, kind)
    if kind == "PNG":
        source.write_bytes(source.read_bytes()[:-6])  # Pillow reads it all the same
    verdict = verify(signed(tmp_path, signer, "b.png", Made("edit_image", "starter", "night", 5, {}, (source,))))
    assert (verdict.state, verdict.ingredients) == ("signed", ("given.png",))


def test_any_changed_byte_is_caught(signer, tmp_path):
    data, dice = signed(tmp_path, signer).read_bytes(), random.Random(3)
    for _ in range(100):
        changed, place = bytearray(data), dice.randrange(8, len(data))
        changed[place] ^= dice.randrange(1, 256)
        (tmp_path / "changed.png").write_bytes(changed)
        assert verify(tmp_path / "changed.png").state == "altered", place


def test_a_picture_that_was_stripped_or_never_signed_has_nothing(signer, tmp_path):
    with Image.open(signed(tmp_path, signer)) as picture:
        picture.save(tmp_path / "stripped.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert verify(tmp_path / "stripped.png").state == verify(tmp_path / "notes.txt").state == "nothing"


def test_the_key_is_private_and_stays(keys, signer, tmp_path):
    signed(tmp_path, signer)
    before = (keys / "key.pem").read_text()
    assert stat.S_IMODE((keys / "key.pem").stat().st_mode) == 0o600
    signed(tmp_path, Signer(keys))
    assert (keys / "key.pem").read_text() == before


def test_an_organisation_signs_with_its_own_certificate(keys, signer, tmp_path):
    signer.prepare()
    own = Signer(tmp_path / "unused", keys / "certificates.pem", keys / "key.pem")
    assert verify(signed(tmp_path, own)).state == "signed"
    assert not (tmp_path / "unused").exists()
    Signer(tmp_path / "other").prepare()
    for chain, key in (
        (tmp_path / "absent.pem", tmp_path / "absent.key"),
        (keys / "certificates.pem", tmp_path / "other" / "key.pem"),
        (keys / "key.pem", keys / "key.pem"),
    ):
        with pytest.raises(SettingsError, match="cannot be signed"):
            Signer(tmp_path, chain, key).sign(png(), "a.png", MADE)


def test_the_command_tells_of_each_file(signer, tmp_path):
    good, plain = signed(tmp_path, signer), tmp_path / "plain.png"
    plain.write_bytes(png())
    told = CliRunner().invoke(cli, ["verify", str(good)])
    assert told.exit_code == 0, told.output
    assert "signed, and unaltered since" in told.output
    both = CliRunner().invoke(cli, ["verify", str(good), str(plain), "--json"])
    assert both.exit_code == 3
    assert [row["state"] for row in json.loads(both.output)] == ["signed", "nothing"]
    assert CliRunner().invoke(cli, ["verify", str(tmp_path / "absent.png")]).exit_code == 1


def test_the_tool_tells_of_a_file_of_the_conversation(signer, tmp_path):
    signed(tmp_path, signer)
    assert call(TOOL.function, make_context(tmp_path), file="a.png")["state"] == "signed"
    with pytest.raises(ToolError, match="There is no file"):
        call(TOOL.function, make_context(tmp_path), file="../a.png")


def test_the_tool_takes_the_newest_picture_where_none_is_named(signer, tmp_path):
    (tmp_path / "a.png").write_bytes(signer.sign(png(), "a.png", MADE))
    told = call(TOOL.function, make_context(tmp_path))
    assert (told["file"], told["state"]) == ("a.png", "signed")


def test_a_signed_picture_with_zeros_behind_it_is_not_taken_for_pieces(signer, tmp_path):
    path = tmp_path / "zeros.png"
    path.write_bytes(signer.sign(png(), "a.png", MADE) + bytes(10_000))
    assert verify(path).reasons == ("manifest.unreadable",)


def test_the_tool_tells_of_a_picture_that_was_attached(signer, tmp_path):
    there = tmp_path / "attached" / "photo.png"
    there.parent.mkdir()
    there.write_bytes(signer.sign(png(), "a.png", MADE))

    class Attached(EmptyLibrary):
        def documents(self):
            return [Document(1, str(there), "photo", "picture", "", 1, 1, 1, "")]

    (tmp_path / "files").mkdir()
    context = make_context(tmp_path / "files", library=Attached())
    assert call(TOOL.function, context, file="photo.png")["state"] == "signed"
    with pytest.raises(ToolError, match="There is no file"):
        call(TOOL.function, context, file="../attached/photo.png")
