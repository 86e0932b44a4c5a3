"""Pictures from words: what big pipelines do, driven through tiny ones of the same shape, and what is refused."""

from __future__ import annotations

import importlib
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from PIL import Image

from assistant.context import Context
from assistant.loader import builtin_folder, load_file
from assistant.origin.sign import Signer
from assistant.origin.verify import verify
from assistant.plugin import ToolError
from assistant.testing import call, make_context
from tests.tools import tiny_pipelines

PATH = builtin_folder() / "generate_image" / "__init__.py"
TOOLS = {tool.name: tool for tool in load_file(PATH, {"generate_image": {"model": "any"}})}
PLUGIN = TOOLS["generate_image"].function.__module__


# Schedulers of diffusers hand tensors to numpy in the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.usefixtures("one_thread"),
]


def part(name: str) -> Any:
    return importlib.import_module(f"{PLUGIN}.{name}")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {"sdxl": tiny_pipelines.sdxl(root / "sdxl"), "flux": tiny_pipelines.flux(root / "flux")}


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return make_context(tmp_path)


def pixels(path: Path) -> tuple[tuple[int, int], bytes]:
    with Image.open(path) as picture:
        return picture.size, picture.tobytes()


def draw(ctx: Context, model: Path, **asked: Any) -> Any:
    asked = {"prompt": "a boat", "size": "64x64", "steps": 3, "seed": 5} | asked
    return call(TOOLS["generate_image"].function, fresh(ctx), {"model": str(model)}, **asked)


def fresh(ctx: Context) -> Context:
    """The next call's context; a call that has ended counts as stopped."""
    again = make_context(ctx.folder)
    again.report = ctx.report
    again.sign = ctx.sign
    return again


@pytest.mark.parametrize("kind", ["sdxl", "flux"])
def test_a_picture_comes_with_what_made_it(ctx, folders, kind, tmp_path):
    made = draw(ctx, folders[kind], negative_prompt="rain", guidance=4.0)
    (row,) = made["pictures"]
    assert (row["seed"], row["steps"], row["guidance"], row["size"]) == (5, 3, 4.0, "64x64")
    assert pixels(tmp_path / row["file"])[0] == (64, 64)


def test_the_same_seed_makes_the_same_picture_whatever_the_count(ctx, folders, tmp_path):
    one = draw(ctx, folders["sdxl"], seed=6)["pictures"][0]
    two = draw(ctx, folders["sdxl"], seed=5, count=2)["pictures"][1]
    assert one["file"] != two["file"]
    assert pixels(tmp_path / one["file"]) == pixels(tmp_path / two["file"])


def test_each_step_is_told(ctx, folders, monkeypatch):
    monkeypatch.setattr("assistant.context.SECONDS_BETWEEN_REPORTS", 0)
    told: list[str] = []
    ctx.report = lambda fraction, message: told.append(message)
    draw(ctx, folders["sdxl"])
    assert told[-3:] == ["step 1 of 3", "step 2 of 3", "step 3 of 3"]


def test_a_stop_ends_it_within_a_step_and_the_next_request_works(ctx, folders, tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.context.SECONDS_BETWEEN_REPORTS", 0)
    told: list[str] = []

    def stop(fraction: float | None, message: str) -> None:
        told.append(message)
        if message.startswith("step 2"):
            ctx.cancel()

    ctx.report = stop
    with pytest.raises(ToolError, match="Stopped; 0 of 1"):
        part("generate").generate(with_model(ctx, folders["sdxl"]), "a boat", "", "64", 1, 1, 50, None, "")
    assert told[-1] == "step 2 of 50"
    assert draw(make_context(tmp_path), folders["sdxl"])["pictures"]


def with_model(ctx: Context, model: Path) -> Context:
    ctx.settings = part("settings").PictureSettings(model=str(model))
    return ctx


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt": "  "}, "prompt is empty"),
        ({"prompt": "boat " * 4000}, "20,000|19,999"),
        ({"count": 10_000}, "10,000 pictures cannot be made at once; ask for 1 to 8"),
        ({"count": 0}, "0 pictures"),
        ({"size": "huge"}, "'huge' is no size"),
        ({"size": "99999x64"}, "64 to 2048"),
        ({"size": "65x70"}, "multiples of 2. 64x70 would work"),
        ({"steps": 0}, "0 steps"),
        ({"steps": 100_000}, "100,000 steps"),
        ({"guidance": -1.0}, "guidance of -1"),
        ({"seed": -3}, "A seed"),
    ],
)
def test_what_cannot_be_made_is_refused_in_plain_words(ctx, folders, asked, said):
    with pytest.raises(ToolError, match=said):
        draw(ctx, folders["sdxl"], **asked)


def test_a_damaged_folder_is_named_and_the_next_one_works(ctx, folders, tmp_path):
    broken = tiny_pipelines.sdxl(tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ToolError, match="broken cannot be loaded"):
        draw(ctx, broken)
    with pytest.raises(ToolError, match="There is no folder"):
        draw(ctx, tmp_path / "absent")
    assert draw(ctx, folders["sdxl"])["pictures"]


def test_memory_that_ends_is_told_and_given_back(ctx, folders, monkeypatch):
    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    with monkeypatch.context() as patch:
        patch.setattr(part("model").Model, "of", lambda self, task: full)
        with pytest.raises(ToolError, match="memory was not enough"):
            draw(ctx, folders["sdxl"])
    assert draw(ctx, folders["sdxl"])["pictures"]


def test_whoever_waits_sees_their_place_and_can_leave():
    waiting = part("waiting")
    queue, held, leave = waiting.Queue(), Event(), Event()
    places: list[int] = []

    def hold() -> None:
        with queue.turn(lambda: False, places.append):
            held.set()
            leave.wait(30)

    first = Thread(target=hold)
    first.start()
    assert held.wait(30)
    stop = iter([False, True])
    with pytest.raises(waiting.Stopped), queue.turn(lambda: next(stop), places.append):
        pass
    leave.set()
    first.join(30)
    with queue.turn(lambda: False, places.append):
        assert places == [1]


def change(ctx: Context, model: Path, **asked: Any) -> Any:
    asked = {"instruction": "a boat", "steps": 4, "seed": 5} | asked
    return call(TOOLS["edit_image"].function, fresh(ctx), {"model": str(model)}, **asked)


def drawn(folder: Path, name: str = "given.png", size: tuple[int, int] = (64, 48)) -> bytes:
    Image.effect_noise(size, 90).convert("RGB").save(folder / name)
    return pixels(folder / name)[1]


@pytest.mark.parametrize("kind", ["sdxl", "flux"])
def test_a_picture_is_changed_and_keeps_its_size(ctx, folders, kind, tmp_path):
    before = drawn(tmp_path)
    row = change(ctx, folders[kind], image="given.png")["picture"]
    size, after = pixels(tmp_path / row["file"])
    assert size == (64, 48)
    assert after != before


@pytest.mark.parametrize("kind", ["sdxl", "flux"])
def test_what_is_not_masked_stays_to_the_last_bit(ctx, folders, kind, tmp_path):
    drawn(tmp_path, size=(64, 64))
    mask = Image.new("L", (64, 64))
    mask.paste(255, (0, 0, 32, 64))
    mask.save(tmp_path / "mask.png")
    row = change(ctx, folders[kind], image="given.png", mask="mask.png")["picture"]
    with Image.open(tmp_path / "given.png") as old, Image.open(tmp_path / row["file"]) as new:
        left, right = (0, 0, 32, 64), (32, 0, 64, 64)
        assert old.crop(right).tobytes() == new.crop(right).tobytes()
        assert old.crop(left).tobytes() != new.crop(left).tobytes()


def test_a_picture_is_extended_around_what_it_was(ctx, folders, tmp_path):
    before = drawn(tmp_path, size=(64, 64))
    row = change(ctx, folders["sdxl"], mode="extend")["picture"]
    with Image.open(tmp_path / row["file"]) as wider:
        assert wider.size == (96, 96)
        assert wider.crop((16, 16, 80, 80)).tobytes() == before


@pytest.mark.parametrize(
    ("asked", "mode", "said"),
    [
        ("Make the picture larger", "enlarge", ""),
        ("Change the last picture so that it is night", "change", "it is night"),
        ("Extend the drawing on all sides", "extend", ""),
        ("a red boat", "change", "a red boat"),
        ("Turn picture-5.png into a painting", "change", "a painting"),
        ("Make 3 variations of picture-5.png: a larger boat", "vary", "a larger boat"),
        ("Make picture-5.png larger: a boat: by night", "enlarge", "a boat: by night"),
        ("Extend it: hills", "extend", "hills"),
        ("Change picture-5.png: extend the sail", "change", "extend the sail"),
    ],
)
def test_an_instruction_tells_what_is_done_and_what_is_seen(asked, mode, said):
    words = part("instruction")
    assert words.mode_of(asked, "auto") == mode
    assert words.described(asked, mode) == said


def test_a_picture_is_enlarged(ctx, folders, tmp_path):
    drawn(tmp_path)
    assert change(ctx, folders["sdxl"], mode="enlarge", instruction="")["picture"]["size"] == "128x96"


def test_what_is_no_picture_is_named(ctx, folders, tmp_path):
    drawn(tmp_path)
    drawn(tmp_path, "small.png", (8, 8))
    (tmp_path / "notes.png").write_text("no picture")
    Image.new("1", (9000, 9000)).save(tmp_path / "bomb.png")
    for asked, said in (
        ({"image": "notes.png"}, "notes.png cannot be read as a picture"),
        ({"image": "bomb.png"}, "bomb.png has too many pixels"),
        ({"image": "../secret.png"}, "There is no file '../secret.png' in this conversation"),
        ({"image": "given.png", "mask": "small.png"}, "The mask is 8x8 and the picture 64x48"),
        ({"image": "given.png", "strength": 0.0}, "The strength"),
        ({"image": "given.png", "instruction": " "}, "prompt is empty"),
    ):
        with pytest.raises(ToolError, match=said):
            change(ctx, folders["sdxl"], **asked)
    assert change(ctx, folders["sdxl"], image="given.png")["picture"]


def test_what_is_made_and_edited_tells_where_it_comes_from(ctx, folders, tmp_path):
    ctx.sign = Signer(tmp_path / "keys").sign
    first = draw(ctx, folders["sdxl"])["pictures"][0]["file"]
    second = change(ctx, folders["sdxl"], image=first)["picture"]["file"]
    made, edited = verify(tmp_path / first), verify(tmp_path / second)
    assert (made.state, edited.state) == ("signed", "signed")
    assert made.made is not None
    assert (made.made["tool"], made.made["seed"], edited.ingredients) == ("generate_image", 5, (first,))


def test_lora_weights_change_the_picture_and_what_does_not_fit_is_named(ctx, folders, tmp_path):
    lora = tiny_pipelines.lora(folders["sdxl"], tmp_path / "lora")
    asked = {"prompt": "a boat", "size": "64x64", "steps": 3, "seed": 5}
    plain = draw(ctx, folders["sdxl"], seed=5)["pictures"][0]["file"]
    settings = {"model": str(folders["sdxl"]), "loras": {str(lora): 1.0}}
    changed = call(TOOLS["generate_image"].function, fresh(ctx), settings, **asked)["pictures"][0]["file"]
    assert pixels(tmp_path / plain) != pixels(tmp_path / changed)
    lora.write_bytes(b"no weights")
    with pytest.raises(ToolError, match="does not fit the model"):
        call(TOOLS["generate_image"].function, fresh(ctx), settings | {"guidance": 3.0, "precision": "fp32"}, **asked)
