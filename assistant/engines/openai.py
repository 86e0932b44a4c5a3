"""Makes the chat model of the settings: any OpenAI-compatible server, or several that serve the same."""

from __future__ import annotations

import os
from contextlib import aclosing

from pydantic import SecretStr

from assistant.engine_settings import ServerEngine
from assistant.engines.completions import PlainCompletions
from assistant.engines.profile import Profile
from assistant.engines.replicas import Replicas
from assistant.engines.served import UNKNOWN, ServedModel
from assistant.engines.wire import Wire
from assistant.errors import EngineError

# Servers without accounts want no key, but the client insists on sending one.
NO_KEY = "none"


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
    key = os.environ.get(engine.api_key_env) or NO_KEY
    model = ServedModel(
        model=engine.model or UNKNOWN,
        base_url=url,
        api_key=SecretStr(key),
        stream_chunk_timeout=None,  # the wire waits no longer than it may
        max_retries=0,  # what is asked again, and when, is for Replicas to say
        temperature=engine.temperature,
        stream_usage=True,
        use_responses_api=False,
    )
    model._wire = Wire(url, key, engine.timeout)
    model.async_client = PlainCompletions(model._wire)
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
