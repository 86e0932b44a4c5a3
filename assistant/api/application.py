"""The application of ``assistant serve``."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from assistant.api import chat, conversations, figures, files, libraries, models, ready, responses
from assistant.api.access import Access
from assistant.api.errors import RESPONSES, add_handlers
from assistant.api.figures import Counting, Figures
from assistant.api.gate import Gate
from assistant.api.keys import Keys
from assistant.api.ready import Readiness
from assistant.api.size import Sized
from assistant.api.traced import Traced
from assistant.session import Assistant
from assistant.web.buckets import Buckets
from assistant.web.uploads import Uploads

MB = 1_000_000


def make_api(assistant: Assistant, keys: Keys | None) -> FastAPI:
    """Returns the API.

    Args:
        assistant: Who answers; it must stay open while the API is served.
        keys: Who may call; None lets everybody on this machine, until there are keys.
    """
    settings = assistant.settings
    limits = settings.limits
    access = Access(keys, Buckets(limits.requests), settings.database or settings.home)
    application = FastAPI(
        title="Assistant", version=version("assistant"), docs_url=None, redoc_url=None, responses=RESPONSES
    )
    application.state.assistant = assistant
    application.state.access = access
    application.state.uploads = Uploads(limits.upload_files, limits.upload_mb * MB)
    application.state.readiness = Readiness(assistant)
    application.state.figures = Figures(assistant.meter, assistant.engine.servers)
    add_handlers(application)
    for part in (chat, responses, models, files, libraries, conversations, ready, figures):
        application.include_router(part.router)
    application.add_middleware(Sized, form=settings.page.max_upload_mb * MB, other=limits.request_mb * MB)
    application.add_middleware(Gate, access=access)
    if settings.traces:
        application.add_middleware(Traced)
    application.add_middleware(Counting, figures=application.state.figures)
    return application
