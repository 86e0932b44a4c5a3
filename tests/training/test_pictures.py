"""The scenes that the starter picture model learns from, and the program that judges it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageFilter

from training.pictures.caption import caption
from training.pictures.draw import draw
from training.pictures.evaluate import Asked, prompts
from training.pictures.judge import couple_is_right, find
from training.pictures.sample import KEPT_OUT, couple, kept_out, scenes, single
from training.pictures.scene import COLOURS, SHAPES, SIDE, Scene

COUNT = 60


def disturbed(picture: Image.Image, blur: float, noise: float, seed: int) -> Image.Image:
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(blur)), dtype=float)
    grain = np.random.default_rng(seed).normal(0, noise, soft.shape)
    return Image.fromarray((soft + grain).clip(0, 255).astype("uint8"))


def drawn(seed: int) -> Iterator[tuple[Scene, Image.Image]]:
    random = Random(seed)
    for number in range(COUNT):
        scene = single(random) if number % 2 else couple(random)
        yield scene, draw(scene, random)


@pytest.mark.parametrize(("blur", "noise", "least"), [(0.0, 0.0, 1.0), (1.0, 8.0, 0.98), (2.0, 12.0, 0.95)])
def test_the_judge_finds_what_was_drawn(blur, noise, least):
    seen = [Asked("", scene).right(disturbed(picture, blur, noise, 1)) for scene, picture in drawn(2)]
    assert sum(seen) / len(seen) >= least


def test_the_judge_is_not_pleased_by_anything_else():
    random = Random(4)
    asked = [single(random) for _ in range(40)]
    looks = [(scene.things[0].what, scene.things[0].colour) for scene in asked]
    for place, scene in enumerate(asked):
        other = asked[place - 1]
        if looks[place] != looks[place - 1]:
            assert not Asked("", scene).right(draw(other, random))


def test_the_judge_sees_which_way_round_two_things_stand():
    random = Random(5)
    for scene in islice((each for each in scenes(random) if len(each.things) == 2 and each.background), 20):
        one, other = ((thing.what, thing.colour) for thing in scene.things)
        if one != other:
            picture = draw(scene, random)
            assert couple_is_right(picture, one, other, scene.things[0].place)
            assert not couple_is_right(picture, other, one, scene.things[0].place)


def test_an_empty_picture_holds_nothing():
    assert find(Image.new("RGB", (SIDE, SIDE), "white")) == []


def test_each_shape_and_each_colour_is_kept_out_once_and_seen_otherwise():
    assert sorted(shape for shape, _ in KEPT_OUT) == sorted(SHAPES)
    assert sorted(colour for _, colour in KEPT_OUT) == sorted(COLOURS)


def test_nothing_that_is_kept_out_is_trained_on_or_said():
    random = Random(6)
    for scene in islice(scenes(random), 1500):
        looks = [(thing.what, thing.colour) for thing in scene.things if thing.colour]
        assert not kept_out(*looks)
        assert len(caption(scene, random)) > 5


def test_all_that_is_judged_is_kept_out():
    for asked in (each for kind in prompts(1, 40) for each in kind):
        assert kept_out(*((thing.what, thing.colour) for thing in asked.scene.things))
        assert draw(asked.scene, Random(0)).size == (SIDE, SIDE)
