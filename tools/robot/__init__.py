"""The robot's tools: an arm in a simulated world of the conversation's own, which rehearses all that it does."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextvars import ContextVar
from typing import Annotated, Any, Literal

from pydantic import Field

from assistant.plugin import Context, Unavailable, tool

from .settings import RobotSettings

# Nothing moves in these, so that there is nothing to rehearse.
UNREHEARSED = ("robot_look", "robot_stop", "robot_reset", "robot_replay")
NEEDED = {"mujoco": "mujoco", "gymnasium_robotics": "gymnasium-robotics", "av": "av"}
Said = Annotated[str, Field(max_length=200)]


def need_simulator(settings: RobotSettings) -> None:
    """Looks whether the simulator is installed.

    Raises:
        Unavailable: It is not.
    """
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise Unavailable(f"{', '.join(missing)} missing; get the robot with: pip install 'assistant[robot]'")
    if settings.environment:  # here, where nobody waits for it, and where it may look for a display
        from . import gym_world  # noqa: F401


def diagnose(settings: RobotSettings) -> str:
    """Returns which OpenGL pictures are made with, and why."""
    from .opengl import choose

    chosen = choose(settings.opengl)
    return f"pictures by {chosen.name}: {chosen.reason}" if chosen.name else chosen.reason


REHEARSE_ONLY: ContextVar[bool] = ContextVar("rehearse_only", default=False)


def _rehearsed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the same tool that only rehearses, for those who are asked to approve it."""

    def preview(**values: Any) -> Any:
        token = REHEARSE_ONLY.set(True)
        try:
            return function(**values)
        finally:
            REHEARSE_ONLY.reset(token)

    return preview


def _act(ctx: Context, name: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """Rehearses and carries out; the simulator is loaded when the first action comes."""
    from .action import Action
    from .record import forget_stop
    from .robot import robots

    robot = robots().of(ctx.folder, ctx.settings)
    plan = [Action(**step) for step in steps]
    forget_stop(ctx.folder)  # before it waits for its turn, so that a stop also holds for what waits
    with robot.lock:
        return robot.preview(plan, ctx) if REHEARSE_ONLY.get() else robot.act(plan, ctx, name)


def _tool(examples: list[str], timeout: float = 120, **more: Any) -> Any:
    """Marks a tool of the robot: what it does, it does in the conversation's own world and nowhere else."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        return tool(
            examples=examples, timeout=timeout, trusted=True, settings=RobotSettings, requires=need_simulator,
            preview=None if function.__name__ in UNREHEARSED else _rehearsed(function), **more,
        )(function)  # fmt: skip

    return mark


@_tool(["what is on the table?", "show me the robot from the side"], diagnose=diagnose)
def robot_look(
    ctx: Context,
    camera: Literal["front", "top", "side", "gripper"] = "front",
    view: Literal["colour", "depth", "segmentation"] = "colour",
) -> dict[str, Any]:
    """Look at the robot's table: a picture, and what is where.

    Coordinates are metres from the middle of the table: x away from the robot, y to its left, z above the table.

    Args:
        camera: From where to look.
        view: Colours, distances, or a plain colour for each thing.
    """
    from .robot import robots

    robot = robots().of(ctx.folder, ctx.settings)
    with robot.lock:
        return robot.look(ctx, camera, view)


@_tool(["move the gripper above the plate", "move the arm 10 cm to the left"])
def robot_move(to: Said, ctx: Context, distance: float = 0.1) -> dict[str, Any]:
    """Move the robot's gripper: above a thing, to a point, or in a direction.

    Args:
        to: Such as "above the red cube", "0.05, 0.2, 0.15" (metres: away, left, up), "left" or "up".
        distance: How far in a direction, in metres.
    """
    return _act(ctx, "robot-move", {"skill": "move", "to": to, "amount": distance})


@_tool(["pick up the red cube", "take the ball out of the bin"])
def robot_pick(object: Said, ctx: Context) -> dict[str, Any]:
    """Pick up a thing with the robot's gripper and hold it.

    Args:
        object: Which thing, such as "the red cube", "the block in the drawer" or "the top block".
    """
    return _act(ctx, "robot-pick", {"skill": "pick", "object": object})


@_tool(["put the red cube on the blue plate", "place it left of the green cube"])
def robot_place(where: Said, ctx: Context, object: Said = "") -> dict[str, Any]:
    """Put a thing down with the robot: on, in or beside something, or at a point. It is picked up first if need be.

    Args:
        where: Such as "on the blue plate", "in the bin", "left of the green cube", "on the table" or "0.05, 0.2".
        object: Which thing; empty means what the gripper holds.
    """
    return _act(ctx, "robot-place", {"skill": "place", "object": object, "to": where})


@_tool(["push the red cube to the left", "push the block into the drawer"])
def robot_push(object: Said, to: Said, ctx: Context, distance: float = 0.1) -> dict[str, Any]:
    """Push a thing over the table, or a sliding door along its way.

    Args:
        object: Which thing.
        to: "left", "right", "forward" (away from the robot), "back", or "into the drawer".
        distance: How far, in metres.
    """
    return _act(ctx, "robot-push", {"skill": "push", "object": object, "to": to, "amount": distance})


@_tool(["turn the green cube to the right", "rotate the block by 45 degrees"])
def robot_turn(
    object: Said, ctx: Context, direction: Literal["left", "right"] = "left", degrees: float = 90
) -> dict[str, Any]:
    """Turn a thing on the spot with the robot's gripper.

    Args:
        object: Which thing.
        direction: As seen from above, left is against the clock.
        degrees: How far, 1 to 180.
    """
    return _act(ctx, "robot-turn", {"skill": "turn", "object": object, "to": direction, "amount": degrees})


@_tool(["open the drawer", "open the gripper"])
def robot_open(ctx: Context, what: Said = "gripper") -> dict[str, Any]:
    """Open a drawer or a sliding door with the robot, or its gripper.

    Args:
        what: Such as "the drawer", "the sliding door" or "gripper".
    """
    return _act(ctx, "robot-open", {"skill": "open", "object": what})


@_tool(["close the drawer", "close the gripper"])
def robot_close(ctx: Context, what: Said = "gripper") -> dict[str, Any]:
    """Close a drawer or a sliding door with the robot, or its gripper.

    Args:
        what: Such as "the drawer", "the sliding door" or "gripper".
    """
    return _act(ctx, "robot-close", {"skill": "close", "object": what})


@_tool(["turn on the lamp", "switch off the light bulb"])
def robot_switch(ctx: Context, what: Said = "", on: bool = True) -> dict[str, Any]:
    """Switch a lamp on the robot's table on or off, by its switch.

    Args:
        what: Which lamp or switch; empty means the only one.
        on: Whether it shall be on.
    """
    return _act(ctx, "robot-switch", {"skill": "switch", "object": what, "on": on})


@_tool(["go home", "move the arm back home"])
def robot_home(ctx: Context) -> dict[str, Any]:
    """Take the robot's arm back to where it rests."""
    return _act(ctx, "robot-home", {"skill": "home"})


@_tool(["stop the robot"])
def robot_stop(ctx: Context) -> str:
    """Stop the robot at once; what it is doing ends within 50 ms of simulated time."""
    from .record import ask_to_stop

    ask_to_stop(ctx.folder)
    return "The robot is told to stop."


@_tool(["reset the robot", "start again with the desk scene"])
def robot_reset(ctx: Context, scene: Said = "") -> dict[str, Any]:
    """Begin anew: everything on the robot's table is put back, or another scene is set up.

    Args:
        scene: Name of a scene, such as "tabletop" or "desk"; empty keeps the one there is.
    """
    from .robot import robots

    robot = robots().of(ctx.folder, ctx.settings)
    with robot.lock:
        robot.reset(scene)
        return robot.look(ctx)


@_tool(["stack the blocks", "put the ball in the bin and then switch on the lamp"], timeout=300)
def robot_plan(steps: list[dict[str, Any]], ctx: Context) -> dict[str, Any]:
    """Carry out several steps with the robot, rehearsed as one: if one fails in the rehearsal, none is done.

    Args:
        steps: At most 20, each with "skill" (pick, place, push, turn, open, close, switch, home or move), "object"
            (which thing), "to" (where to: "on the plate" to place, "left" to push or turn, "above the bin" to move),
            "amount" (metres to push, degrees to turn) and "on" (to switch), as far as it needs them.
    """
    from .plan import read_plan

    return _act(ctx, "robot-plan", *read_plan(steps))


@_tool(["replay what the robot did"], timeout=300)
def robot_replay(ctx: Context) -> dict[str, Any]:
    """Film everything that the robot has done in this conversation, done once more from the beginning."""
    from .record import forget_stop
    from .robot import robots

    robot = robots().of(ctx.folder, ctx.settings)
    forget_stop(ctx.folder)
    with robot.lock:
        return robot.replay(ctx)
