"""An environment of gymnasium behind the robot's tools."""

from __future__ import annotations

import pytest

from assistant.plugin import ToolError
from assistant.testing import make_context
from tests.tools.robots import QUICK, part, tools
from tests.tools.test_robot import run

PICK = {**QUICK, "environment": "FetchPickAndPlace-v4"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", ["1", "2"])
async def test_the_stock_arm_takes_its_object_to_the_goal(tmp_path, seed):
    tools()
    await run("robot_reset", make_context(tmp_path), PICK, scene=seed)
    await run("robot_pick", make_context(tmp_path), PICK, object="the block")
    result, context = await run("robot_place", make_context(tmp_path), PICK, where="at the goal")
    assert result["text"].startswith("The object is at")
    assert result["rehearsal"]["came true"] is True
    assert context.artifacts
    assert (await run("robot_replay", make_context(tmp_path), PICK))[0]["exact"] is True


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_it_goes_on_after_a_restart(tmp_path):
    await run("robot_pick", make_context(tmp_path), PICK, object="block")
    before = (await run("robot_look", make_context(tmp_path), PICK))[0]["observation"]
    part("robot").robots.cache_clear()
    assert (await run("robot_look", make_context(tmp_path), PICK))[0]["observation"] == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("environment", "tool", "arguments", "says"),
    [
        ("FetchPickAndPlace-v4", "robot_pick", {"object": "purple dragon"}, "there is: object, goal"),
        ("FetchPickAndPlace-v4", "robot_move", {"to": "0.9, 0.9"}, "outside the workspace"),
        ("FetchPickAndPlace-v4", "robot_turn", {"object": "block"}, "knows no 'turn'; it knows move, pick"),
        ("FetchReach-v4", "robot_pick", {"object": "block"}, "there is no object in FetchReach-v4"),
        ("FetchPush-v4", "robot_pick", {"object": "block"}, "fingers are locked in FetchPush-v4"),
        ("NoSuch-v0", "robot_look", {}, "there is no environment 'NoSuch-v0'"),
        ("Pendulum-v1", "robot_home", {}, "no skills for Pendulum-v1; name a file"),
    ],
)
async def test_what_an_environment_cannot_do(tmp_path, environment, tool, arguments, says):
    tools()
    with pytest.raises(ToolError, match=says):
        await run(tool, make_context(tmp_path), {**QUICK, "environment": environment}, **arguments)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_pushing_and_reaching(tmp_path):
    push = {**QUICK, "environment": "FetchPush-v4"}
    result, _ = await run("robot_push", make_context(tmp_path / "a"), push, object="puck", to="left", distance=0.06)
    assert result["text"].startswith("The object is at")
    reach = {**QUICK, "environment": "FetchReach-v4"}
    result, _ = await run("robot_move", make_context(tmp_path / "b"), reach, to="0.05, 0.05, 0.2")
    assert result["text"].startswith("The gripper is at")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_environment_with_skills_of_ones_own(tmp_path):
    (tmp_path / "skills.py").write_text(
        "class Swing:\n"
        "    def check(self, world): pass\n"
        "    def motion(self, world):\n"
        "        for _ in range(5):\n"
        "            world.action[:] = 1.0\n"
        "            yield\n"
        "    def verify(self, world, before): return 'It swings'\n"
        "def settle(world, action): return Swing()\n"
    )
    settings = {
        **QUICK,
        "opengl": "none",
        "environment": "Pendulum-v1",
        "environment_skills": str(tmp_path / "skills.py"),
    }
    result, _ = await run("robot_home", make_context(tmp_path / "c"), settings)
    assert result["text"] == "It swings."
