"""What the robot's skills do in the simulator, measured there."""

from __future__ import annotations

import math

import pytest

from assistant.plugin import ToolError
from tests.tools.robots import act, part, world


@pytest.mark.parametrize("name", ["red cube", "orange ball", "purple cylinder"])
def test_a_thing_of_each_kind_is_picked_up_and_put_on_a_plate(name):
    here = world()
    act(here, skill="pick", object=f"the {name}")
    assert here.held() == name
    outcome = act(here, skill="place", to="on the blue plate")
    assert here.held() is None
    assert here.under(name) == "blue plate"
    assert math.dist(here.pose(name).place[:2], here.pose("blue plate").place[:2]) < 0.02
    assert "on the blue plate" in outcome.words


def test_cubes_are_stacked():
    here = world()
    act(here, skill="place", object="green cube", to="on the red cube")
    assert here.under("green cube") == "red cube"


@pytest.mark.parametrize(
    ("where", "along", "across"),
    [("left of the red cube", 0, 1), ("to the right of the red cube", 0, -1), ("behind the red cube", 1, 0)],
)
def test_a_place_beside_something(where, along, across):
    here = world()
    act(here, skill="place", object="ball", to=where)
    (x, y, _), (a, b, _) = here.pose("orange ball").place, here.pose("red cube").place
    assert (x - a) * along + (y - b) * across > 0.05


@pytest.mark.parametrize(("name", "way"), [("yellow cube", "left"), ("orange ball", "right"), ("green cube", "back")])
def test_push(name, way):
    here = world()
    before = here.pose(name).place
    act(here, skill="push", object=name, to=way, amount=0.06)
    after = here.pose(name).place
    step = {"left": (0, 0.06), "right": (0, -0.06), "back": (-0.06, 0)}[way]
    assert math.dist(after[:2], (before[0] + step[0], before[1] + step[1])) < 0.02


@pytest.mark.parametrize(("way", "degrees"), [("left", 90), ("right", -90)])
def test_turn(way, degrees):
    here = world()
    before = here.pose("green cube").turn
    act(here, skill="turn", object="green cube", to=way)
    turned = math.degrees(part("skill").angle(here.pose("green cube").turn - before))
    assert turned == pytest.approx(degrees, abs=10)


def test_a_drawer_holds_what_is_put_in_it():
    here = world("desk")
    with pytest.raises(ToolError, match="drawer is closed; open it first"):
        act(here, skill="place", object="pink block", to="in the drawer")
    act(here, skill="open", object="the drawer")
    act(here, skill="place", object="pink block", to="in the drawer")
    act(here, skill="push", object="blue block", to="into the drawer")
    act(here, skill="close", object="the drawer")
    assert here.slid("drawer") < 0.1
    assert here.under("pink block") == here.under("blue block") == "drawer"
    with pytest.raises(ToolError, match="in the drawer, which is closed"):
        act(here, skill="pick", object="pink block")


def test_a_sliding_door_covers_what_is_under_it():
    here = world("desk")
    act(here, skill="place", object="pink block", to="in the sliding cabinet")
    act(here, skill="push", object="the door", to="right")
    with pytest.raises(ToolError, match="slide the door to the left first"):
        act(here, skill="pick", object="the block in the cabinet")
    act(here, skill="push", object="the door", to="left")
    act(here, skill="pick", object="the block in the cabinet")
    assert here.held() == "pink block"


def test_a_switch_lights_its_own_lamp():
    here = world("desk")
    act(here, skill="switch", object="the light bulb", on=True)
    assert here.is_on("light bulb")
    assert not here.is_on("led")
    act(here, skill="switch", object="light bulb", on=False)
    assert not here.is_on("light bulb")


def test_a_lamp_of_two_switches_is_dark_when_both_are_off():
    text = (
        "things: [{kind: lamp, at: [0.2, 0.3]}, {kind: switch, name: one, at: [-0.05, 0.1], lights: lamp},"
        " {kind: switch, name: two, at: [-0.05, -0.1], lights: lamp}]"
    )
    here = part("world").World(part("scene").read_scene(text, "x.yaml")).begin()
    act(here, skill="switch", object="one")
    assert act(here, skill="switch", object="two").words == "The two is on, and the lamp is lit"
    assert act(here, skill="switch", object="one", on=False).words == "The one is off, and the lamp is lit"
    assert act(here, skill="switch", object="lamp", on=False).words == "The two is off, and the lamp is dark"


def test_gripper_and_home():
    here = world()
    act(here, skill="close")
    assert here.opening() < 0.01
    act(here, skill="open", object="gripper")
    assert here.opening() > 0.09
    act(here, skill="move", to="above the bin")
    assert math.dist(here.grip()[:2], here.pose("grey bin").place[:2]) < 0.01
    act(here, skill="move", to="up", amount=0.05)
    act(here, skill="home")
    assert math.dist(here.grip()[:2], (0, 0)) < 0.01


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ({"skill": "pick", "object": "the purple dragon"}, r"no 'the purple dragon' here.*There is: red cube"),
        ({"skill": "pick", "object": "the blue plate"}, "cannot be picked up; what can be is: red cube"),
        ({"skill": "pick", "object": "red cube in the bin"}, "red cube is not in the grey bin; it is on the table"),
        ({"skill": "place", "to": "on the blue plate"}, "holds nothing"),
        ({"skill": "place", "object": "red cube", "to": "on the orange ball"}, "nothing stays on"),
        ({"skill": "place", "object": "red cube", "to": "on the lamp"}, "what can hold things is: red cube"),
        ({"skill": "place", "object": "red cube", "to": "0.9, 0.9"}, "is not on the table"),
        ({"skill": "place", "object": "red cube", "to": "7, 8"}, "outside the workspace"),
        ({"skill": "place", "object": "red cube", "to": "nan, 0.1"}, "is no point"),
        ({"skill": "place", "object": "red cube", "to": "0.2, 0.5"}, "out of the arm's reach"),
        ({"skill": "place", "object": "red cube", "to": "0.02, -0.16"}, "occupied by the orange ball"),
        ({"skill": "push", "object": "red cube", "to": "left", "amount": math.nan}, "nan is no number"),
        ({"skill": "push", "object": "red cube", "to": "sideways"}, "there are: left, right, forward, back"),
        ({"skill": "turn", "object": "orange ball"}, "a ball, which looks the same"),
        ({"skill": "turn", "object": "red cube", "amount": 720}, "by 1 to 180 degrees"),
        ({"skill": "open", "object": "lamp"}, "cannot be opened; what can be is: gripper"),
        ({"skill": "switch", "object": "red cube"}, "what can be is: lamp, switch"),
        ({"skill": "switch", "object": "lamp", "on": False}, "off already"),
        ({"skill": "move", "to": "0, 0, 3"}, "outside the workspace"),
        ({"skill": "move", "to": "0.1, 0.1, -0.1"}, "outside the workspace"),
    ],
)
def test_a_precondition_is_refused_before_anything_moves(action, says):
    here = world()
    with pytest.raises(ToolError, match=says):
        act(here, **action)
    assert here.seconds == world().seconds


@pytest.mark.parametrize(
    "where", ["5 cm, 0.2 m", "0.05 m, 20 cm", "5, 20 cm", "50mm 200mm", "0.05, 0.2", "0.05, 0.2, 0.02", "5, 20, 2 cm"]
)
def test_a_point_in_whatever_units(where):
    place = world()
    act(place, skill="place", object="yellow cube", to=where)
    assert place.pose("yellow cube").place[:2] == pytest.approx((0.05, 0.2), abs=0.005)


@pytest.mark.parametrize("where", ["under the red cube", "between the red cube and the ball", "away from the plate"])
def test_a_place_that_is_not_understood_is_not_taken_for_the_thing_in_it(where):
    with pytest.raises(ToolError, match="is no place to put something; it goes on, in or beside a thing"):
        act(world(), skill="place", object="yellow cube", to=where)


def test_a_point_in_the_air_carries_nothing():
    with pytest.raises(ToolError, match="nothing carries the yellow cube 30 cm above the table"):
        act(world(), skill="place", object="yellow cube", to="0.05, 0.1, 0.3")


def test_it_means_what_was_spoken_of_last():
    here = world()
    outcome = act(here, skill="push", object="red cube", to="right", amount=0.05)
    act(here, outcome.name, skill="pick", object="it")
    assert here.held() == "red cube"
