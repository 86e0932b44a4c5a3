"""Pictures of the robot's world: by OpenGL where there is one, drawn everywhere."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.tools.robots import act, part, world


def drawn():
    return part("studio").Studio(part("opengl").choose("none"))


def rendered():
    opengl = part("opengl").choose("auto")
    if not opengl.name:
        pytest.skip(f"no OpenGL here: {opengl.reason}")
    return part("studio").Studio(opengl)


@pytest.mark.parametrize("make", [drawn, rendered])
@pytest.mark.parametrize("view", ["colour", "depth", "segmentation"])
def test_a_picture_shows_what_changed(make, view):
    studio, here = make(), world()
    before = studio.picture(here, "top", view=view)
    act(here, skill="push", object="orange ball", to="left", amount=0.06)
    act(here, skill="home")
    after = studio.picture(here, "top", view=view)
    assert before.shape == after.shape == (240, 320, 3)
    assert before.dtype == np.uint8
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 3
    assert (before != after).any()


@pytest.mark.parametrize("make", [drawn, rendered])
def test_a_lamp_that_is_lit_is_seen(make):
    studio, here = make(), world()
    before = studio.picture(here, "top").astype(int)
    here.data.joint("switch/slide").qpos[0] = 0.04
    after = studio.picture(here, "top").astype(int)
    assert (after - before).max() > 60


@pytest.mark.parametrize("camera", ["front", "top", "side", "gripper"])
def test_each_camera_sees_something_else(camera):
    studio, here = rendered(), world()
    seen = {name: studio.picture(here, name).tobytes() for name in part("studio").CAMERAS}
    assert len(set(seen.values())) == 4
    assert len(set(seen[camera])) > 20


def test_the_grippers_camera_sees_what_is_below_it():
    studio, here = rendered(), world()
    for channel, name in enumerate(("red cube", "green cube")):
        act(here, skill="move", to=f"above the {name}")
        seen = studio.picture(here, "gripper").astype(float)
        others = np.delete(seen, channel, axis=2).max(axis=2)
        assert (seen[:, :, channel] > 1.5 * others + 20).mean() > 0.01


def test_left_in_the_pictures_is_left_of_the_robot():
    """The red cube is moved to the robot's left, so that red is further left in the picture."""
    for studio in (drawn(), part("studio").studio()):
        columns = []
        for y in (0.1, 0.3):
            here = world()
            here.data.joint("red cube/free").qpos[:3] = [-0.05, y, 0.02]
            here.tick()
            pixels = studio.picture(here, "top").astype(int)
            red = (pixels[:, :, 0] > 110) & (pixels[:, :, 1] < 70) & (pixels[:, :, 2] < 70)
            columns.append(np.flatnonzero(red.any(axis=0)).mean())
        assert columns[1] < columns[0]


def test_without_opengl_pictures_are_drawn_and_it_is_told_why():
    studio = drawn()
    assert studio.problem == "pictures are drawn, because OpenGL is switched off"
    opengl = part("opengl")
    broken = part("studio").Studio(opengl.OpenGL("no_such_opengl", "for the test"))
    pixels = broken.picture(world())
    assert pixels.shape == (240, 320, 3)
    assert "no_such_opengl failed" in broken.problem


def test_the_choice_is_explained(monkeypatch):
    opengl = part("opengl")
    monkeypatch.setattr(opengl, "_egl", lambda: "there is no EGL")
    monkeypatch.setattr(opengl, "_osmesa", lambda: "there is no OSMesa")
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    opengl.choose.cache_clear()
    chosen = opengl.choose("auto")
    assert chosen.name == ""
    assert "there is no EGL and there is no OSMesa; apt install libegl1" in chosen.reason
    monkeypatch.setattr(opengl, "_osmesa", lambda: "")
    opengl.choose.cache_clear()
    assert opengl.choose("auto").name == "osmesa"
    opengl.choose.cache_clear()


def test_a_film_can_be_played():
    av = pytest.importorskip("av")
    frames = [np.full((240, 320, 3), shade, np.uint8) for shade in range(0, 250, 10)]
    with av.open(io.BytesIO(part("film").film(frames))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.codec_context.pix_fmt) == (320, 240, "yuv420p")
        shades = [frame.to_ndarray(format="rgb24").mean() for frame in container.decode(stream)]
    assert len(shades) == len(frames)
    assert shades == sorted(shades)


def test_before_and_after_stand_beside_each_other():
    one, two = np.zeros((240, 320, 3), np.uint8), np.full((240, 320, 3), 200, np.uint8)
    whole = Image.open(io.BytesIO(part("film").pair(one, two)))
    assert whole.size == (644, 256)
    assert whole.getpixel((100, 100)) == (0, 0, 0)
    assert whole.getpixel((500, 100)) == (200, 200, 200)
