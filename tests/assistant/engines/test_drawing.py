"""Requests for pictures are told by their form, whatever the picture shows."""

from __future__ import annotations

import pytest

from assistant.engines.builtin.drawing import drawn
from assistant.engines.builtin.editing import edited, verified

TOOLS = {"generate_image": {}, "edit_image": {}, "verify_image": {}, "plot": {}}


@pytest.mark.parametrize(
    "request_",
    [
        "Draw a lighthouse at dusk",
        "please draw me two red circles",
        "Paint three trees on green hills",
        "Create a picture of a cat in a garden",
        "Could you generate an oil painting of Napoleon",
        "Sketch the sea at night",
        "Draw a red circle and a giraffe",
    ],
)
def test_a_picture_is_asked_for(request_):
    call = drawn(request_, TOOLS)
    assert call is not None
    assert (call.tool, call.arguments) == ("generate_image", {"prompt": request_})


@pytest.mark.parametrize(
    "request_",
    [
        "Draw a bar chart of sales.csv",
        "Draw the graph of sin(x)",
        "draw y = x^2",
        "Draw a conclusion from the report",
        "Draw lots among Ada, Ben and Cleo",
        "Who painted the lighthouse?",
        "Make a list of pictures",
        "Show me a picture of the lighthouse",
        "Create a table of contents",
    ],
)
def test_other_requests_are_left_to_others(request_):
    assert drawn(request_, TOOLS) is None


def test_without_the_tool_nothing_is_drawn():
    assert drawn("Draw a boat", {"plot": {}}) is None


@pytest.mark.parametrize(
    ("asked", "prompt", "rest"),
    [
        ("Make 10,000 pictures of a star", "Make 10,000 pictures of a star", {"count": 10_000}),
        ("Make ten pictures of a star", "Make ten pictures of a star", {"count": 10}),
        (
            "Draw the moon with 5 steps and guidance 2.5 and seed 7",
            "Draw the moon",
            {"steps": 5, "guidance": 2.5, "seed": 7},
        ),
        ("Make 4 images of a boat", "Make 4 images of a boat", {"count": 4}),
        ("Draw two pictures of a star", "Draw two pictures of a star", {"count": 2}),
        ("Draw two stars", "Draw two stars", {}),
        ("Draw a boat with seed 7", "Draw a boat", {"seed": 7}),
        ("Draw a boat at 512x768 pixels, 30 steps", "Draw a boat", {"size": "512x768", "steps": 30}),
        ("Create 10000 pictures of a boat", "Create 10000 pictures of a boat", {"count": 10_000}),
    ],
)
def test_what_is_said_of_how_a_picture_is_made_is_told_apart(asked, prompt, rest):
    call = drawn(asked, TOOLS)
    assert call is not None
    assert call.arguments == {"prompt": prompt, **rest}


@pytest.mark.parametrize(
    ("asked", "arguments"),
    [
        ("Make the picture larger", {"instruction": "", "image": "last", "mode": "enlarge"}),
        ("Make picture-5.png larger: a boat", {"instruction": "a boat", "image": "picture-5.png", "mode": "enlarge"}),
        ("Upscale picture-5.png", {"instruction": "", "image": "picture-5.png", "mode": "enlarge"}),
        ("Extend the drawing on all sides", {"instruction": "", "image": "last", "mode": "extend"}),
        (
            "Make 3 variations of picture-5.png: a red circle",
            {"instruction": "a red circle", "image": "picture-5.png", "count": 3, "mode": "vary"},
        ),
        (
            "Change the last picture: make the circle green",
            {"instruction": "make the circle green", "image": "last", "mode": "change"},
        ),
        ("Edit a-1.png so that it is night", {"instruction": "it is night", "image": "a-1.png", "mode": "change"}),
        (
            'Change "my photo.jpg" where masks/mask-1.png is white: a green: star',
            {
                "instruction": "a green: star",
                "image": "my photo.jpg",
                "mask": "masks/mask-1.png",
                "mode": "change",
            },
        ),
    ],
)
def test_a_picture_is_to_be_changed(asked, arguments):
    call = edited(asked, TOOLS)
    assert call is not None
    assert (call.tool, call.arguments) == ("edit_image", arguments)


@pytest.mark.parametrize(
    "asked",
    ["Make the text larger", "Change the subject", "Extend the deadline", "Edit the report so that it is short"],
)
def test_other_changes_are_left_to_others(asked):
    assert edited(asked, TOOLS) is None


@pytest.mark.parametrize(
    ("asked", "arguments"),
    [
        ("Make 10,000 variations of a.png", {"instruction": "", "image": "a.png", "count": 10_000, "mode": "vary"}),
        ("Make five variations of it", {"instruction": "", "image": "last", "count": 5, "mode": "vary"}),
        ("Turn it into a watercolour", {"instruction": "a watercolour", "image": "last", "mode": "change"}),
    ],
)
def test_counts_of_many_and_it_are_read(asked, arguments):
    call = edited(asked, TOOLS)
    assert call is not None
    assert call.arguments == arguments


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        ("Was this picture altered or made by AI?", "last"),
        ("Is this picture made by AI?", "last"),
        ("Where does the picture come from?", "last"),
        ("Where does photo.png come from?", "photo.png"),
        ("verify the last picture", "last"),
    ],
)
def test_where_a_picture_comes_from_is_asked(asked, file):
    call = verified(asked, TOOLS)
    assert call is not None
    assert (call.tool, call.arguments) == ("verify_image", {"file": file})


def test_other_checks_are_left_to_others():
    assert verified("Where does the rule about notice periods come from?", TOOLS) is None
