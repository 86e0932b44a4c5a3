"""Requests for pictures are told by their form, whatever the picture shows."""

from __future__ import annotations

import pytest

from assistant.engines.builtin.drawing import drawn

TOOLS = {"generate_image": {}, "plot": {}}


@pytest.mark.parametrize(
    "request_",
    [
        "Draw a lighthouse at dusk",
        "please draw me two red circles",
        "Paint three trees on green hills",
        "Create a picture of a cat in a garden",
        "Could you generate an oil painting of Napoleon",
        "Make 4 images of a boat",
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
