"""Carrying an action out in a world, and rehearsing it in a copy first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.plugin import ToolError

from . import arm
from .action import Action, settle
from .monitor import Limits, Monitor
from .skill import Failed, Readings, changes, disturbed, read
from .world import World

SETTLE_SECONDS, LONGEST_SETTLE = 0.2, 2.0
STILL = 0.01  # metres a second, or radians
LONGEST = 60.0  # simulated seconds of one action
MAX_STEPS = 20
MOST_TRIED = 3


class Stopped(ToolError):
    """The person stopped the robot."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did, or would do.

    Attributes:
        words: What was reached, in words and numbers.
        changed: What is otherwise than before.
        touched: What was touched, with the greatest force in newtons.
        seconds: Simulated time.
        fastest: The gripper's highest speed, metres a second.
        hardest: The greatest force, newtons.
        name: The thing that it was about.
    """

    words: str
    changed: tuple[str, ...]
    touched: dict[str, float]
    seconds: float
    fastest: float
    hardest: float
    name: str | None


Watch = Callable[[World], None]


def perform(
    world: World,
    action: Action,
    last: str | None = None,
    limits: Limits | None = None,
    watch: Watch | None = None,
    choice: int = 0,
) -> Outcome:
    """Does one action in a world, which is changed even where it fails.

    Args:
        world: Where.
        action: What.
        last: What was spoken of last.
        limits: Of speed and force.
        watch: Called after each tick; it may raise ``Stopped``.
        choice: Which of the things that the action may mean: 0 is the likeliest.

    Raises:
        ToolError: A precondition does not hold, before anything has moved; or a limit is passed, something else is
            moved, or a postcondition does not hold.
    """
    # What MuJoCo derives from its state is one step old after a step, and fresh in a copy: both begin with the latter.
    world.load(world.state())
    settled = settle(world, action, last)[choice]
    skill = settled.skill
    before, begun = read(world), world.seconds
    moves = set(skill.moves(world))
    monitor = Monitor(world, set(skill.touches(world)), limits or Limits())
    for _ in skill.motion(world):
        _tick(world, monitor, watch)
        if world.seconds - begun > LONGEST:
            raise Failed(f"the action takes longer than {LONGEST:g} s")
    _settle(world, monitor, watch)
    after = read(world)
    if others := disturbed(before, after, moves):
        raise Failed("; ".join(others))
    words = skill.verify(world, before)
    return _outcome(world, words, before, after, monitor, settled.name)


def _outcome(
    world: World, words: str, before: Readings, after: Readings, monitor: Monitor, name: str | None
) -> Outcome:
    touched = {each: round(force, 1) for each, force in monitor.touched.items()}
    changed = tuple(changes(world, before, after))
    return Outcome(words, changed, touched, after.seconds - before.seconds, monitor.fastest, monitor.hardest, name)


def _tick(world: World, monitor: Monitor, watch: Watch | None) -> None:
    world.tick()
    monitor.look()
    if watch:
        watch(world)


def _settle(world: World, monitor: Monitor, watch: Watch | None) -> None:
    """Lets things come to rest."""
    for tick in range(round(LONGEST_SETTLE / world.tick_seconds)):
        _tick(world, monitor, watch)
        if tick * world.tick_seconds > SETTLE_SECONDS and abs(world.data.qvel).max() < STILL:
            return


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan would do.

    Attributes:
        outcomes: Of the steps that would succeed, in order.
        choices: For each of them, which of the things was taken that it may mean.
        problem: Why the plan may not be carried out; empty where it may.
        step: The number of the step that it fails at, from 1.
        simulated: Simulated seconds.
        took: Seconds that the rehearsal took.
        world: The copy, as the plan would leave the world.
    """

    outcomes: tuple[Outcome, ...]
    choices: tuple[int, ...]
    problem: str
    step: int
    simulated: float
    took: float
    world: World


def rehearse(
    world: World,
    plan: Sequence[Action],
    last: str | None = None,
    limits: Limits | None = None,
    watch: Watch | None = None,
) -> Rehearsal:
    """Runs a plan in a copy of the world, which itself stays as it is."""
    started, copy = time.process_time(), world.fork()
    outcomes: list[Outcome] = []
    choices: list[int] = []
    problem = ""
    for action in plan:
        try:
            outcome, choice = _tried(copy, action, last, limits, watch)
        except Stopped:
            raise
        except ToolError as error:
            problem = str(error)
            break
        outcomes.append(outcome)
        choices.append(choice)
        last = outcome.name or last
    simulated = copy.seconds - world.seconds
    took = time.process_time() - started
    return Rehearsal(tuple(outcomes), tuple(choices), problem, len(outcomes) + 1, simulated, took, copy)


def _tried(
    world: World, action: Action, last: str | None, limits: Limits | None, watch: Watch | None
) -> tuple[Outcome, int]:
    """Does an action with the first of the things that it may mean with which it succeeds."""
    before = world.state()
    able = len(settle(world, action, last))
    problem: ToolError | None = None
    for choice in range(min(able, MOST_TRIED)):
        try:
            return perform(world, action, last, limits, watch, choice), choice
        except Stopped:
            raise
        except ToolError as error:
            problem = problem or error
            simulated = world.seconds
            world.load(before)
    assert problem is not None
    world.data.time = simulated  # how far it came before it failed
    raise problem


__all__ = ["Outcome", "Rehearsal", "Stopped", "arm", "perform", "rehearse"]
