"""What is done with big models beside drawing, each through tiny ones of two families: edits, LoRA, stop, preview."""

from __future__ import annotations

import importlib
import io
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from PIL import Image

from assistant.context import Context
from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError
from assistant.testing import call, make_context
from tests.tools import tiny_pipelines

PATH = builtin_folder() / "generate_image" / "__init__.py"
TOOLS = {tool.name: tool for tool in load_file(PATH, {"generate_image": {"model": "any"}})}
PLUGIN = TOOLS["generate_image"].function.__module__

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.usefixtures("one_thread"),
]


def part(name: str) -> Any:
    return importlib.import_module(f"{PLUGIN}.{name}")


@pytest.fixture(scope="module", params=["sdxl", "flux"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    make = {"sdxl": tiny_pipelines.sdxl, "flux": tiny_pipelines.flux}[kind]
    return make(tmp_path_factory.mktemp("models") / kind)


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return make_context(tmp_path)


@pytest.fixture
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Previews and reports at every step, however quick it was."""
    monkeypatch.setattr(part("preview"), "APART", 0.0)
    monkeypatch.setattr(part("preview"), "SHARE", 1000.0)
    monkeypatch.setattr("assistant.context.SECONDS_BETWEEN_REPORTS", 0)


def draw(ctx: Context, model: Path, **asked: Any) -> dict[str, Any]:
    settings = {"model": str(model)} | asked.pop("settings", {})
    asked = {"prompt": "a boat", "size": "64x64", "steps": 4, "seed": 5} | asked
    made: dict[str, Any] = call(TOOLS["generate_image"].function, again(ctx), settings, **asked)
    return made


def change(ctx: Context, model: Path, **asked: Any) -> tuple[Image.Image, Image.Image]:
    """Edits a picture of noise; returns it, and what came of it."""
    Image.effect_noise((64, 48), 90).convert("RGB").save(ctx.folder / "given.png")
    asked = {"instruction": "a boat", "image": "given.png", "steps": 4, "seed": 5} | asked
    row = call(TOOLS["edit_image"].function, again(ctx), {"model": str(model)}, **asked)["picture"]
    return opened(ctx.folder / "given.png"), opened(ctx.folder / row["file"])


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def again(ctx: Context) -> Context:
    """The next call's context; a call that has ended counts as stopped."""
    other = make_context(ctx.folder)
    other.report, other.show = ctx.report, ctx.show
    return other


def test_the_same_seed_makes_the_same_file_byte_for_byte(ctx, model, tmp_path):
    first, second = (draw(ctx, model)["pictures"][0]["file"] for _ in range(2))
    assert first != second
    assert (tmp_path / first).read_bytes() == (tmp_path / second).read_bytes()


def test_what_was_stopped_leaves_nothing_in_memory(ctx, model):
    held: list[weakref.ref[torch.Tensor]] = []
    doomed = again(ctx)
    doomed.settings = part("settings").PictureSettings(model=str(model))

    def stop(pipe: Any, step: int, when: Any, values: dict[str, Any]) -> None:
        held.append(weakref.ref(values["latents"]))
        doomed.cancel()

    request = part("request").Request("a boat", "", 64, 64, 1, 1, 9, None)
    with pytest.raises(part("waiting").Stopped), part("pictures").ready(doomed.settings, doomed) as ready:
        given = {"prompt": "a boat", "width": 64, "height": 64}
        for _ in range(2):
            part("pictures").run(ready, "text", given, request, 0, doomed.settings, doomed, stop)
    assert [each() for each in held] == [None]


def test_memory_that_ends_in_the_middle_is_told_and_the_next_request_works(ctx, model, monkeypatch):
    steps = iter((None, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")))

    def step(self: Any, *given: Any, **named: Any) -> Any:
        if failure := next(steps, None):
            raise failure
        return taken(self, *given, **named)

    kind = type(part("model").model_of(part("settings").PictureSettings(model=str(model))).pipeline.scheduler)
    taken = kind.step
    with monkeypatch.context() as patch:
        patch.setattr(kind, "step", step)
        with pytest.raises(ToolError, match="memory was not enough for this picture; a smaller size"):
            draw(ctx, model)
    assert draw(ctx, model)["pictures"]


@pytest.mark.usefixtures("each_step")
def test_whoever_waits_for_the_device_is_told_their_place(ctx, model):
    waits, told = Event(), []

    def report(fraction: float | None, message: str) -> None:
        told.append(message)
        if message.startswith("waiting"):
            waits.set()

    ctx.report = report
    with ThreadPoolExecutor(1) as pool:
        with part("waiting").queue_of("cpu").turn(lambda: False, lambda before: None):
            drawing = pool.submit(draw, ctx, model)
            assert waits.wait(60)
        assert drawing.result(120)["pictures"]
    assert told[0] == "waiting: 1 before you"
    assert "step 4 of 4" in told


def test_a_picture_takes_on_another_style(ctx, model):
    before, after = change(ctx, model, instruction="Turn the picture into a watercolour", strength=0.5)
    assert after.size == before.size
    assert after.tobytes() != before.tobytes()


def test_a_picture_is_extended(ctx, model):
    before, after = change(ctx, model, instruction="Extend the picture on all sides")
    assert after.size == (96, 72)
    assert after.crop((16, 12, 80, 60)).tobytes() == before.tobytes()
    assert len(set(after.crop((0, 0, 96, 12)).tobytes())) > 1


def test_a_picture_is_enlarged_with_details_of_its_own(ctx, model):
    before, after = change(ctx, model, instruction="Make it larger")
    plain = before.resize((128, 96), Image.Resampling.LANCZOS)
    assert after.size == plain.size
    assert after.tobytes() != plain.tobytes()


def test_a_picture_is_varied(ctx, model, tmp_path):
    Image.effect_noise((64, 64), 90).convert("RGB").save(tmp_path / "given.png")
    asked = {"instruction": "Make 3 variations of given.png: a boat", "image": "given.png", "count": 3, "seed": 4}
    made = call(TOOLS["edit_image"].function, again(ctx), {"model": str(model)}, steps=3, **asked)
    assert (made["instruction"], [row["seed"] for row in made["pictures"]]) == ("a boat", [4, 5, 6])
    assert len({opened(tmp_path / row["file"]).tobytes() for row in made["pictures"]}) == 3


def test_what_would_be_too_large_is_refused(ctx, model, monkeypatch):
    monkeypatch.setattr(part("edit"), "MOST_PIXELS", 4000)
    for mode, size in (("enlarge", "128x96"), ("extend", "96x72")):
        with pytest.raises(ToolError, match=f"would become {size}"):
            change(ctx, model, mode=mode)


def test_lora_weights_change_what_is_drawn(ctx, model, kind, tmp_path):
    write = {"sdxl": tiny_pipelines.lora, "flux": tiny_pipelines.flux_lora}[kind]
    lora = write(model, tmp_path / "lora")
    plain, other = (
        opened(tmp_path / draw(ctx, model, settings=settings)["pictures"][0]["file"])
        for settings in ({}, {"loras": {str(lora): 1.0}})
    )
    assert plain.tobytes() != other.tobytes()


@pytest.mark.usefixtures("each_step")
@pytest.mark.parametrize("asked", [{}, {"mask": "mask.png"}, {"mode": "extend"}, {"mode": "enlarge"}])
def test_an_edit_stops_within_a_step(ctx, model, asked, tmp_path):
    Image.new("L", (64, 48), 255).save(tmp_path / "mask.png")
    told: list[str] = []
    doomed = make_context(tmp_path)

    def stop(fraction: float | None, message: str) -> None:
        told.append(message)
        if message.startswith("step 1"):
            doomed.cancel()

    doomed.report = stop
    Image.effect_noise((64, 48), 90).convert("RGB").save(tmp_path / "given.png")
    doomed.settings = part("settings").PictureSettings(model=str(model))
    values = {"instruction": "a boat", "mask": "", "mode": "auto"} | asked
    with pytest.raises(ToolError, match="Stopped; the picture is as it was"):
        part("edit").edit(
            doomed, "given.png", values["instruction"], values["mask"], values["mode"], 0.9, "", 1, 50, None
        )
    assert told[-1].startswith("step 1 of ")
    assert change(ctx, model)


@pytest.mark.usefixtures("each_step")
def test_previews_show_the_picture_in_the_making(ctx, model):
    seen: list[bytes] = []
    ctx.show = seen.append
    draw(ctx, model, size="96x64", steps=6)
    assert len(seen) == 4  # not of the first step, which is noise, nor of the last, whose picture is there
    for each in seen:
        with Image.open(io.BytesIO(each)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (192, 128))
    seen.clear()
    change(ctx, model, mode="enlarge", steps=16)
    with Image.open(io.BytesIO(seen[-1])) as picture:
        assert picture.size == (192, 144)


def test_previews_are_seldom(ctx, model, monkeypatch):
    seen: list[bytes] = []
    ctx.show = seen.append
    monkeypatch.setattr(part("preview"), "APART", 3600.0)
    draw(ctx, model)
    assert seen == []


@pytest.mark.usefixtures("each_step")
def test_previews_change_nothing_and_what_fails_in_them_neither(ctx, model, tmp_path, monkeypatch):
    with_them = draw(ctx, model)["pictures"][0]["file"]

    def broken(*_: Any) -> None:
        raise RuntimeError("no such latents")

    monkeypatch.setattr(part("preview"), "clean", broken)
    without = draw(ctx, model)["pictures"][0]["file"]
    assert opened(tmp_path / with_them).tobytes() == opened(tmp_path / without).tobytes()
