"""What the settings may say to the robot, under ``tools.settings.robot``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RobotSettings(BaseModel):
    """Of all tools of the robot.

    Attributes:
        scene: The scene that a conversation begins with.
        scenes: Folders of scene files of one's own.
        camera: Which one films.
        film: Whether every action is filmed.
        pace: So many times faster than real time an action is shown at most; 0 is as fast as can be.
        environment: Id of an environment of gymnasium to use in place of the scenes, such as ``FetchPickAndPlace-v4``.
        environment_skills: A Python file with the skills for it; the stock Fetch environments need none.
        opengl: What pictures are made with: ``auto`` looks for EGL, then OSMesa; ``none`` draws them from above.
        speed_limit: Of the gripper, metres a second.
        force_limit: Of what the robot presses with, newtons.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scene: str = "tabletop"
    scenes: tuple[Path, ...] = ()
    camera: Literal["front", "top", "side", "gripper"] = "front"
    film: bool = True
    pace: float = Field(6.0, ge=0, le=1000)
    environment: str = ""
    environment_skills: Path | None = None
    opengl: Literal["auto", "egl", "osmesa", "none"] = "auto"
    speed_limit: float = Field(1.0, gt=0, le=5)
    force_limit: float = Field(80.0, gt=0, le=1000)
