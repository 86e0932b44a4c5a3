"""The routes of speech: a recording becomes text, a text is read aloud."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from assistant.settings import Settings
from assistant.voice import ENDINGS, LONGEST, Voice, VoiceError
from assistant.web.answers import Refusal, refusal
from assistant.web.buckets import Buckets
from assistant.web.gate import MB, caller

HEADERS = {"cache-control": "no-store"}


def voice_routes(settings: Settings) -> APIRouter:
    """Returns the routes; without a server in the settings they refuse."""
    routes, often = APIRouter(), Buckets(settings.limits.questions)
    server = settings.voice
    voice = Voice(server) if server else None

    @routes.post("/voice/heard")
    async def heard(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if voice is None or server is None or not server.hears:
            return refusal(404, "nothing")
        if wait := often.wait(caller(request.scope).key):
            return refusal(429, "too_fast", wait=wait)
        if kind not in ENDINGS:
            return refusal(415, "voice_kind")
        audio = await _body(request, server.max_mb * MB)
        if audio is None:
            return refusal(413, "voice_large", mb=server.max_mb)
        try:
            return JSONResponse({"text": await voice.heard(audio, kind)}, headers=HEADERS)
        except VoiceError as error:
            return Refusal(502, error.code, error.values, {})

    @routes.post("/voice/said")
    async def said(request: Request) -> Response:
        if voice is None or server is None or not server.speaks:
            return refusal(404, "nothing")
        if wait := often.wait(caller(request.scope).key):
            return refusal(429, "too_fast", wait=wait)
        text = (await _body(request, LONGEST * 4) or b"").decode("utf-8", "replace").strip()
        if not text or len(text) > LONGEST:
            return refusal(400, "voice_text", most=LONGEST)
        try:
            audio, media_type = await voice.spoken(text)
        except VoiceError as error:
            return Refusal(502, error.code, error.values, {})
        return Response(audio, media_type=media_type, headers=HEADERS)

    return routes


async def _body(request: Request, most: int) -> bytes | None:
    """Reads a body; None where it is too large, of which no more is read than that shows."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)
