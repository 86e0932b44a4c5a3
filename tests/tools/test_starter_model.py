"""The model that ships: it is found where nothing is configured, says what it is, and refuses kindly."""

from __future__ import annotations

import importlib
import re
import shutil
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from assistant.context import Context
from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError, Unavailable
from assistant.testing import call, make_context
from training.pictures.caption import caption
from training.pictures.card import write_card
from training.pictures.sample import scenes
from training.pictures.untrained import write_untrained

PATH = builtin_folder() / "generate_image" / "__init__.py"
TOOLS = {tool.name: tool for tool in load_file(PATH, {"generate_image": {"model": "any"}})}
PLUGIN = TOOLS["generate_image"].function.__module__

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.usefixtures("one_thread"),
]


def part(name: str) -> Any:
    return importlib.import_module(f"{PLUGIN}.{name}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained(tmp_path_factory.mktemp("models") / "starter")


@pytest.fixture
def ctx(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    for each in (part("model"), importlib.import_module(PLUGIN)):
        monkeypatch.setattr(each, "STARTER", folder)
    return make_context(tmp_path)


def asked(ctx: Context, tool: str = "generate_image", **arguments: Any) -> Any:
    return call(TOOLS[tool].function, make_context(ctx.folder), {}, **({"steps": 2, "seed": 1} | arguments))


def test_without_a_model_in_the_settings_the_one_that_ships_draws(ctx, tmp_path):
    made = asked(ctx, prompt="Draw a red circle left of a blue square")
    (row,) = made["pictures"]
    assert (row["model"], row["size"], row["guidance"]) == ("starter", "128x128", 3.0)
    assert made["prompt"] == "a red circle left of a blue square"
    with Image.open(tmp_path / row["file"]) as picture:
        assert picture.size == (128, 128)
    assert "small starter model" in made["note"]
    assert "note" not in asked(ctx, prompt="a heart")  # it has been told in this conversation


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Draw Angela Merkel on a bicycle", "'Angela', 'Merkel', 'bicycle'.*lighthouse.*larger model"),
        ("Draw a red bicycle", "'bicycle'"),
        ("Draw a green star and a dog", "does not know 'dog'"),
        ("Draw something red", "finds nothing in 'something red'"),
        ("red", "finds nothing in 'red'"),
        ("five green circles", "counts to three only"),
        ("12 stars", "counts to three only"),
        ("a white ring on a grey background", "draws no white and no grey shapes"),
        ("a red ring on a black background", "white, grey and light blue backgrounds only"),
        ("a brown square", "'brown'"),
        ("a red circle, a blue square, a green triangle and a yellow star", "counts to three only"),
        ("two red circles and two blue squares", "counts to three only"),
        ("Zeichne einen Leuchtturm", "'Zeichne', 'einen', 'Leuchtturm'"),
        ("日本の灯台", "does not know"),
    ],
)
def test_what_it_cannot_draw_is_refused_kindly(ctx, prompt, said):
    with pytest.raises(ToolError, match=said):
        asked(ctx, prompt=prompt)


def test_what_only_decorates_is_left_out_and_told(ctx):
    made = asked(ctx, prompt="a peaceful lighthouse at dusk", style="watercolour")
    assert made["prompt"] == "a lighthouse at dusk"
    assert "does not know 'peaceful', 'watercolour' and left it out" in made["note"]


@pytest.mark.parametrize(
    ("prompt", "kept", "note"),
    [
        ("Draw a watercolour of a lighthouse", "a lighthouse", "does not know 'watercolour' and left it out"),
        ("an oil painting of a peaceful sea", "a sea", "does not know 'peaceful', 'oil painting'"),
        ("a couple of green stars", "a pair of green stars", ""),
    ],
)
def test_what_stays_of_a_prompt_can_be_read(folder, prompt, kept, note):
    bare = part("request").bare(prompt)
    reading = part("vocabulary").read_prompt(bare, part("model")._card(folder))
    assert reading.prompt == kept
    assert note in reading.note


@pytest.mark.parametrize(
    "prompt",
    [
        "a red circle left of a blue square",
        "a blue ring on a light blue background",
        "a red circle and a blue square, the circle left of the square",
        "two small violet boxes",
        "a lighthouse at dusk",
        "Three trees on green hills.",
        "a boat on the sea at night, with stars",
        "A plus sign in the top left corner on a light blue background",
        "a sunset by the ocean",
    ],
)
def test_what_it_has_learned_is_known(folder, prompt):
    reading = part("vocabulary").read_prompt(prompt, part("model")._card(folder))
    assert (reading.prompt, reading.note) == (prompt, "")


def test_all_that_it_is_trained_on_is_known(folder):
    card, random = part("model")._card(folder), Random(3)
    for scene in islice(scenes(random), 2000):
        said = caption(scene, random)
        assert part("vocabulary").read_prompt(said, card).prompt == said


def test_its_card_tells_what_it_holds_and_names_all_samples(folder):
    write_card(folder, "one shape 91 %")
    said = (folder / "README.md").read_text()
    assert "| unet | 0." in said
    assert "one shape 91 %" in said
    assert len(re.findall(r"^\d+\. ", said, re.M)) == 64


def test_it_draws_one_size_only_and_says_so(ctx):
    with pytest.raises(ToolError, match="128x128 pixels only"):
        asked(ctx, prompt="a heart", size="512x512")


def test_what_it_made_is_changed_extended_and_enlarged(ctx, tmp_path):
    name = asked(ctx, prompt="a red circle")["pictures"][0]["file"]
    mask = Image.new("L", (128, 128))
    mask.paste(255, (0, 0, 64, 128))
    mask.save(tmp_path / "mask.png")
    for arguments, size in (
        ({"instruction": "a blue circle"}, "128x128"),
        ({"instruction": "a green star", "mask": "mask.png"}, "128x128"),
        ({"instruction": "", "mode": "extend"}, "192x192"),
        ({"instruction": "", "mode": "enlarge"}, "256x256"),
    ):
        assert asked(ctx, "edit_image", image=name, **arguments)["picture"]["size"] == size


def test_the_tools_are_there_only_with_a_model(folder, tmp_path, monkeypatch):
    looks, settings = TOOLS["generate_image"].options.requires, part("settings").PictureSettings()
    monkeypatch.setitem(looks.__globals__, "STARTER", folder)
    looks(settings)
    monkeypatch.setitem(looks.__globals__, "STARTER", tmp_path / "none")
    with pytest.raises(Unavailable, match="no picture model"):
        looks(settings)


def test_a_damaged_model_that_ships_is_named(ctx, folder, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    monkeypatch.setattr(part("model"), "STARTER", broken)
    for name, left in (("unet/diffusion_pytorch_model.safetensors", b"half"), ("starter.json", b'{"side": 128}')):
        part("model")._loaded.clear()
        (broken / name).write_bytes(left)
        with pytest.raises(ToolError, match="broken cannot be loaded"):
            asked(ctx, prompt="a heart")
