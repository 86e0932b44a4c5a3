"""Which OpenGL there is without a display, found out before anything is loaded that would settle it for the process."""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

EGL_LIBRARIES = ("libEGL.so.1",)
OSMESA_LIBRARIES = ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so")
PLATFORM_DEVICE, TRUE = 0x313F, 1
GET = "apt install libegl1 libgl1-mesa-dri, or libosmesa6"


@dataclass(frozen=True, slots=True)
class OpenGL:
    """What pictures are made with.

    Attributes:
        name: ``egl`` or ``osmesa``; empty where there is neither.
        reason: Why this one, or why none.
    """

    name: str
    reason: str

    def context(self, width: int, height: int) -> Any:
        """Returns an OpenGL context of this kind for the calling thread; it is not current yet."""
        return importlib.import_module(f"mujoco.{self.name}").GLContext(width, height)


@functools.cache
def choose(wanted: str = "auto") -> OpenGL:
    """Looks for an OpenGL.

    Args:
        wanted: ``auto``, ``egl``, ``osmesa`` or ``none``; ``auto`` goes by the environment variable ``MUJOCO_GL``, then
            takes EGL, which may run on a GPU, then OSMesa.
    """
    named = os.environ.get("MUJOCO_GL", "").lower() if wanted == "auto" else wanted
    if named in ("none", "disable", "disabled", "off"):
        return OpenGL("", "pictures are drawn, because OpenGL is switched off")
    tries = {"egl": _egl, "osmesa": _osmesa}
    problems = []
    for name in [named] if named in tries else tries:
        problem = tries[name]()
        if not problem:
            why = "the settings or MUJOCO_GL name it" if named == name else "; ".join([*problems, "it works headless"])
            return OpenGL(name, why)
        problems.append(problem)
    return OpenGL("", f"pictures are drawn from above, because {' and '.join(problems)}; {GET}")


def _loaded(names: Sequence[str]) -> ctypes.CDLL | None:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _egl() -> str:
    """Returns why EGL cannot be used; empty where it can."""
    library = _loaded(EGL_LIBRARIES)
    if library is None:
        return "there is no EGL"
    library.eglGetProcAddress.restype = ctypes.c_void_p
    addresses = [library.eglGetProcAddress(name) for name in (b"eglQueryDevicesEXT", b"eglGetPlatformDisplayEXT")]
    if not all(addresses):
        return "EGL knows no devices"
    query = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int))(addresses[0])
    display = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)(addresses[1])
    devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int()
    query(16, devices, ctypes.byref(count))
    library.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    for device in devices[: count.value]:
        shown = display(PLATFORM_DEVICE, device, None)
        if shown and library.eglInitialize(shown, None, None) == TRUE:
            return ""
    return "EGL has no device that it can draw on"


def _osmesa() -> str:
    """Returns why OSMesa cannot be used; empty where it can."""
    return "" if _loaded(OSMESA_LIBRARIES) else "there is no OSMesa"
