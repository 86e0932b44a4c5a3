"""How the built-in engine tells of pictures that were made, and of where a picture comes from."""

from __future__ import annotations

from assistant.engines.builtin.made import from_made, from_origin

ROW = {
    "file": "picture-5.png", "model": "starter", "seed": 5, "steps": 25, "guidance": 3.0, "size": "128x128",
    "seconds": 2.1,
}  # fmt: skip


def test_a_picture_is_told_with_what_makes_it_again():
    said = from_made({"prompt": "a boat", "pictures": [ROW]}).text
    assert said == (
        "Here is the picture: a boat\n\n"
        "- `picture-5.png`: 128x128 pixels, seed 5, 25 steps, guidance 3, model starter, 2.1 s"
    )


def test_several_pictures_and_a_note_are_told():
    said = from_made({"prompt": "a boat", "pictures": [ROW, ROW], "note": "It does not know 'cat'."}).text
    assert said.startswith("Here are 2 pictures: a boat")
    assert said.endswith("It does not know 'cat'.")


def test_an_enlarged_picture_took_no_steps():
    said = from_made({"instruction": "", "picture": ROW | {"steps": 0, "model": "Lanczos"}}).text
    assert said == "Here is the picture.\n\n- `picture-5.png`: 128x128 pixels, seed 5, model Lanczos, 2.1 s"


def test_an_origin_is_told_with_who_signed():
    told = {
        "file": "a.png", "said": "signed, and unaltered since", "signer": "this machine", "known": False,
        "time": "2026-01-01T12:00:00Z", "made": {"seed": 5, "tool": "edit_image"}, "ingredients": ["b.png"],
    }  # fmt: skip
    assert from_origin(told).text == (
        "`a.png`: signed, and unaltered since. Signed by this machine, for whom nobody vouches, 2026-01-01T12:00:00Z."
        "\n\n- seed: 5\n- tool: edit_image\n- made from: b.png"
    )


def test_no_origin_is_told_shortly():
    told = {"file": "a.png", "said": "no origin in it", "signer": "", "known": False, "time": "", "made": None}
    assert from_origin(told | {"ingredients": []}).text == "`a.png`: no origin in it."
