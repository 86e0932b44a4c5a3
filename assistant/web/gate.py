"""Lets through to Gradio what its page needs and nothing else: its routes, its events, a person's own files."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.accounts.identity import Identity
from assistant.web.answers import refusal
from assistant.web.buckets import Buckets
from assistant.web.events import BadEvent, checked, named
from assistant.web.uploads import Uploads

API = "/gradio_api"
# Every other route of Gradio's is for programs, for developers, or fetches addresses that it is told.
GET = re.compile(
    r"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/(assets|static|svelte)/.+"
    rf"|{API}/(info/?|app_id|startup-events|theme\.css|login_check/?|user/?)"
)
FILE, HEARTBEAT = re.compile(rf"{API}/file=(.+)", re.DOTALL), re.compile(rf"{API}/heartbeat/(\w+)")
JOIN = f"{API}/queue/join"
EVENTS = {JOIN, f"{API}/component_server", f"{API}/component_server/"}
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        key: By which their uploads and their share of the server are counted.
        prefix: Of their sessions' names; empty without accounts.
    """

    key: str
    prefix: str


class PageGate:
    """Stands before Gradio.

    Args:
        app: Gradio's application.
        events: The numbers of the page's events.
        uploads: Whose each file is.
        often: How many events each person may send.
        largest: The largest event, in bytes.
        largest_upload: The largest upload, in bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        events: Collection[int],
        uploads: Uploads,
        often: Buckets,
        largest: int,
        largest_upload: int,
    ) -> None:
        self._app, self._events, self._uploads, self._often = app, events, uploads, often
        self._largest, self._largest_upload = largest, largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            try:
                handle = self._handler(scope)
                await handle(scope, receive, send)
            except BadEvent as error:
                await refusal(400, error.code)(scope, receive, send)

    def _handler(self, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        method, path = scope["method"], scope["path"]
        if method in ("GET", "HEAD"):
            if GET.fullmatch(path):
                return self._app
            if path == f"{API}/queue/data" or HEARTBEAT.fullmatch(path) or path == f"{API}/upload_progress":
                return self._named
            return self._file if FILE.fullmatch(path) else refusal(404, "nothing")
        if method == "POST" and path in EVENTS:
            return self._event
        return self._upload if (method, path) == ("POST", f"{API}/upload") else refusal(404, "nothing")

    async def _named(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what names a session, or an upload, under the person's own name for it."""
        prefix = caller(scope).prefix
        if found := HEARTBEAT.fullmatch(scope["path"]):
            scope["path"] = f"{API}/heartbeat/{named(found[1], prefix)}"
            scope["raw_path"] = quote(scope["path"]).encode()
        else:
            query = parse_qsl(scope["query_string"].decode("latin-1"))
            mine = [(k, named(v, prefix) if k in ("session_hash", "upload_id") else v) for k, v in query]
            scope["query_string"] = urlencode(mine).encode()
        await self._app(scope, receive, send)

    async def _file(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = FILE.fullmatch(scope["path"])
        path = found[1] if found else ""
        if re.match(r"[a-z][a-z0-9+.-]*:", path, re.IGNORECASE) or self._uploads.foreign(caller(scope).key, path):
            await refusal(404, "no_file")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _event(self, scope: Scope, receive: Receive, send: Send) -> None:
        if wait := self._often.wait(caller(scope).key):
            await refusal(429, "too_fast", wait=wait)(scope, receive, send)
            return
        who = caller(scope)
        if (body := await _read(receive, self._largest)) is None:
            await refusal(413, "event_large", mb=self._largest // MB)(scope, receive, send)
            return
        events = self._events if scope["path"] == JOIN else None
        body = checked(body, who.prefix, lambda path: self._uploads.own(who.key, path), events)
        await self._app(_resized(scope, len(body)), _replayed(body, receive), send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        who, size = caller(scope), _length(scope)
        identity: Identity | None = scope.get("user")
        if identity is not None and not identity.may("user"):
            await refusal(403, "reader")(scope, receive, send)
        elif size is None or size > self._largest_upload:
            await refusal(413, "files_large", mb=self._largest_upload // MB)(scope, receive, send)
        elif self._uploads.full(who.key, size):
            await refusal(429, "uploads", wait=3599)(scope, receive, send)
        else:
            await self._note_upload(scope, receive, send, who, size)

    async def _note_upload(self, scope: Scope, receive: Receive, send: Send, who: Caller, size: int) -> None:
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        mine = [(key, named(value, who.prefix) if key == "upload_id" else value) for key, value in query]
        scope["query_string"] = urlencode(mine).encode()
        answer, status = bytearray(), 0

        async def listening(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answer.extend(message.get("body", b""))
            # Before the browser knows the path, so that its next request finds it.
            if message["type"] == "http.response.body" and not message.get("more_body") and status == 200:  # noqa: PLR2004
                self._uploads.take(who.key, [path for path in orjson.loads(answer) if isinstance(path, str)], size)
            await send(message)

        await self._app(_plain(scope), receive, listening)


def caller(scope: Scope) -> Caller:
    """Returns who sends a request; without accounts, everybody at one address is one."""
    identity: Identity | None = scope.get("user")
    if identity is not None:
        return Caller(identity.account, identity.account)
    return Caller((scope.get("client") or ("", 0))[0], "")


async def _read(receive: Receive, largest: int) -> bytes | None:
    """Reads a whole body; None where it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > largest:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _resized(scope: Scope, size: int) -> Scope:
    headers = [
        (k, v) for k, v in scope["headers"] if k not in (b"content-length", b"transfer-encoding", b"content-type")
    ]
    # As JSON whatever it said, since a form's fields would be read in another way than they were checked.
    new = [(b"content-length", str(size).encode()), (b"content-type", b"application/json")]
    return {**scope, "headers": [*headers, *new]}


def _plain(scope: Scope) -> Scope:
    """The same request with its answer wanted as it is, not compressed."""
    return {**scope, "headers": [(key, value) for key, value in scope["headers"] if key != b"accept-encoding"]}


def _length(scope: Scope) -> int | None:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isdigit() else None
