"""Pictures of a world: by OpenGL in a thread of their own, or drawn from above where there is no OpenGL."""

from __future__ import annotations

import atexit
import colorsys
import contextlib
import functools
import io
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .draw import top_view
from .opengl import OpenGL, choose
from .scene import Lamp
from .simulator import mujoco
from .world import Vector, World

log = logging.getLogger(__name__)

Pixels = NDArray[np.uint8]
View = Literal["colour", "depth", "segmentation"]
Camera = Literal["front", "top", "side", "gripper"]
CAMERAS: tuple[Camera, ...] = ("front", "top", "side", "gripper")
SIZE, LARGE = (320, 240), (640, 480)
MAX_GEOMS = 500
MODELS = 4
LIT = 0.9
LONGEST_SECONDS = 30.0


class Studio:
    """Makes pictures. An OpenGL context belongs to one thread, which is why all of them are made in that one.

    Args:
        opengl: With what; an empty name draws.
    """

    def __init__(self, opengl: OpenGL) -> None:
        self.opengl = opengl
        self.problem = "" if opengl.name else opengl.reason
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._rigs: dict[int, _Rig] = {}
        if opengl.name:
            # A daemon, and not an executor's, since it has to outlast the latter to free what OpenGL holds.
            threading.Thread(target=self._serve, name="robot-pictures", daemon=True).start()
            atexit.register(self.close)

    def _serve(self) -> None:
        while True:
            done, function = self._work.get()
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)

    def there(self, function: Callable[[], Any]) -> Any:
        """Runs something in the thread that has the OpenGL contexts."""
        done: Future[Any] = Future()
        self._work.put((done, function))
        return done.result(LONGEST_SECONDS)

    def close(self) -> None:
        """Frees what OpenGL holds, while there still is an OpenGL."""
        rigs, self._rigs = self._rigs, {}
        with contextlib.suppress(Exception):
            self.there(lambda: [rig.close() for rig in rigs.values()])

    def picture(
        self, world: World, camera: Camera = "front", size: tuple[int, int] = SIZE, view: View = "colour"
    ) -> Pixels:
        """Returns a picture, height by width by 3 bytes.

        Args:
            world: As it is now.
            camera: From where; a drawn one is always from above.
            size: Width and height in pixels.
            view: Colours, distances (near is light) or a colour for each thing.
        """
        if not self.problem:
            try:
                return np.asarray(self.there(partial(self._rendered, world, world.state(), camera, size, view)))
            except Exception as error:  # a driver may fail in ways of its own, and pictures are no reason to stop
                log.warning("OpenGL (%s) failed; pictures are drawn from now on", self.opengl.name, exc_info=error)
                self.problem = f"{self.opengl.name} failed ({error}); pictures are drawn from above"
        return top_view(world, size, view)

    def _rendered(self, world: World, state: Vector, camera: Camera, size: tuple[int, int], view: View) -> Pixels:
        rig = self._rigs.pop(id(world.model), None)
        if rig is None or rig.world.model is not world.model:
            rig = _Rig(World(world.scene, world.model), self.opengl)
        self._rigs[id(world.model)] = rig  # the last used is the last one
        if len(self._rigs) > MODELS:
            self._rigs.pop(next(iter(self._rigs))).close()
        return rig.picture(state, camera, size, view)


class _Rig:
    """An OpenGL context with one model in it."""

    def __init__(self, world: World, opengl: OpenGL) -> None:
        self.world = world
        most = (world.model.vis.global_.offwidth, world.model.vis.global_.offheight)
        self._gl = opengl.context(*most)
        self._gl.make_current()
        self._context = mujoco.MjrContext(world.model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(world.model, MAX_GEOMS)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[flag] = False
        self._option = mujoco.MjvOption()
        self._option.geomgroup[3] = False

    def close(self) -> None:
        """Frees the context."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()

    def picture(self, state: Vector, camera: Camera, size: tuple[int, int], view: View) -> Pixels:
        self._gl.make_current()
        model, data = self.world.model, self.world.load(state).data
        view_from = mujoco.MjvCamera()
        view_from.type = mujoco.mjtCamera.mjCAMERA_FIXED
        view_from.fixedcamid = model.camera(camera).id
        category = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(model, data, self._option, None, view_from, category, self._scene)
        self._light_lamps()
        if view == "segmentation":
            self._colour_things()
        area = mujoco.MjrRect(0, 0, *size)
        mujoco.mjr_render(area, self._scene, self._context)
        pixels = np.empty((size[1], size[0], 3), np.uint8)
        depth = np.empty((size[1], size[0]), np.float32)
        mujoco.mjr_readPixels(pixels, depth if view == "depth" else None, area, self._context)
        if view == "depth":
            pixels = _depth_picture(depth, model)
        return pixels[::-1]

    def _light_lamps(self) -> None:
        for lamp, thing in self.world.things.items():
            if isinstance(thing, Lamp):
                glass = self.world.model.geom(f"{lamp}/glass").id
                lit = self.world.is_on(lamp)
                for geom in self._scene.geoms[: self._scene.ngeom]:
                    if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM and geom.objid == glass:
                        geom.emission = LIT if lit else 0.0
                        geom.rgba[:] = [1, 0.95, 0.5, 1] if lit else [0.4, 0.4, 0.36, 1]

    def _colour_things(self) -> None:
        """Each thing in a plain colour of its own, the rest in black."""
        names = list(self.world.things)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            owner = ""
            if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM:
                body = self.world.model.geom_bodyid[geom.objid]
                owner = self.world.model.body(body).name.partition("/")[0]
            colour = tone(names.index(owner), len(names)) if owner in names else (0.0, 0.0, 0.0)
            geom.rgba[:] = [*colour, 1]
            geom.emission, geom.specular = 1.0, 0.0
        self._scene.nlight = 0


def tone(number: int, of: int) -> tuple[float, float, float]:
    """Returns a colour for each of some things, as far apart as can be."""
    return colorsys.hsv_to_rgb(number / max(1, of), 0.85, 1.0)


def _depth_picture(depth: NDArray[np.float32], model: mujoco.MjModel) -> Pixels:
    """Distances from 0.3 to 2 m as grey, near ones light."""
    extent = model.stat.extent
    near, far = model.vis.map.znear * extent, model.vis.map.zfar * extent
    metres = near / (1 - depth * (1 - near / far))
    grey = np.clip((2.0 - metres) / 1.7, 0, 1) * 255
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)


def encoded(pixels: Pixels, kind: Literal["PNG", "JPEG"] = "PNG") -> bytes:
    """Returns a picture as a file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format=kind, quality=80)
    return buffer.getvalue()


@functools.cache
def studio(wanted: str = "auto") -> Studio:
    """Returns the studio of this process."""
    return Studio(choose(wanted))


__all__ = ["CAMERAS", "SIZE", "Any", "Camera", "Pixels", "Studio", "View", "encoded", "studio", "tone"]
