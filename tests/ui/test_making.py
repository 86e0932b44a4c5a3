"""What is told of pictures that were made, and what is asked by the buttons beside them."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from assistant.events import Answer, ToolCall, ToolFinished, ToolPreview, ToolStarted
from tests.ui.browser import person, serving
from training.pictures.untrained import write_untrained
from ui.artifacts import ShownArtifact
from ui.figures import figure_html
from ui.language import texts
from ui.made import facts, made_in
from ui.making import PAINTED, keep_mask
from ui.render import turn_messages
from ui.retouch import retouch_html
from ui.view import ShownTurn

ROW = {
    "file": "picture-5.png", "model": "starter", "seed": 5, "steps": 25, "guidance": 3.0, "size": "128x128",
    "seconds": 1.24,
}  # fmt: skip


def answer(*calls: ToolCall) -> Answer:
    return Answer("Here is the picture.", (), (), calls, (), 1.0, False, "builtin", "c", 1.0)


def called(name: str, result: Any, *, ok: bool = True) -> ToolCall:
    return ToolCall("1", name, {}, result, ok, 1.0)


def test_pictures_are_told_with_what_makes_them_again():
    drawn = called("generate_image", {"prompt": "a <boat>", "pictures": [ROW, ROW | {"file": "b.png", "seed": 6}]})
    edited = called("edit_image", {"instruction": "night", "picture": ROW | {"file": "c.png", "steps": 0}})
    made = made_in(answer(drawn, edited, called("generate_image", "no", ok=False)))
    assert list(made) == ["picture-5.png", "b.png", "c.png"]
    assert facts(made["b.png"], texts()) == "seed 6 · 25 steps · guidance 3.0 · 128×128 · starter · 1.2 s"
    assert "Startwert 6" in facts(made["b.png"], texts("de"))
    assert facts(made["c.png"], texts()) == "128×128 · starter"


@pytest.mark.parametrize(
    "result", ["text", None, {}, {"pictures": ["x"]}, {"picture": {"file": "x"}}, {"pictures": [3]}]
)
def test_what_another_tool_of_the_name_returns_is_left_alone(result):
    assert made_in(answer(called("generate_image", result))) == {}


def test_the_figure_has_facts_and_buttons_and_escapes_names():
    made = made_in(answer(called("generate_image", {"prompt": "a boat", "pictures": [ROW | {"file": 'a"<b>.png'}]})))
    shown = ShownArtifact('a"<b>.png', "picture", "/files/a.png", size=9, made=made['a"<b>.png'])
    html = figure_html(shown, texts(), 7)
    assert 'data-deed="vary" data-turn="7" data-name="a&quot;&lt;b&gt;.png"' in html
    assert all(f">{words}<" in html for words in ("Variations", "Larger", "Edit", "Download"))
    assert "data-deed" not in figure_html(shown, texts())
    dialog = retouch_html(shown.made, shown.url, 7, texts())
    assert "<canvas" in dialog
    assert "<b>" not in dialog


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_a_person_draws_varies_enlarges_and_paints(browser, tmp_path):
    model = write_untrained(tmp_path / "model")
    config = f"engine: builtin\ntools: {{settings: {{generate_image: {{model: '{model}', steps: 4}}}}}}\n"
    with serving(tmp_path / "home", config) as url, person(browser, url) as me:
        me.ask("Draw Angela Merkel on a bicycle")
        expect(me.chat).to_contain_text("It draws one to three coloured shapes")
        me.ask("Draw a red circle left of a blue square with seed 5")
        pictures = me.chat.locator("figure.picture")
        expect(pictures.locator(".how")).to_contain_text("seed 5 · 4 steps · guidance 3.0 · 128×128 · model")
        made = me.chat.locator("figure.picture .making").first
        for deed, question, count in (
            ("Variations", "Make 3 variations of picture-5.png: a red circle left of a blue square", 4),
            ("Larger", "Make picture-5.png larger: a red circle left of a blue square", 5),
        ):
            made.get_by_role("button", name=deed).click()
            expect(pictures).to_have_count(count)
            expect(me.chat.locator(".user.message").last).to_contain_text(question)
            expect(me.page.locator("#ask .submit-button")).to_be_visible()
        expect(pictures.last.locator(".how")).to_contain_text("256×256")
        made.get_by_role("button", name="Edit").click()
        dialog = me.page.locator("dialog.retouch")
        canvas = dialog.locator("canvas")
        expect(canvas).to_have_js_property("width", 128)
        place = canvas.bounding_box()
        assert place
        me.page.mouse.move(place["x"] + place["width"] / 4, place["y"] + place["height"] / 4)
        me.page.mouse.down()
        me.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 4)
        me.page.mouse.up()
        dialog.get_by_label("What is to be seen there?").fill("a green star")
        me.picture("retouch")
        dialog.get_by_role("button", name="Change the picture").click()
        expect(pictures).to_have_count(6)
        asked = "Change picture-5.png where masks/mask-1.png is white: a green star"
        expect(me.chat.locator(".user.message").last).to_contain_text(asked)
        me.picture("made")
    (kept,) = (tmp_path / "home" / "files").glob("*/masks/mask-1.png")
    with Image.open(kept) as mask:
        assert (mask.size, mask.getpixel((48, 32)), mask.getpixel((100, 100))) == ((128, 128), 255, 0)


def test_a_running_tool_shows_what_it_makes_until_it_has_ended():
    turn = ShownTurn("Draw a boat")
    turn.take(ToolStarted("1", "generate_image", {}))
    turn.take(ToolPreview("1", b"jpeg"))
    assert f"data:image/jpeg;base64,{base64.b64encode(b'jpeg').decode()}" in str(turn_messages(turn, 0))
    turn.take(ToolFinished(called("generate_image", {})))
    assert "data:image" not in str(turn_messages(turn, 0))


def url_of(picture: Image.Image, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return PAINTED + base64.b64encode(buffer.getvalue()).decode()


def test_what_was_painted_is_kept_with_the_conversation(tmp_path):
    mask = Image.new("RGBA", (9, 7), "black")
    mask.putpixel((3, 2), (255, 255, 255, 255))
    assert [keep_mask(tmp_path, url_of(mask)) for _ in range(2)] == ["masks/mask-1.png", "masks/mask-2.png"]
    with Image.open(tmp_path / "masks" / "mask-2.png") as kept:
        assert (kept.mode, kept.size, kept.getpixel((3, 2)), kept.getpixel((0, 0))) == ("L", (9, 7), 255, 0)


@pytest.mark.parametrize(
    "sent",
    ["", "mask.png", PAINTED, f"{PAINTED}%%%", f"{PAINTED}AAAA", url_of(Image.new("L", (4, 4)), "GIF"),
     url_of(Image.new("1", (9000, 9000))), PAINTED + "A" * 5_000_000],
    ids=["nothing", "a name", "empty", "no base64", "no picture", "another format", "a bomb", "too long"],
)  # fmt: skip
def test_anything_else_is_refused(sent, tmp_path):
    with pytest.raises((ValueError, OSError, SyntaxError)):
        keep_mask(tmp_path, sent)
    assert not list(tmp_path.rglob("*.png"))
