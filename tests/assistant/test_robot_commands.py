"""What the built-in engine takes for a command to the robot, and what not."""

from __future__ import annotations

import pytest

from assistant.engines.builtin.robot import NAMES, commanded

TOOLS: dict[str, object] = {name: {} for name in NAMES}


@pytest.mark.parametrize(
    ("request_", "tool", "arguments"),
    [
        ("Could you pick up the red cube, please?", "robot_pick", {"object": "the red cube"}),
        ("put it in the bin", "robot_place", {"where": "in the bin"}),
        ("place the ball at 0.1, -0.2", "robot_place", {"object": "the ball", "where": "at 0.1, -0.2"}),
        ("push the ball 5 cm to the right", "robot_push", {"object": "the ball", "to": "right", "distance": 0.05}),
        ("turn on the led light", "robot_switch", {"what": "the led light", "on": True}),
        ("rotate the cube anticlockwise", "robot_turn", {"object": "the cube", "direction": "left"}),
        ("open your hand", "robot_open", {"what": "gripper"}),
        ("move the arm 10 cm up", "robot_move", {"to": "up", "distance": 0.1}),
        ("go home", "robot_home", {}),
        ("stop!", "robot_stop", {}),
        ("load the desk scene", "robot_reset", {"scene": "desk"}),
        ("show me the table from above", "robot_look", {"camera": "top"}),
        ("pick up the purple dragon", "robot_pick", {"object": "the purple dragon"}),
        ("hand me the green cube", "robot_pick", {"object": "the green cube"}),
        ("I'd like the ball in the bin", "robot_place", {"object": "the ball", "where": "in the bin"}),
        ("The ball belongs in the bin.", "robot_place", {"object": "the ball", "where": "in the bin"}),
        ("Give the red cube a push to the left", "robot_push", {"object": "the red cube", "to": "left"}),
        ("let go", "robot_open", {"what": "gripper"}),
        ("flip the switch", "robot_switch", {"what": "the switch"}),
        ("Lights off!", "robot_switch", {"what": "lights", "on": False}),
        ("hover over the blue plate", "robot_move", {"to": "over the blue plate"}),
        ("move 5 cm to the left", "robot_move", {"to": "left", "distance": 0.05}),
        ("Stop the robot right now", "robot_stop", {}),
        ("show me what the robot sees", "robot_look", {}),
        ("start over with the table as it was", "robot_reset", {}),
    ],
)
def test_a_command(request_, tool, arguments):
    call = commanded(request_, TOOLS)
    assert call is not None
    assert (call.tool, call.arguments) == (tool, arguments)


def test_several_commands_are_one_plan():
    call = commanded("Put the red cube on the blue plate and the green one in the bin, then go home.", TOOLS)
    assert call is not None
    assert call.tool == "robot_plan"
    assert [step["skill"] for step in call.arguments["steps"]] == ["place", "place", "home"]


@pytest.mark.parametrize(
    "request_",
    [
        "turn off the kitchen lights",
        "turn on the TV",
        "What is the capital of France?",
        "move the meeting to Tuesday",
        "open the file report.pdf",
        "pick a number between 1 and 10",
        "put the figures into a table",
        "close the account of Ms. Miller",
        "where is the station?",
        "place an order for ten chairs",
        "start over",
        "I'd like information on the table of contents",
        "go to the next page",
        "The meeting should be on Monday",
        "move on",
        "2 + 2",
        "",
    ],
)
def test_what_is_none_of_the_robots_business(request_):
    assert commanded(request_, TOOLS) is None


def test_there_may_be_no_robot():
    assert commanded("pick up the red cube", {}) is None
