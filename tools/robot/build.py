"""From a scene to a MuJoCo model."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from assistant.plugin import ToolError

from .fetch import FINGERS, PREFIX, Arm, load_arm
from .scene import COLOURS, Ball, Bin, Cabinet, Cube, Cylinder, Drawer, Lamp, Plate, Scene, Switch, Thing, Tray
from .simulator import mujoco

STEP = 0.002  # seconds
SLAB = 0.02  # thickness of the table's top
DENSITY = 400.0  # of what can be moved, kg/m³: light wood
WALL = 0.008
# The drawer: half width across (x), length along which it opens (y), depth, and how far it opens; metres.
DRAWER_HALF, DRAWER_LENGTH, DRAWER_DEPTH, DRAWER_TRAVEL = 0.085, 0.17, 0.055, 0.16
# The cabinet: half depth (x) and half length of each of its two halves (y), height.
CABINET_HALF, CABINET_BAY, CABINET_HEIGHT = 0.075, 0.09, 0.05
SWITCH_TRAVEL = 0.04
KNOB = (0.008, 0.012, 0.022)
KNOB_GAP = 0.03
RIM = 0.012


def build(scene: Scene) -> mujoco.MjModel:
    """Compiles a scene with the Fetch arm in front of it.

    Raises:
        ToolError: MuJoCo refuses the model.
        Unavailable: The arm's model is not installed.
    """
    try:
        return mujoco.MjModel.from_xml_string(document(scene, load_arm()))
    except ValueError as error:
        raise ToolError(f"the scene '{scene.name}' cannot be built: {' '.join(str(error).split())}") from error


def document(scene: Scene, arm: Arm) -> str:
    """Returns the MJCF document."""
    root = ET.Element("mujoco", model=scene.name)
    ET.SubElement(root, "compiler", meshdir=str(arm.folder), angle="radian", autolimits="true")
    option = ET.SubElement(
        root, "option", timestep=str(STEP), integrator="implicitfast", cone="elliptic", impratio="5", iterations="20"
    )
    # Several contacts of a face, without which a standing cylinder wobbles.
    ET.SubElement(option, "flag", multiccd="enable")
    ET.SubElement(root, "size", memory="40M")
    _looks(root, arm)
    world = ET.SubElement(root, "worldbody")
    _surroundings(world, scene)
    world.append(arm.body)
    for thing in scene.things:
        MAKERS[type(thing)](world, thing, scene)
    actuator = ET.SubElement(root, "actuator")
    actuator.extend(arm.actuators)
    _constraints(root)
    return ET.tostring(root, encoding="unicode")


def _looks(root: ET.Element, arm: Arm) -> None:
    visual = ET.SubElement(root, "visual")
    ET.SubElement(visual, "headlight", ambient="0.4 0.4 0.4", diffuse="0.3 0.3 0.3", specular="0.05 0.05 0.05")
    ET.SubElement(visual, "quality", shadowsize="512", offsamples="0")
    ET.SubElement(visual, "global", offwidth="1280", offheight="960")
    ET.SubElement(visual, "map", znear="0.02", zfar="20")
    asset = ET.SubElement(root, "asset")
    ET.SubElement(
        asset,
        "texture",
        type="skybox",
        builtin="gradient",
        rgb1="0.75 0.8 0.85",
        rgb2="0.45 0.5 0.55",
        width="16",
        height="96",
    )
    asset.extend(arm.assets)


def _surroundings(world: ET.Element, scene: Scene) -> None:
    table = scene.table
    ET.SubElement(world, "light", pos="0.2 0.3 1.6", dir="-0.1 -0.2 -1", diffuse="0.35 0.35 0.35", castshadow="false")
    ET.SubElement(
        world, "geom", name="floor", type="plane", size="2 2 0.1", pos="0 0 -0.4", rgba="0.36 0.4 0.44 1", group="1"
    )
    middle = ((table.away - table.near) / 2, (table.left - table.right) / 2, -SLAB / 2)
    half = ((table.away + table.near) / 2, (table.left + table.right) / 2, SLAB / 2)
    _box(world, "table", middle, half, "0.86 0.8 0.7 1", friction="1 0.005 0.0005")
    for name, place, seen in CAMERAS:
        ET.SubElement(world, "camera", name=name, pos=_numbers(place), xyaxes=_looking(place, seen), fovy="45")


# Name, place, and the point in the picture's middle. Left in the pictures of the first two is the robot's left.
CAMERAS = (
    ("front", (-0.52, -0.62, 0.88), (0.02, 0.03, 0.0)),
    ("top", (-0.001, 0.0, 1.35), (0.0, 0.0, 0.0)),
    ("side", (0.25, 1.2, 0.55), (-0.05, 0.0, 0.0)),
)


def _looking(place: Sequence[float], seen: Sequence[float]) -> str:
    """The picture's right and its up, for a camera at a place that looks at a point."""
    ahead = [b - a for a, b in zip(place, seen, strict=True)]
    right = (ahead[1], -ahead[0], 0.0)
    up = (
        right[1] * ahead[2] - right[2] * ahead[1],
        right[2] * ahead[0] - right[0] * ahead[2],
        right[0] * ahead[1] - right[1] * ahead[0],
    )
    return _numbers((*right, *up))


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.5f}" for value in values)


def _box(
    parent: ET.Element, name: str, middle: Sequence[float], half: Sequence[float], rgba: str, **more: str
) -> ET.Element:
    place, size = (" ".join(f"{value:.5f}" for value in values) for values in (middle, half))
    return ET.SubElement(
        parent, "geom", {"name": name, "type": "box", "pos": place, "size": size, "rgba": rgba, **more}
    )


def _body(world: ET.Element, thing: Thing, height: float = 0.0) -> ET.Element:
    turn = math.radians(thing.turn)
    place = f"{thing.at[0]} {thing.at[1]} {height:.5f}"
    return ET.SubElement(world, "body", name=thing.called, pos=place, euler=f"0 0 {turn:.6f}")


def _rgba(thing: Thing, otherwise: str = "0.7 0.7 0.7 1") -> str:
    return f"{' '.join(map(str, COLOURS[thing.colour]))} 1" if thing.colour else otherwise


def _movable(world: ET.Element, thing: Thing, height: float, shape: str, size: str, *, round_: bool) -> None:
    body = _body(world, thing, height)
    ET.SubElement(body, "freejoint", name=f"{thing.called}/free")
    # A ball and a lying cylinder would roll for ever without friction against rolling.
    friction = {"condim": "6", "friction": "1 0.01 0.002"} if round_ else {"condim": "4", "friction": "1 0.005 0.0005"}
    ET.SubElement(
        body, "geom", {"name": f"{thing.called}/body", "type": shape, "size": size, "rgba": _rgba(thing),
                       "density": str(DENSITY), "solref": "0.01 1", "solimp": "0.95 0.99 0.001", **friction},
    )  # fmt: skip


def _cube(world: ET.Element, thing: Cube, scene: Scene) -> None:
    half = thing.size / 2
    _movable(world, thing, half, "box", f"{half} {half} {half}", round_=False)


def _ball(world: ET.Element, thing: Ball, scene: Scene) -> None:
    _movable(world, thing, thing.size / 2, "sphere", f"{thing.size / 2}", round_=True)


def _cylinder(world: ET.Element, thing: Cylinder, scene: Scene) -> None:
    _movable(world, thing, thing.height / 2, "cylinder", f"{thing.size / 2} {thing.height / 2}", round_=True)


def _plate(world: ET.Element, thing: Plate, scene: Scene) -> None:
    body = _body(world, thing, 0.003)
    ET.SubElement(
        body, "geom", name=f"{thing.called}/top", type="cylinder", size=f"{thing.size / 2} 0.003", rgba=_rgba(thing)
    )


def _walled(
    body: ET.Element, name: str, half: tuple[float, float], height: float, rgba: str, *, floor: float = 0.003
) -> None:
    """A floor with four walls around; ``half`` is the room inside."""
    depth, width = half
    _box(body, f"{name}/floor", (0, 0, floor / 2), (depth, width, floor / 2), rgba)
    for end, sign in (("away", 1), ("near", -1)):
        middle = (sign * (depth + WALL / 2), 0, height / 2)
        _box(body, f"{name}/{end}", middle, (WALL / 2, width + WALL, height / 2), rgba)
    for end, sign in (("left", 1), ("right", -1)):
        middle = (0, sign * (width + WALL / 2), height / 2)
        _box(body, f"{name}/{end}", middle, (depth, WALL / 2, height / 2), rgba)


def _tray(world: ET.Element, thing: Tray, scene: Scene) -> None:
    _walled(_body(world, thing), thing.called, (thing.size[0] / 2, thing.size[1] / 2), RIM, _rgba(thing))


def _bin(world: ET.Element, thing: Bin, scene: Scene) -> None:
    _walled(_body(world, thing), thing.called, (thing.size[0] / 2, thing.size[1] / 2), thing.height, _rgba(thing))


def _lamp(world: ET.Element, thing: Lamp, scene: Scene) -> None:
    body = _body(world, thing)
    ET.SubElement(
        body,
        "geom",
        name=f"{thing.called}/foot",
        type="cylinder",
        size="0.022 0.012",
        pos="0 0 0.012",
        rgba="0.3 0.3 0.3 1",
    )
    ET.SubElement(
        body,
        "geom",
        name=f"{thing.called}/glass",
        type="sphere",
        size="0.02",
        pos="0 0 0.04",
        rgba=_rgba(thing, "0.9 0.9 0.8 1"),
    )


def _knob(body: ET.Element, name: str, place: tuple[float, float, float], rgba: str) -> None:
    """A post that the fingers close around along the way it moves, so that it is pushed and not only rubbed."""
    _box(
        body,
        f"{name}/knob",
        (place[0], place[1], place[2] + KNOB[2]),
        (KNOB[1], KNOB[0], KNOB[2]),
        rgba,
        friction="1.2 0.005 0.0005",
    )
    ET.SubElement(
        body,
        "site",
        name=f"{name}/handle",
        pos=f"{place[0]} {place[1]} {place[2] + KNOB[2]}",
        size="0.004",
        rgba="0 0 0 0",
    )


def _slide(body: ET.Element, name: str, travel: float, ref: str = "0 1 0", friction: float = 1.5) -> None:
    ET.SubElement(
        body, "joint", name=f"{name}/slide", type="slide", axis=ref, range=f"0 {travel}", damping="4",
        frictionloss=str(friction), armature="0.1",
    )  # fmt: skip


def _switch(world: ET.Element, thing: Switch, scene: Scene) -> None:
    body = _body(world, thing)
    _box(body, f"{thing.called}/base", (0, 0, 0.006), (0.02, 0.045, 0.006), "0.25 0.25 0.28 1")
    moved = ET.SubElement(body, "body", name=f"{thing.called}/slider", pos=f"0 {-SWITCH_TRAVEL / 2} 0.0125")
    _slide(moved, thing.called, SWITCH_TRAVEL)
    _knob(moved, thing.called, (0, 0, 0.0), _rgba(thing, "0.9 0.9 0.9 1"))


def _drawer(world: ET.Element, thing: Drawer, scene: Scene) -> None:
    sign = 1 if thing.side == "left" else -1
    edge = scene.table.left if sign > 0 else scene.table.right
    middle = sign * (edge - DRAWER_LENGTH / 2)
    body = ET.SubElement(world, "body", name=thing.called, pos=f"{thing.at[0]} {middle} {-SLAB - DRAWER_DEPTH - 0.004}")
    rgba = _rgba(thing, "0.6 0.45 0.3 1")
    _slide(body, thing.called, DRAWER_TRAVEL, f"0 {sign} 0")
    _walled(body, thing.called, (DRAWER_HALF - WALL, DRAWER_LENGTH / 2 - WALL), DRAWER_DEPTH, rgba)
    outside = sign * (DRAWER_LENGTH / 2 + WALL)
    front = DRAWER_DEPTH + SLAB + 0.004
    _box(body, f"{thing.called}/front", (0, outside, front / 2), (DRAWER_HALF, WALL, front / 2), rgba)
    bracket = outside + sign * (KNOB_GAP + WALL) / 2
    _box(
        body, f"{thing.called}/bracket", (0, bracket, front - 0.006), (0.02, (KNOB_GAP + WALL) / 2 + 0.01, 0.006), rgba
    )
    _knob(body, thing.called, (0, outside + sign * KNOB_GAP, front), "0.2 0.2 0.2 1")


def _cabinet(world: ET.Element, thing: Cabinet, scene: Scene) -> None:
    body = _body(world, thing)
    rgba = _rgba(thing, "0.55 0.4 0.28 1")
    _walled(body, thing.called, (CABINET_HALF, 2 * CABINET_BAY), CABINET_HEIGHT, rgba)
    _box(body, f"{thing.called}/middle", (0, 0, CABINET_HEIGHT / 2), (CABINET_HALF, WALL / 2, CABINET_HEIGHT / 2), rgba)
    # At 0 the door covers the right half.
    door = ET.SubElement(body, "body", name=f"{thing.called}/door", pos=f"0 {-CABINET_BAY} {CABINET_HEIGHT + 0.005}")
    _slide(door, thing.called, 2 * CABINET_BAY)
    _box(door, f"{thing.called}/lid", (0, 0, 0.003), (CABINET_HALF, CABINET_BAY, 0.003), "0.75 0.6 0.42 1")
    _knob(door, thing.called, (0, 0, 0.006), "0.2 0.2 0.2 1")


MAKERS = {
    Cube: _cube, Ball: _ball, Cylinder: _cylinder, Plate: _plate, Tray: _tray, Bin: _bin, Lamp: _lamp,
    Switch: _switch, Drawer: _drawer, Cabinet: _cabinet,
}  # fmt: skip


def _constraints(root: ET.Element) -> None:
    """Both fingers move alike, as the real gripper's do, and neighbours in the arm may overlap."""
    equality = ET.SubElement(root, "equality")
    first, second = (f"{PREFIX}{finger}_joint" for finger in FINGERS)
    ET.SubElement(equality, "joint", joint1=first, joint2=second, polycoef="0 1 0 0 0", solref="0.005 1")
    contact = ET.SubElement(root, "contact")
    links = [f"{PREFIX}{name}_link" for name in ("elbow_flex", "forearm_roll", "wrist_flex", "wrist_roll", "gripper")]
    links += [f"{PREFIX}{finger}_link" for finger in FINGERS]
    for at, link in enumerate(links):
        for other in links[at + 1 :]:
            ET.SubElement(contact, "exclude", body1=link, body2=other)
