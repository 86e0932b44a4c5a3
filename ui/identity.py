"""Who an event of the page comes from, as the server knows it."""

from __future__ import annotations

from typing import cast

from gradio.context import LocalContext

from assistant.accounts.identity import Identity


def identity() -> Identity | None:
    """Returns who is signed in; None without accounts, or outside of an event.

    Gradio keeps the request that an event came with for as long as its handler runs, in tasks and threads that the
    handler starts as well.
    """
    request = LocalContext.request.get(None)
    # Events come with Gradio's own request around the real one, functions of components with the real one.
    inner = getattr(request, "request", None) or request
    return cast("Identity | None", inner.scope.get("user")) if inner is not None else None
