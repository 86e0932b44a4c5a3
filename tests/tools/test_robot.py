"""The robot of a conversation: rehearsed, watched, stopped, kept, replayed, and what it says to bad input."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.loader import load_file
from assistant.plugin import Context, ToolError, Unavailable
from assistant.runner import run_tool
from assistant.testing import make_context
from tests.tools.robots import FOLDER, QUICK, part, tools, world


async def call(name: str, folder: Path, settings: dict[str, Any] | None = None, /, **arguments: Any) -> Any:
    """Calls a tool of the robot in a conversation, as the assistant does."""
    return (await run(name, make_context(folder), settings, **arguments))[0]


async def run(name: str, context: Context, settings: dict[str, Any] | None = None, /, **arguments: Any) -> Any:
    known = tools() if settings is None else {t.name: t for t in load_file(FOLDER / "__init__.py", {"robot": settings})}
    done = await run_tool(known[name], "test", arguments, context)
    if not done.ok:
        raise ToolError(str(done.result))
    return done.result, context


def bytes_of(path: str) -> bytes:
    return Path(path).read_bytes()


def kept(folder: Path) -> dict[str, Any]:
    return json.loads((folder / ".robot" / "world.json").read_text())


async def test_an_action_leaves_a_picture_a_film_and_what_changed(tmp_path):
    result, context = await run("robot_pick", make_context(tmp_path), {"pace": 0}, object="the red cube")
    assert result["text"].startswith("The gripper holds the red cube")
    assert any(line.startswith("red cube: moved") for line in result["changed"])
    assert result["rehearsal"]["came true"] is True
    assert result["rehearsal"]["collisions"] == []
    assert [artifact.media_type for artifact in context.artifacts] == ["image/png", "video/mp4"]
    assert bytes_of(context.artifacts[1].path)[4:8] == b"ftyp"
    assert (tmp_path / ".robot" / "live.jpg").read_bytes()[:2] == b"\xff\xd8"


async def test_what_a_rehearsal_finds_wrong_is_not_carried_out(tmp_path):
    await call("robot_reset", tmp_path)
    before = kept(tmp_path)
    with pytest.raises(
        ToolError, match=r"nothing was moved, because the rehearsal of .* failed after .* would .* cube"
    ):
        await call("robot_push", tmp_path, object="ball", to="left", distance=0.28)
    assert kept(tmp_path) == before


async def test_a_plan_is_rehearsed_as_one(tmp_path):
    steps = [{"skill": "pick", "object": "red cube"}, {"skill": "place", "to": "on the orange ball"}]
    with pytest.raises(ToolError, match=r"step 2 \('place on the orange ball'\) failed .* nothing stays on"):
        await call("robot_plan", tmp_path, steps=steps)
    assert kept(tmp_path)["log"] == []
    steps[1]["to"] = "on the blue plate"
    result = await call("robot_plan", tmp_path, steps=[*steps, {"skill": "home"}])
    assert "on the blue plate" in result["text"]
    assert len(kept(tmp_path)["log"]) == 3


async def test_of_several_alike_one_is_taken_with_which_it_can_be_done(tmp_path):
    await call("robot_reset", tmp_path, scene="desk")
    await call("robot_open", tmp_path, what="drawer")
    result = await call("robot_push", tmp_path, object="the block", to="into the drawer")
    assert result["text"] == "The blue block is in the drawer."
    assert (await call("robot_replay", tmp_path))["exact"]


async def test_a_world_goes_on_after_a_restart_bit_for_bit(tmp_path):
    robots, settings = part("robot").Robots, tools()["robot_look"].settings
    action = part("action").Action
    folders = [tmp_path / "one", tmp_path / "two"]
    ends = []
    for folder, restarts in zip(folders, (False, True), strict=True):
        process = robots()
        process.of(folder, settings).act([action(skill="pick", object="red cube")], make_context(folder), "a")
        if restarts:
            process = robots()
        robot = process.of(folder, settings)
        robot.act([action(skill="place", to="on the plate")], make_context(folder), "b")
        ends.append(robot.world.state().tobytes())
    assert ends[0] == ends[1]


async def test_conversations_have_worlds_of_their_own(tmp_path):
    await call("robot_pick", tmp_path / "one", object="red cube")
    seen = await call("robot_look", tmp_path / "two")
    assert seen["gripper"]["holds"] is None


async def test_a_replay_does_everything_again_bit_for_bit_and_films_it(tmp_path):
    await call("robot_place", tmp_path, object="ball", where="in the bin")
    await call("robot_switch", tmp_path, what="lamp")
    result, context = await run("robot_replay", make_context(tmp_path))
    assert result["text"] == "Replayed 2 actions, bit for bit as they were."
    assert context.artifacts[0].media_type == "video/mp4"


async def test_nothing_to_replay(tmp_path):
    with pytest.raises(ToolError, match="nothing was done yet"):
        await call("robot_replay", tmp_path)


@pytest.mark.parametrize("how", ["file", "cancelled"])
def test_a_stop_in_the_middle_leaves_the_world_as_it_is_then(tmp_path, how):
    robot = part("robot").Robots().of(tmp_path, tools()["robot_look"].settings)
    context = make_context(tmp_path)
    seen: list[float] = []

    def watch(world):
        seen.append(world.seconds)
        if len(seen) == 100:
            (tmp_path / ".robot" / "stop").touch() if how == "file" else context.cancel()

    class Stopping(part("robot").Camerawork):
        def __call__(self, world):
            watch(world)
            super().__call__(world)

    module = part("robot")
    original, module.Camerawork = module.Camerawork, Stopping
    try:
        with pytest.raises(
            ToolError, match=r"stopped during 'pick the red cube'; the arm stood still (\d+) ms"
        ) as caught:
            robot.act([part("action").Action(skill="pick", object="the red cube")], context, "x")
    finally:
        module.Camerawork = original
    assert [artifact.media_type for artifact in context.artifacts] == ["image/png"]  # films are off here
    stood = int(str(caught.value).split("stood still ")[1].split(" ms")[0])
    assert stood <= 50 - 10  # a stop is looked for every 10 ms
    assert seen[-1] == pytest.approx(seen[99], abs=0.011)
    assert robot.world.grip_speed() < 0.01
    part("record").forget_stop(tmp_path)
    assert robot.replay(make_context(tmp_path))["exact"]
    # The next action goes on from there.
    robot.act([part("action").Action(skill="home")], make_context(tmp_path), "y")


async def test_stop_is_told_through_the_conversations_folder(tmp_path):
    assert await call("robot_stop", tmp_path) == "The robot is told to stop."
    assert (tmp_path / ".robot" / "stop").exists()
    await call("robot_home", tmp_path / "other")


@pytest.mark.parametrize("asked", ["robot_home", "robot_replay"])
async def test_a_stop_while_it_is_rehearsed_or_replayed_is_obeyed_too(tmp_path, monkeypatch, asked):
    await call("robot_home", tmp_path)
    before = kept(tmp_path)
    perform, ticks = part("rehearsal").perform, []

    def meanwhile(world, action, last=None, limits=None, watch=None, choice=0):
        def counted(each):
            ticks.append(each)
            if len(ticks) == 20:
                part("record").ask_to_stop(tmp_path)
            watch(each)

        return perform(world, action, last, limits, counted, choice)

    monkeypatch.setattr(part("rehearsal"), "perform", meanwhile)
    monkeypatch.setattr(part("robot"), "perform", meanwhile)
    with pytest.raises(ToolError, match=r"the (rehearsal|replay) was stopped.* Go on only if the person says so\.$"):
        await call(asked, tmp_path)
    assert len(ticks) == 20
    assert kept(tmp_path) == before


async def test_a_stop_holds_for_what_waits_for_its_turn(tmp_path):
    robot = part("robot").robots().of(tmp_path, tools()["robot_home"].settings)
    robot.reset()
    with robot.lock:
        waiting = asyncio.create_task(call("robot_home", tmp_path))
        await asyncio.sleep(0.5)
        await call("robot_stop", tmp_path)
    with pytest.raises(ToolError, match="stopped, and nothing has moved"):
        await waiting
    await call("robot_home", tmp_path)


def test_whatever_fails_in_the_middle_leaves_the_last_good_state(tmp_path, monkeypatch):
    robot = part("robot").Robots().of(tmp_path, tools()["robot_look"].settings)
    before = robot.world.state()

    def full(self, each):
        self.ticks += 1
        if self.ticks > 50:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(part("robot").Camerawork, "__call__", full)
    with pytest.raises(OSError, match="No space"):
        robot.act([part("action").Action(skill="pick", object="red cube")], make_context(tmp_path), "x")
    assert (robot.world.state() == before).all()


def test_a_simulation_that_diverges_goes_back_to_the_last_good_state(tmp_path):
    robot = part("robot").Robots().of(tmp_path, tools()["robot_look"].settings)
    before = robot.world.state()

    def explode(each):
        each.data.qvel[:] = math.inf if each is robot.world else each.data.qvel

    module = part("robot")
    original = module.Camerawork.__call__
    module.Camerawork.__call__ = lambda self, each: explode(each)
    try:
        with pytest.raises(ToolError, match="the simulation diverged"):
            robot.act([part("action").Action(skill="home")], make_context(tmp_path), "x")
    finally:
        module.Camerawork.__call__ = original
    assert (robot.world.state() == before).all()
    robot.act([part("action").Action(skill="pick", object="red cube")], make_context(tmp_path), "x")


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"skill": "home"}] * 10_000, "the plan has 10,000 steps, more than 20"),
        ([], "the plan has no steps"),
        ([{"skill": "dance"}], r"step 1 of the plan cannot be read: skill: Input should be 'pick'"),
        ([{"skill": "home"}, {"skill": "pick", "thing": "x"}], "step 2 of the plan cannot be read: thing"),
    ],
)
async def test_a_plan_that_cannot_be_read(tmp_path, steps, says):
    with pytest.raises(ToolError, match=says):
        await call("robot_plan", tmp_path, steps=steps)


async def test_numbers_that_are_none(tmp_path):
    with pytest.raises(ToolError, match="nan is no number"):
        await call("robot_push", tmp_path, object="red cube", to="left", distance=math.nan)
    with pytest.raises(ToolError, match="outside the workspace"):
        await call("robot_move", tmp_path, to="0.1, 5, 0.2")


async def test_scenes(tmp_path):
    result = await call("robot_reset", tmp_path, scene="desk")
    assert result["scene"] == "desk"
    with pytest.raises(ToolError, match=r"no scene 'dessk'; did you mean 'desk'.* there are: .*tabletop"):
        await call("robot_reset", tmp_path, scene="dessk")
    assert (await call("robot_look", tmp_path))["scene"] == "desk"


@pytest.mark.parametrize("name", sorted(path.stem for path in (FOLDER / "scenes").glob("*.yaml")))
def test_each_scene_that_ships_comes_to_rest(name):
    here = world(name)
    assert abs(here.data.qvel).max() < 0.01
    for thing in here.movable():
        assert math.dist(here.pose(thing).place[:2], here.things[thing].at) < 0.01
        assert here.under(thing) == "table"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("things: [", "is no valid YAML"),
        ("- a", "must hold name, table and things"),
        ("things: [{kind: dragon}]", r"thing 1 \(dragon\).*'cube'"),
        ("things: [{kind: cube, size: 3}]", r"thing 1 \(cube\): cube: size: Input should be less than"),
        ("things: [{kind: cube, colour: red, at: [.nan, 0]}]", "finite number"),
        ("things: [{kind: cube, weight: 3}]", "weight: Extra inputs are not permitted"),
        ("things: [{kind: cube, at: [0, 0]}, {kind: cube, at: [0.1, 0]}]", "two things are called 'cube'"),
        ("things: [{kind: tray, turn: 90}]", "'tray' cannot be turned"),
        ("things: [{kind: cube, at: [0, 0]}, {kind: ball, at: [0.01, 0]}]", "stand in the same place"),
        ("things: [{kind: cube, at: [0.9, 0]}]", "does not stand on the table"),
        ("things: [{kind: switch, lights: moon}]", "lights 'moon', which is not there"),
        ("things: [{kind: switch, lights: cube}, {kind: cube}]", "lights 'cube', which is no lamp"),
        ("things: [{kind: cube, name: table}]", "nothing can be called 'table'"),
        ("things: [{kind: tray, size: [1000000, 1]}]", r"thing 1 \(tray\): tray: size: 0: Input should be less than"),
        ("[" * 3000, "is no valid YAML"),
    ],
)
def test_a_scene_file_with_an_error_is_explained(text, says):
    with pytest.raises(ToolError, match=says) as caught:
        part("scene").read_scene(text, "mine.yaml")
    assert str(caught.value).startswith("the scene file mine.yaml")


async def test_a_scene_of_ones_own(tmp_path):
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    things = [{"kind": "cube", "name": "die", "colour": "white", "at": [0, 0.1], "words": ["little cube"]}]
    (scenes / "mine.yaml").write_text(yaml.safe_dump({"things": things}))
    settings = {**QUICK, "scene": "mine", "scenes": [str(scenes)]}
    result = (await run("robot_pick", make_context(tmp_path / "c"), settings, object="the little cube"))[0]
    assert "holds the die" in result["text"]
    (scenes / "mine.yaml").write_text("things: [{kind: cube, size: huge}]")
    with pytest.raises(ToolError, match=r"mine\.yaml has an error"):
        await run("robot_reset", make_context(tmp_path / "c"), settings, scene="mine")
    assert (await run("robot_look", make_context(tmp_path / "c"), settings))[0]["gripper"]["holds"] == "die"


async def test_a_kept_world_that_is_damaged_is_told_and_can_be_begun_anew(tmp_path):
    await call("robot_look", tmp_path)
    (tmp_path / ".robot" / "world.json").write_text("{")
    part("robot").robots.cache_clear()
    with pytest.raises(ToolError, match=r"cannot be read .*robot_reset begins anew"):
        await call("robot_look", tmp_path)
    assert (await call("robot_reset", tmp_path))["scene"] == "tabletop"


def test_what_cannot_be_had_makes_the_tools_absent(monkeypatch):
    module = sys.modules[tools()["robot_look"].function.__module__]
    monkeypatch.setattr(module, "NEEDED", {"no_such_module": "no-such-package"})
    with pytest.raises(Unavailable, match=r"no-such-package missing; .*assistant\[robot\]"):
        module.need_simulator(tools()["robot_look"].settings)


def test_limits_are_kept():
    rehearsal, action, limits = part("rehearsal"), part("action").Action, part("monitor").Limits
    slow = rehearsal.rehearse(
        world(), [action(skill="home"), action(skill="pick", object="ball")], None, limits(speed=0.2)
    )
    assert "faster than the limit of 0.2 m/s" in slow.problem
    soft = rehearsal.rehearse(world("desk"), [action(skill="open", object="drawer")], None, limits(force=5))
    assert "more than the limit of 5 N" in soft.problem


def test_what_is_knocked_over_is_told():
    before = part("skill").read(world())
    after = world()
    after.data.joint("purple cylinder/free").qpos[2:7] = [0.02, 0.7, 0.7, 0, 0]
    for _ in range(20):
        after.tick()
    assert part("skill").disturbed(before, part("skill").read(after), ()) == [
        "the purple cylinder would be moved by 2 cm"
    ] or part("skill").disturbed(before, part("skill").read(after), ())


def test_simulator_is_loaded_without_starting_programs():
    code = (
        "import sys; sys.addaudithook(lambda e, a: print(e) if e == 'subprocess.Popen' else None)\n"
        "from assistant.loader import builtin_folder, load_file\n"
        "t = load_file(builtin_folder() / 'robot' / '__init__.py')[0]\n"
        "assert 'mujoco' not in sys.modules\n"
        "import importlib; importlib.import_module(t.function.__module__ + '.robot')\n"
        "assert 'mujoco' in sys.modules and 'gymnasium_robotics' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == ""
