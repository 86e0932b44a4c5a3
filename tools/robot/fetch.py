"""The Fetch arm of gymnasium-robotics, made into MJCF that fits on a table-top scene.

Its models are in that package's wheel (Farama Foundation, MIT; the robot is Fetch Robotics'). What is kept: torso, arm
and gripper with their meshes, masses and joints. What is changed, and why: the base stands still; the joints are driven
by position actuators under gravity compensation, where the original is dragged by a mocap body, so that forces are
limited as those of a real arm; the meshes are only seen, and what touches is a few capsules and boxes, which are cheap.
"""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from assistant.plugin import Unavailable

PREFIX = "robot0:"
JOINTS = ("shoulder_pan", "shoulder_lift", "upperarm_roll", "elbow_flex", "forearm_roll", "wrist_flex", "wrist_roll")
FINGERS = ("r_gripper_finger", "l_gripper_finger")
GRIP = f"{PREFIX}grip"
# Stands so that the middle of the table is in the middle of the arm's reach; the table's top is at height 0.
BASE = (-0.593, 0.0, -0.4)
TORSO = 0.1
# Elbow up, gripper down over the middle of the table.
HOME = (0.0, -0.984, 0.0, 1.672, 0.0, 0.883, 0.0)
STIFFNESS, FORCE, WRIST_STIFFNESS, WRIST_FORCE = 4000, 150, 1500, 60
FINGER_STIFFNESS, FINGER_FORCE = 2000, 25
KEPT = ("base_link", "torso_lift_link", "torso_fixed_link")
# Capsules along the forearm and the wrist, and a box for the palm: from, to, radius in metres, in the body's frame.
HULLS = {
    "elbow_flex_link": ((0.0, 0.0, 0.0), (0.19, 0.0, 0.0), 0.055),
    "forearm_roll_link": ((0.0, 0.0, 0.0), (0.12, 0.0, 0.0), 0.052),
    "wrist_flex_link": ((0.0, 0.0, 0.0), (0.13, 0.0, 0.0), 0.05),
    "wrist_roll_link": ((0.0, 0.0, 0.0), (0.05, 0.0, 0.0), 0.045),
}
PALM_SIZE, PALM_AT = "0.03 0.06 0.035", "-0.075 0 0"


@dataclass(frozen=True, slots=True)
class Arm:
    """Parts of an MJCF document.

    Attributes:
        assets: Meshes.
        body: The robot.
        actuators: One for each joint of arm and fingers, in the order of ``JOINTS`` and ``FINGERS``.
        folder: Where the mesh files lie.
    """

    assets: list[ET.Element]
    body: ET.Element
    actuators: list[ET.Element]
    folder: Path


def package_folder() -> Path:
    """Returns where gymnasium-robotics keeps its models; the package itself is not imported, which would take seconds.

    Raises:
        Unavailable: It is not installed.
    """
    found = importlib.util.find_spec("gymnasium_robotics")
    if found is None or not found.submodule_search_locations:
        raise Unavailable("gymnasium-robotics, which holds the arm's model, is missing; pip install 'assistant[robot]'")
    return Path(found.submodule_search_locations[0], "envs", "assets")


def load_arm() -> Arm:
    """Returns the arm.

    Raises:
        Unavailable: The package that holds it is not installed.
    """
    folder = package_folder()
    root = ET.parse(folder / "fetch" / "robot.xml").getroot()  # noqa: S314 - of a package that is installed
    body = next(each for each in root.findall("body") if each.get("name") == f"{PREFIX}base_link")
    _still(body)
    meshes = [_dressed(geom) for geom in body.iter("geom") if geom.get("mesh")]
    for part in list(body.iter("body")):
        _finished(part)
    files = _files(folder)
    assets = [ET.Element("mesh", name=mesh, file=files[mesh]) for mesh in dict.fromkeys(meshes)]
    return Arm(assets, body, [*map(_motor, JOINTS), *map(_finger, FINGERS)], folder / "stls" / "fetch")


def _files(folder: Path) -> dict[str, str]:
    root = ET.parse(folder / "fetch" / "shared.xml").getroot()  # noqa: S314
    return {mesh.get("name", ""): mesh.get("file", "") for mesh in root.iter("mesh")}


def _still(body: ET.Element) -> None:
    """Takes away what does not move anything on the table: wheels, head, laser, cameras."""
    body.attrib = {"name": f"{PREFIX}base_link", "pos": " ".join(map(str, BASE))}
    for joint in body.findall("joint"):
        body.remove(joint)
    for child in body.findall("body"):
        if child.get("name") not in [PREFIX + name for name in KEPT]:
            body.remove(child)
    torso = next(each for each in body.findall("body") if each.get("name") == f"{PREFIX}torso_lift_link")
    for part in torso.findall("joint"):
        torso.remove(part)
    torso.set("pos", f"-0.0869 0 {0.3774 + TORSO}")
    torso.remove(next(each for each in torso.findall("body") if each.get("name") == f"{PREFIX}head_pan_link"))


def _dressed(geom: ET.Element) -> str:
    mesh = geom.get("mesh", "")
    blue = geom.get("class", "").endswith("blue")
    rgba = "0.09 0.45 0.7 1" if blue else "0.78 0.8 0.83 1"
    geom.attrib = {"type": "mesh", "mesh": mesh, "contype": "0", "conaffinity": "0", "group": "2", "rgba": rgba}
    return mesh


def _finished(body: ET.Element) -> None:
    body.attrib.pop("childclass", None)
    body.set("gravcomp", "1")
    name = body.get("name", "").removeprefix(PREFIX)
    for joint in body.findall("joint"):
        _damped(joint)
    if hull := HULLS.get(name):
        start, end, radius = hull
        ends = " ".join(map(str, (*start, *end)))
        ET.SubElement(
            body, "geom", type="capsule", fromto=ends, size=str(radius), group="3", name=f"{PREFIX}{name}_hull"
        )
    if name == "gripper_link":
        ET.SubElement(body, "geom", type="box", pos=PALM_AT, size=PALM_SIZE, group="3", name=f"{PREFIX}palm")
        for camera in [each for each in body.findall("body") if "camera" in each.get("name", "")]:
            body.remove(camera)
        # Above the palm, looking down along the fingers; the link's x goes to their tips.
        ET.SubElement(body, "camera", name="gripper", pos="-0.06 0 0.1", xyaxes="0 -1 0 0.5 0 0.87", fovy="80")
    if name.endswith("finger_link"):
        _fingertip(body)


def _damped(joint: ET.Element) -> None:
    finger = joint.get("name", "").endswith("finger_joint")
    for key in ("stiffness", "frictionloss", "limited"):
        joint.attrib.pop(key, None)
    if finger:
        joint.attrib |= {"type": "slide", "damping": "60", "armature": "0.2"}
    else:
        wrist = "wrist" in joint.get("name", "") or "forearm" in joint.get("name", "")
        joint.attrib |= {"damping": "60" if wrist else "150", "armature": "0.2" if wrist else "0.5"}


def _fingertip(body: ET.Element) -> None:
    # The original gives a finger four kilograms, which would make a light one swing.
    inertial = body.find("inertial")
    assert inertial is not None
    inertial.attrib |= {"mass": "0.2", "diaginertia": "0.0002 0.0002 0.0002"}
    for geom in body.findall("geom"):
        geom.attrib |= {"friction": "1.5 0.05 0.002", "condim": "4", "rgba": "0.3 0.31 0.33 1", "type": "box"}
        geom.attrib |= {"solimp": "0.95 0.99 0.001", "solref": "0.008 1", "group": "0"}
        geom.attrib.pop("material", None)


def _motor(joint: str) -> ET.Element:
    wrist = joint.startswith(("forearm", "wrist"))
    stiffness, force = (WRIST_STIFFNESS, WRIST_FORCE) if wrist else (STIFFNESS, FORCE)
    return ET.Element(
        "position", joint=f"{PREFIX}{joint}_joint", kp=str(stiffness), forcerange=f"-{force} {force}", name=joint
    )


def _finger(joint: str) -> ET.Element:
    force = f"-{FINGER_FORCE} {FINGER_FORCE}"
    return ET.Element(
        "position", joint=f"{PREFIX}{joint}_joint", kp=str(FINGER_STIFFNESS), forcerange=force, name=joint
    )
