"""Speech to text and text to speech, at a server with OpenAI's audio endpoints."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from assistant.settings import VoiceServer

if TYPE_CHECKING:
    import openai

log = logging.getLogger(__name__)

# Servers without accounts want no key, but the client insists on sending one.
NO_KEY = "none"
# What browsers record, and the ending by which servers tell it.
ENDINGS = {"audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "mp4", "audio/mpeg": "mp3", "audio/wav": "wav"}
# Of a text that is spoken at once; OpenAI's own limit.
LONGEST = 4096


class VoiceError(Exception):
    """Speech that could not be had.

    Args:
        code: Why: a text of the catalogue of refusals.
        **values: What the text says in its places.
    """

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values


class Voice:
    """The audio endpoints of a server; nothing is sent before it is needed.

    Args:
        server: URL, models and limits; the key comes from the environment variable that it names.
    """

    def __init__(self, server: VoiceServer) -> None:
        self._server = server

    async def heard(self, audio: bytes, media_type: str) -> str:
        """Returns what is said in a recording; empty where nothing is.

        Args:
            audio: As the browser recorded it.
            media_type: One of ``ENDINGS``.

        Raises:
            VoiceError: The server does not answer, or with something else.
        """
        file = (f"recording.{ENDINGS[media_type]}", audio, media_type)
        async with self._client() as client:
            said = await client.audio.transcriptions.create(file=file, model=self._server.hears or "")
        text = getattr(said, "text", None)
        if not isinstance(text, str):
            raise VoiceError("voice_nonsense", url=self._server.url)
        return text.strip()

    async def spoken(self, text: str) -> tuple[bytes, str]:
        """Returns a text read aloud, and the kind of the audio.

        Args:
            text: At most ``LONGEST`` characters.

        Raises:
            VoiceError: The server does not answer, or with something else.
        """
        async with self._client() as client:
            made = await client.audio.speech.create(
                input=text, model=self._server.speaks or "", voice=self._server.voice, response_format="mp3"
            )
            audio, media_type = await made.aread(), made.response.headers.get("content-type", "").partition(";")[0]
        if not audio or not media_type.startswith(("audio/", "application/octet-stream")):
            raise VoiceError("voice_nonsense", url=self._server.url)
        return audio, media_type if media_type.startswith("audio/") else "audio/mpeg"

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[openai.AsyncOpenAI]:
        import openai

        url, seconds = self._server.url, self._server.timeout
        key = os.environ.get(self._server.api_key_env) or NO_KEY
        try:
            async with openai.AsyncOpenAI(base_url=url, api_key=key, timeout=seconds, max_retries=0) as client:
                yield client
        except openai.APITimeoutError as error:
            log.warning("%s gave no answer for %g s", url, seconds)
            raise VoiceError("voice_timeout", url=url, seconds=f"{seconds:g}") from error
        except openai.APIStatusError as error:
            log.warning("%s answered %s: %s", url, error.status_code, error.message)
            raise VoiceError("voice_refused", url=url, status=error.status_code) from error
        except openai.APIConnectionError as error:
            log.warning("%s cannot be reached: %s", url, error.__cause__ or error)
            raise VoiceError("voice_unreachable", url=url) from error
        except (openai.OpenAIError, ValueError) as error:  # a reply that is no JSON
            log.warning("%s answered with something else", url, exc_info=error)
            raise VoiceError("voice_nonsense", url=url) from error
