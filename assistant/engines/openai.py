"""Makes the chat model of the settings: any OpenAI-compatible server, or several that serve the same."""

from __future__ import annotations

import os
from contextlib import aclosing

import httpx2
import openai
from pydantic import SecretStr

from assistant.engine_settings import ServerEngine
from assistant.engines.completions import PlainCompletions
from assistant.engines.faults import page_instead
from assistant.engines.profile import Profile
from assistant.engines.replicas import Replicas
from assistant.engines.served import UNKNOWN, ServedModel
from assistant.errors import EngineError

# Servers without accounts want no key, but the client insists on sending one.
NO_KEY = "none"
OK = 200


def serve(engine: ServerEngine, *, waits: bool = True) -> Replicas:
    """Returns the chat model of a server or of several; nothing is sent before the first question.

    Args:
        engine: URL, model and limits; the key comes from the environment variable that it names.
        waits: Whether a request waits for a server that has answered before and is down now.
    """
    return Replicas.of([connect(engine, url) for url in engine.urls], engine.timeout, waits=waits)


def connect(engine: ServerEngine, url: str) -> ServedModel:
    """Returns the chat model of one server.

    Args:
        engine: Its model and limits.
        url: Where it is.
    """
    hooks = {"response": [_refuse_pages]}
    model = ServedModel(
        model=engine.model or UNKNOWN,
        base_url=url,
        api_key=SecretStr(os.environ.get(engine.api_key_env) or NO_KEY),
        timeout=engine.timeout,
        stream_chunk_timeout=engine.timeout,
        max_retries=0,  # what is asked again, and when, is for Replicas to say
        temperature=engine.temperature,
        # Our own, since LangChain shares one among all models, which nobody may close.
        http_async_client=openai.DefaultAsyncHttpxClient(timeout=engine.timeout, event_hooks=hooks),
        stream_usage=True,
        use_responses_api=False,
    )
    model.async_client = PlainCompletions(model.root_async_client)
    model._patience, model._strict = engine.timeout, engine.strict
    return model


async def context_of(model: Replicas, engine: ServerEngine, name: str = "") -> int | None:
    """Returns a model's context in tokens, as the settings or its server tell; None where neither does.

    Args:
        model: Reaches the server.
        engine: The settings.
        name: Which of the server's models; empty is the one of the settings.
    """
    if engine.context:
        return engine.context
    try:
        return (await model.describe()).context(name or engine.model or "")
    except EngineError:  # asking the question will tell
        return None


async def profile_of(engine: ServerEngine) -> Profile:
    """Returns what a server tells of its models; of several the first that answers.

    Raises:
        EngineError: It cannot be asked, or has none.
    """
    async with aclosing(serve(engine)) as model:
        return await model.describe()


async def _refuse_pages(response: httpx2.Response) -> None:
    """Refuses a web page under status 200, which the client would take for a reply without a word."""
    if response.status_code == OK and response.headers.get("content-type", "").startswith("text/html"):
        raise page_instead(str(response.request.url))
