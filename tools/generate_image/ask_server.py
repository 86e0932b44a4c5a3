"""One request to a picture server: stopped at any moment, limited in time and size, failures in plain words."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from assistant.plugin import ToolError

from .settings import RemoteSettings
from .waiting import Stopped

LARGEST = 100 * 2**20  # bytes of an answer
LOOK = 0.25  # seconds between two looks at whether the request was stopped
LONGEST = 200  # characters of what a server says
CONNECT = 15.0  # seconds
HTML = re.compile(r"\s*<(!doctype|html|head|body)\b", re.I)
REFUSES_KEY, TOO_MUCH, OK, ELSEWHERE, WRONG, FAILED = (401, 403), 429, 200, 300, 400, 500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer.

    Attributes:
        server: Names it at the beginning of a sentence.
        told: The answer's JSON.
    """

    server: str
    told: Any


def ask(
    remote: RemoteSettings,
    road: str,
    body: dict[str, Any],
    files: dict[str, bytes],
    key: str,
    stopped: Callable[[], bool],
) -> Answered:
    """Sends a request, as JSON or, with files, as a form.

    Args:
        remote: Which server.
        road: Behind its base URL.
        body: What is said.
        files: PNG files by the form's fields.
        key: The bearer token; empty for none.
        stopped: Whether the answer is no longer wanted.

    Raises:
        ToolError: One sentence says what the server did not do.
        Stopped: It was no longer wanted.
    """
    server = f"The picture server at {remote.url}"
    try:
        status, kind, data = asyncio.run(_watched(_sent(remote, road, body, files, key), remote.timeout, stopped))
    except TimeoutError as error:
        raise ToolError(f"{server} gave no picture within {remote.timeout:g} s; ask again, or for less.") from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise ToolError(f"{server} cannot be reached ({_short(str(error))}); is it running?") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        log.warning("%s broke off", server, exc_info=True)
        raise ToolError(f"{server} broke off in the middle of its answer; ask again.") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ToolError(f"{server} cannot be asked: the URL or the key cannot be used; mend the settings.") from error
    if data is None:
        raise ToolError(f"{server} sent more than {LARGEST // 2**20} MB, which no picture needs; it was given up.")
    if status != OK:
        log.warning("%s answered %d: %r", server, status, data[:2000])
        raise ToolError(_refusal(server, status, data))
    return Answered(server, _json(server, kind, data))


async def _watched(work: Any, seconds: float, stopped: Callable[[], bool]) -> Any:
    """Waits for something, but not when it is no longer wanted.

    Raises:
        TimeoutError: It took too long.
        Stopped: It is no longer wanted.
    """
    task = asyncio.ensure_future(work)
    try:
        async with asyncio.timeout(seconds):
            while not task.done():
                await asyncio.wait({task}, timeout=LOOK)
                if stopped():
                    raise Stopped
            return task.result()
    finally:
        task.cancel()


async def _sent(
    remote: RemoteSettings, road: str, body: dict[str, Any], files: dict[str, bytes], key: str
) -> tuple[int, str, bytes | None]:
    """Returns the status, the kind of content and the content; None where that is too large."""
    form = {name: (f"{name}.png", data, "image/png") for name, data in files.items()}
    said: dict[str, Any] = {"data": _fields(body), "files": form} if files else {"json": body}
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # The whole time is limited by whoever waits for it.
    limits = httpx.Timeout(None, connect=min(CONNECT, remote.timeout))
    async with (
        httpx.AsyncClient(timeout=limits, verify=_certificates()) as client,
        client.stream("POST", f"{remote.url.rstrip('/')}/{road}", headers=headers, **said) as response,
    ):
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > LARGEST:
                return response.status_code, "", None
        return response.status_code, response.headers.get("content-type", ""), bytes(data)


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to believe; to read them takes longer than a request."""
    return httpx.create_ssl_context()


def _fields(body: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}


def _json(server: str, kind: str, data: bytes) -> Any:
    text = data.decode(errors="replace")
    if "html" in kind or HTML.match(text):
        raise ToolError(f"{server} answered with a web page; its URL in the settings mostly ends in /v1.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        log.warning("%s answered with no JSON: %r", server, data[:2000])
        raise ToolError(f"{server} answered with something that is no picture.") from error


def _refusal(server: str, status: int, data: bytes) -> str:
    said = _reason(data)
    words = f": {said.rstrip('.')}." if said else "."
    if status in REFUSES_KEY:
        return f"{server} does not accept the key ({status}){words}"
    if status == TOO_MUCH:
        return f"{server} is busy, or the key's quota is used up ({status}); ask again later{words}"
    if status >= FAILED:
        return f"{server} failed ({status}){words}"
    if status >= WRONG:
        return f"{server} refuses this ({status}){words}"
    return f"{server} answered {status} and no picture; its URL in the settings mostly ends in /v1."


def _reason(data: bytes) -> str:
    """Returns what a server says of its refusal; nothing where that is no plain text."""
    text = data[:100_000].decode(errors="replace")
    if HTML.match(text):
        return ""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return _short(text)
    told = told.get("error", told.get("detail", told.get("message", ""))) if isinstance(told, dict) else ""
    told = told.get("message", "") if isinstance(told, dict) else told
    return _short(told) if isinstance(told, str) else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
