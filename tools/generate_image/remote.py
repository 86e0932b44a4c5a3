"""Pictures from a server with an OpenAI-compatible ``/v1/images/generations`` and ``/v1/images/edits``."""

from __future__ import annotations

import base64
import binascii
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from assistant.plugin import Context, ToolError

from .ask_server import Answered, ask
from .pictures import Picture
from .request import Request
from .settings import RemoteSettings
from .source import read_picture
from .waiting import Stopped

SAME_SHAPE = 0.02  # by which the ratio of a picture's sides may differ from that of the one that was edited
# Models of OpenAI that give their pictures in the answer without being asked to, and take no wish for it.
IN_THE_ANSWER = ("gpt-image", "chatgpt-image")


def drawn(remote: RemoteSettings, request: Request, ctx: Context) -> Iterator[Picture]:
    """Yields pictures from text, each with a request of its own.

    Args:
        remote: Which server.
        request: What was asked for.
        ctx: Of the call.

    Raises:
        ToolError: The server does not take what was asked for, or gives no picture.
        Stopped: The request was stopped.
    """
    for number in range(request.count):
        many = f", picture {number + 1} of {request.count}" if request.count > 1 else ""
        ctx.progress(f"asking {_host(remote)}{many}", number / request.count)
        body = {**_said(remote, request, number), **_size(request)}
        yield _asked(remote, "images/generations", body, {}, request, number, ctx)


def edited(
    remote: RemoteSettings, picture: Image.Image, mask: Image.Image | None, request: Request, ctx: Context
) -> Picture:
    """Changes a picture.

    Args:
        remote: Which server.
        picture: RGB.
        mask: White where something new is drawn; None changes all of it.
        request: What was asked for.
        ctx: Of the call.

    Raises:
        ToolError: The server gives no picture, or one of another shape where a mask says what stays.
        Stopped: The request was stopped.
    """
    ctx.progress(f"asking {_host(remote)}")
    files = {"image": _png(picture)} | ({"mask": _png(_opened_up(picture, mask))} if mask else {})
    made = _asked(remote, "images/edits", _said(remote, request, 0), files, request, 0, ctx)
    wide, was = made.picture.width / made.picture.height, picture.width / picture.height
    if abs(wide / was - 1) <= SAME_SHAPE:
        fresh = made.picture.resize(picture.size, Image.Resampling.LANCZOS)
        return replace(made, picture=Image.composite(fresh, picture, mask) if mask else fresh)
    if mask:
        raise ToolError(
            f"The picture server gave {made.picture.width}x{made.picture.height} pixels for a picture of "
            f"{picture.width}x{picture.height}, so that what is not masked could not be kept; take one of its shape."
        )
    return made


def check_seed(remote: RemoteSettings | None, seed: int | None) -> None:
    """Looks whether a seed that a person named could be used.

    Raises:
        ToolError: The server takes none.
    """
    if remote and seed is not None and "seed" not in remote.parameters:
        raise ToolError(_takes_no("seed"))


def _takes_no(name: str) -> str:
    return (
        f"The picture server takes no {name.replace('_', ' ')}; leave it out, or say in the setting remote.parameters "
        "what it is called there."
    )


def _asked(
    remote: RemoteSettings,
    road: str,
    body: dict[str, Any],
    files: dict[str, bytes],
    request: Request,
    number: int,
    ctx: Context,
) -> Picture:
    key, start = ctx.secret(remote.api_key_env) if remote.api_key_env else "", time.perf_counter()
    answer = ask(remote, road, body, files, key, lambda: ctx.cancelled)
    if ctx.cancelled:
        raise Stopped
    picture, names = _picture(answer), remote.parameters
    return Picture(
        picture,
        request.seed + number if "seed" in names else None,
        (request.steps or 0) if "steps" in names else 0,
        (request.guidance or 0.0) if "guidance" in names else 0.0,
        time.perf_counter() - start,
        remote.model,
    )


def _said(remote: RemoteSettings, request: Request, number: int) -> dict[str, Any]:
    """Returns what is sent with a request.

    Raises:
        ToolError: Something was asked for that the server is not known to take.
    """
    wished = {"negative_prompt": request.negative or None, "steps": request.steps, "guidance": request.guidance}
    for name, value in wished.items():
        if value is not None and name not in remote.parameters:
            raise ToolError(_takes_no(name))
    wished["seed"] = request.seed + number
    sent = {theirs: wished[ours] for ours, theirs in remote.parameters.items() if wished[ours] is not None}
    bare = {} if remote.model.startswith(IN_THE_ANSWER) else {"response_format": "b64_json"}
    return {"model": remote.model, "prompt": request.prompt, "n": 1, **bare, **sent, **remote.also}


def _size(request: Request) -> dict[str, str]:
    return {"size": f"{request.width}x{request.height}"} if request.width else {}


def _picture(answer: Answered) -> Image.Image:
    """Returns the picture of an answer.

    Raises:
        ToolError: There is none in it.
    """
    rows = answer.told.get("data") if isinstance(answer.told, dict) else None
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    coded = row.get("b64_json")
    if not isinstance(coded, str) or not coded:
        if isinstance(row.get("url"), str):
            raise ToolError(
                f"{answer.server} gave a link in place of the picture; let remote.also hold what makes it give "
                "b64_json."
            )
        raise ToolError(f"{answer.server} answered without a picture.")
    try:
        data = base64.b64decode(coded.partition(",")[2] if coded.startswith("data:") else coded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ToolError(f"{answer.server} answered with something that is no picture.") from error
    return read_picture(io.BytesIO(data), f"What {answer.server[0].lower()}{answer.server[1:]} gave")


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _opened_up(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """Returns a mask as these servers take it: transparent where something new is drawn."""
    opened = picture.copy()
    opened.putalpha(mask.point([255 - value for value in range(256)]))
    return opened


def _host(remote: RemoteSettings) -> str:
    return urlsplit(remote.url).netloc
