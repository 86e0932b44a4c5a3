"""Speech at a server: what it is sent, and what is told where it does not answer."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware

from assistant.settings import LimitSettings, Settings, VoiceServer
from assistant.voice import LONGEST
from assistant.web.answers import Say
from assistant.web.voice import voice_routes
from tests.audio_server import AudioServer, tone
from tests.scripted_server import refused_url
from ui.refused import phrase

WEBM = {"content-type": "audio/webm;codecs=opus"}


@pytest.fixture
def audio():
    with AudioServer() as server:
        yield server


async def post(path, content, headers=None, **voice):
    settings = Settings(voice=VoiceServer(**voice) if voice else None, limits=LimitSettings(questions=6000))
    application = FastAPI(middleware=[Middleware(Say, phrase=phrase)])
    application.include_router(voice_routes(settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://page.test") as client:
        return await client.post(path, content=content, headers=headers)


async def test_a_recording_becomes_text_and_text_is_read_aloud(audio, monkeypatch):
    monkeypatch.setenv("VOICE_KEY", "secret")
    answer = await post("/voice/heard", b"sound", WEBM, url=audio.url, hears="ears", api_key_env="VOICE_KEY")
    assert answer.json() == {"text": "What is said here?"}
    assert b"sound" in audio.heard[0]
    assert b"ears" in audio.heard[0]
    spoken = await post("/voice/said", "Grüße [1].".encode(), url=audio.url, voice="nova")
    assert (spoken.content, spoken.headers["content-type"]) == (tone(), "audio/wav")
    assert audio.said == [{"input": "Grüße [1].", "model": "tts-1", "voice": "nova", "response_format": "mp3"}]


async def test_what_cannot_be_had_is_one_line(audio):
    large = await post("/voice/heard", bytes(50_000_000), WEBM, url=audio.url)
    assert (large.status_code, large.json()["code"]) == (413, "voice_large")
    assert "larger than 25 MB" in large.json()["error"]
    assert (await post("/voice/heard", b"x", {"content-type": "text/html"}, url=audio.url)).status_code == 415
    for text in ("", " ", "x" * (LONGEST + 1), "x" * 100_000):
        assert (await post("/voice/said", text.encode(), url=audio.url)).json()["code"] == "voice_text"
    down = await post("/voice/said", b"x", {"accept-language": "de"}, url=refused_url())
    assert (down.status_code, "nicht erreichbar" in down.json()["error"]) == (502, True)
    audio.status = 503
    assert "answered 503" in (await post("/voice/heard", b"x", WEBM, url=audio.url)).json()["error"]
    for path in ("/voice/heard", "/voice/said"):
        assert (await post(path, b"x", WEBM)).status_code == 404
    assert (await post("/voice/heard", b"x", WEBM, url=audio.url, hears=None)).status_code == 404
    assert audio.heard == audio.said == []


@pytest.mark.parametrize("reply", [b"<html>", b"[]", b'{"words": 1}'])
async def test_a_server_of_another_kind_is_told(audio, reply):
    audio.nonsense = reply
    for path in ("/voice/heard", "/voice/said"):
        answer = await post(path, b"x", WEBM, url=audio.url)
        assert (answer.status_code, answer.json()["code"]) == (502, "voice_nonsense")
