"""The robot: how often it does what it is told, whether its rehearsals come true, and what they cost.

``python -m bench.robot`` runs every part, ``python -m bench.robot pick stack --trials 20 --seed 3`` some of them. Every
trial puts things at random poses within reach, acts, and measures in the simulator. Seeds are printed.
"""

from __future__ import annotations

import argparse
import importlib
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError
from assistant.testing import make_context
from bench.report import describe, verdict

(_TOOL, *_) = load_file(builtin_folder() / "robot" / "__init__.py")
NEAR = 0.02  # metres
TURNED = 10.0  # degrees
REHEARSAL_SHARE, FRAME_MS, STOP_MS = 0.1, 30.0, 50.0
FREE = "name: bench\nthings: [{things}]\n"
KINDS = ("cube", "ball", "cylinder")
# Where a thing may be: a part of the arm's reach that lies on the table, metres.
REACH = ((-0.14, 0.1), (-0.34, 0.34))
Outcome = tuple[bool, str]


def part(name: str) -> Any:
    """Returns a module of the plugin."""
    return importlib.import_module(f"{_TOOL.function.__module__}.{name}")


def world_of(*things: str) -> Any:
    """Returns a world with these things, each a line of YAML."""
    return part("world").World(part("scene").read_scene(FREE.format(things=", ".join(things)), "bench.yaml")).begin()


def somewhere(dice: random.Random, *others: tuple[float, float], apart: float = 0.12) -> tuple[float, float]:
    """Returns a point within reach that is apart from others."""
    while True:
        at = (round(dice.uniform(*REACH[0]), 4), round(dice.uniform(*REACH[1]), 4))
        if all(math.dist(at, other) >= apart for other in others):
            return at


def thing(kind: str, name: str, at: tuple[float, float], dice: random.Random) -> str:
    """Returns the YAML of a thing with a random turn."""
    return f"{{kind: {kind}, name: {name}, at: [{at[0]}, {at[1]}], turn: {dice.uniform(-180, 180):.1f}}}"


def carry_out(world: Any, *steps: dict[str, Any]) -> Outcome:
    """Rehearses a plan and carries it out where the rehearsal holds; returns whether it was done, and why not."""
    plan = [part("action").Action(**step) for step in steps]
    rehearsal = part("rehearsal").rehearse(world, plan)
    AGREED.append((not rehearsal.problem, None))
    COSTS.append((rehearsal.took, rehearsal.simulated))
    if rehearsal.problem:
        return False, rehearsal.problem
    last = None
    try:
        for action, choice in zip(plan, rehearsal.choices, strict=True):
            last = part("rehearsal").perform(world, action, last, choice=choice).name or last
    except ToolError as error:
        AGREED[-1] = (True, False)
        return False, f"not as rehearsed: {error}"
    AGREED[-1] = (True, True)
    return True, ""


# What was predicted and what came of it, and the seconds that rehearsals took and simulated, over all parts.
AGREED: list[tuple[bool, bool | None]] = []
COSTS: list[tuple[float, float]] = []


def pick_and_place(dice: random.Random, number: int) -> Outcome:
    """A named object from a random pose to a random point."""
    kind = KINDS[number % len(KINDS)]
    start = somewhere(dice)
    target = somewhere(dice, start)
    world = world_of(thing(kind, "it1", start, dice))
    done, why = carry_out(
        world, {"skill": "pick", "object": "it1"}, {"skill": "place", "to": f"{target[0]}, {target[1]}"}
    )
    off = math.dist(world.pose("it1").place[:2], target)
    return done and off <= NEAR, why or f"{kind} {off * 100:.1f} cm off"


def stacking(dice: random.Random, number: int) -> Outcome:
    """One cube on another."""
    first = somewhere(dice)
    second = somewhere(dice, first)
    world = world_of(thing("cube", "one", first, dice), thing("cube", "two", second, dice))
    done, why = carry_out(world, {"skill": "place", "object": "one", "to": "on two"})
    return done and world.under("one") == "two" and world.pose("one").tilt < 0.1, why


def pushing(dice: random.Random, number: int) -> Outcome:
    """A thing over the table in one of four directions."""
    kind, way = KINDS[number % len(KINDS)], dice.choice(["left", "right", "forward", "back"])
    distance = round(dice.uniform(0.04, 0.12), 3)
    step = {"left": (0, 1), "right": (0, -1), "forward": (1, 0), "back": (-1, 0)}[way]
    while True:
        start = somewhere(dice)
        behind = (start[0] - 0.08 * step[0], start[1] - 0.08 * step[1])
        goal = (start[0] + distance * step[0], start[1] + distance * step[1])
        if all(-0.15 <= x <= 0.11 and abs(y) <= 0.38 for x, y in (behind, goal)):
            break
    world = world_of(thing(kind, "it1", start, dice))
    done, why = carry_out(world, {"skill": "push", "object": "it1", "to": way, "amount": distance})
    off = math.dist(world.pose("it1").place[:2], goal)
    return done and off <= NEAR, why or f"{kind} {way} {off * 100:.1f} cm off"


def turning(dice: random.Random, number: int) -> Outcome:
    """A cube on the spot."""
    start, degrees = somewhere(dice), dice.choice([-1, 1]) * dice.uniform(20, 120)
    world = world_of(thing("cube", "it1", start, dice))
    before = world.pose("it1").turn
    way = "left" if degrees > 0 else "right"
    done, why = carry_out(world, {"skill": "turn", "object": "it1", "to": way, "amount": abs(degrees)})
    turned = part("skill").angle(world.pose("it1").turn - before - math.radians(degrees))
    moved = math.dist(world.pose("it1").place[:2], start)
    return done and abs(math.degrees(turned)) <= TURNED and moved <= NEAR, why or f"{math.degrees(turned):.0f}° off"


def drawer(dice: random.Random, number: int) -> Outcome:
    """Opened and closed with a thing in it; the drawer is on either side, anywhere along the table's edge."""
    side, x = dice.choice(["left", "right"]), round(dice.uniform(-0.14, -0.02), 3)
    start = somewhere(dice)
    start = (start[0], max(-0.2, min(0.2, start[1])))
    text = (
        f"name: bench\ntable: {{left: 0.34, right: 0.34}}\nthings: [{thing('cube', 'it1', start, dice)}, "
        f"{{kind: drawer, side: {side}, at: [{x}, 0]}}]\n"
    )
    world = part("world").World(part("scene").read_scene(text, "bench.yaml")).begin()
    steps = [{"skill": "open", "object": "drawer"}, {"skill": "place", "object": "it1", "to": "in the drawer"},
             {"skill": "close", "object": "drawer"}]  # fmt: skip
    done, why = carry_out(world, *steps)
    return done and world.slid("drawer") < 0.05 and world.under("it1") == "drawer", why


def switching(dice: random.Random, number: int) -> Outcome:
    """A lamp on and off again."""
    at = somewhere(dice)
    world = world_of(f"{{kind: switch, at: [{at[0]}, {at[1]}], lights: lamp}}", "{kind: lamp, at: [0.2, 0.45]}")
    done, why = carry_out(world, {"skill": "switch", "object": "lamp", "on": True})
    lit = world.is_on("lamp")
    again, reason = carry_out(world, {"skill": "switch", "object": "lamp", "on": False})
    return done and lit and again and not world.is_on("lamp"), why or reason


FAULTS = ("unreachable", "occupied", "collision course", "object gone")


def faulty(dice: random.Random, number: int) -> Outcome:
    """A plan of two steps of which one has a fault: it has to be refused before the arm moves."""
    fault = FAULTS[number % len(FAULTS)]
    first = somewhere(dice)
    second = somewhere(dice, first, apart=0.2)
    things = [thing("cube", "one", first, dice), thing("cube", "two", second, dice)]
    good = {"skill": "pick", "object": "one"}
    target = somewhere(dice, first, second)
    match fault:
        case "unreachable":
            far = dice.choice([(0.22, 0.4), (0.23, -0.35), (0.2, 0.48), (-0.19, 0.0), (0.21, -0.47)])
            steps = [good, {"skill": "place", "to": f"{far[0]}, {far[1]}"}]
        case "occupied":
            off = (second[0] + dice.uniform(-0.012, 0.012), second[1] + dice.uniform(-0.012, 0.012))
            steps = [good, {"skill": "place", "to": f"{off[0]:.3f}, {off[1]:.3f}"}]
        case "collision course":
            # A third cube stands in the way of the push, or the thing is pushed over another one's place.
            way, sign = dice.choice([("left", 1), ("right", -1)])
            first = (dice.uniform(-0.1, 0.06), -sign * 0.15)
            between = (
                round(first[0] + dice.uniform(-0.015, 0.015), 3),
                round(first[1] + sign * dice.uniform(0.07, 0.1), 3),
            )
            things = [thing("cube", "one", (round(first[0], 3), first[1]), dice), thing("cube", "two", between, dice)]
            steps = [{"skill": "push", "object": "one", "to": way, "amount": 0.16}, {"skill": "home"}]
        case _:
            gone = dice.choice(["the purple dragon", "three", "the red cube", "the teapot"])
            steps = [good, {"skill": "place", "object": gone, "to": f"{target[0]}, {target[1]}"}]
            if dice.random() < 0.5:
                steps = [good, {"skill": "place", "to": f"on {gone}"}]
    world = world_of(*things)
    before = world.state()
    rehearsal = part("rehearsal").rehearse(world, [part("action").Action(**step) for step in steps])
    still = bool((world.state() == before).all())
    return bool(rehearsal.problem) and still, f"{fault} was not refused: {steps}"


PARTS: dict[str, tuple[Callable[[random.Random, int], Outcome], float]] = {
    "pick": (pick_and_place, 0.97),
    "stack": (stacking, 0.90),
    "push": (pushing, 0.95),
    "turn": (turning, 0.95),
    "drawer": (drawer, 0.95),
    "switch": (switching, 0.95),
    "faults": (faulty, 1.0),
}


def run(name: str, trials: int, seed: int) -> bool:
    """Runs the trials of a part; returns whether its limit held."""
    trial, limit = PARTS[name]
    about = (trial.__doc__ or "").splitlines()[0]
    wrong: Counter[str] = Counter()
    began = time.perf_counter()
    for number in range(trials):
        done, why = trial(random.Random(f"{seed} {name} {number}"), number)
        if not done:
            wrong[f"trial {number}: {why}"] += 1
    print(f"\n{name} (seed {seed}): {about} {time.perf_counter() - began:.0f} s")
    for why in list(wrong)[:10]:
        print(f"  failed in {why}")
    right = trials - sum(wrong.values())
    word = "held" if right >= limit * trials else "MISSED"
    print(f"{word}: {right} of {trials}, limit {math.ceil(limit * trials)}", flush=True)
    return right >= limit * trials


def agreement() -> bool:
    """Whether what the rehearsals of all parts before predicted came true."""
    tried = [(said, came) for said, came in AGREED if said]
    agreed = sum(came is True for _, came in tried)
    if not tried:
        return True
    print(f"\nRehearsals that predicted success: {len(tried)}, of which came true: {agreed}")
    refused = sum(not said for said, _ in AGREED)
    print(f"(plans that a rehearsal refused in those parts: {refused}; nothing was moved)")
    return verdict("share of predictions that did not come true", 1 - agreed / len(tried), 0.01)


def costs(seed: int) -> bool:
    """What rehearsals, pictures and a stop cost."""
    if not COSTS:
        run("pick", 10, seed)
    took, simulated = (sum(values) for values in zip(*COSTS, strict=True))
    print(f"\n{len(COSTS)} rehearsals of {simulated:.0f} s simulated took {took:.1f} s of processor time")
    held = [verdict("rehearsal over simulated time", took / simulated, REHEARSAL_SHARE)]
    held.append(_pictures())
    return all([*held, _stop(seed)])


def _pictures() -> bool:
    studio = part("studio").studio()
    world = part("world").World(part("scene").load_scene("tabletop")).begin()
    taken = []
    for _ in range(60):
        began = time.perf_counter()
        studio.picture(world)
        taken.append((time.perf_counter() - began) * 1e3)
    by = studio.opengl.name or "drawing"
    print(f"A picture of 320×240 by {by}: median {median(taken):.1f} ms, worst {max(taken[1:]):.1f} ms")
    return verdict(f"picture of 320×240 by {by}, median", median(taken), FRAME_MS, "ms")


def _stop(seed: int) -> bool:
    """How long after a stop the arm stands still, in simulated time, at random moments of a swing."""
    dice, slowest = random.Random(seed), 0.0
    robot, rehearsal, action = part("robot"), part("rehearsal"), part("action")
    for _ in range(20):
        world, ticks = part("world").World(part("scene").load_scene("tabletop")).begin(), dice.randint(5, 150)
        left = [ticks]

        def stop(each: Any, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise rehearsal.Stopped("by the bench")

        try:
            rehearsal.perform(world, action.Action(skill="place", object="red cube", to="in the tray"), watch=stop)
        except rehearsal.Stopped:
            slowest = max(slowest, robot.brake(world))
    return verdict("simulated time from a stop to a standstill (below 1 cm/s), worst of 20", slowest, STOP_MS, "ms")


def replay(seed: int) -> bool:
    """Whether a conversation's log, replayed from the beginning, ends in the same state bit for bit."""
    robot, settings = part("robot"), part("settings").RobotSettings(film=False, pace=0)
    dice, names = random.Random(seed), ["red cube", "green cube", "orange ball", "purple cylinder"]
    with tempfile.TemporaryDirectory() as folder:
        context = make_context(Path(folder))
        one = robot.Robot(Path(folder), settings)
        one.reset()
        for name in names:
            where = dice.choice(["in the bin", "in the tray", "on the table", "on the blue plate"])
            one.act([part("action").Action(skill="place", object=name, to=where)], context, "bench")
        restored = robot.Robot(Path(folder), settings)  # as after a restart
        result = restored.replay(context)
    print(f"\n{result['text']}")
    return verdict("actions that a replay did otherwise", 0.0 if result["exact"] else 1.0, 0)


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.robot", description=__doc__)
    known = [*PARTS, "agreement", "costs", "replay"]
    parser.add_argument("parts", nargs="*", choices=[*known, []], help=f"of {', '.join(known)}; all without any")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(describe("mujoco", "gymnasium-robotics"))
    wanted = options.parts or known
    held = [run(name, options.trials, options.seed) for name in PARTS if name in wanted]
    if "agreement" in wanted:
        held.append(agreement())
    if "costs" in wanted:
        held.append(costs(options.seed))
    if "replay" in wanted:
        held.append(replay(options.seed))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
