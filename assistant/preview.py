"""What a call that waits for approval would do, found out without doing it, by the tools that can tell."""

from __future__ import annotations

from dataclasses import replace

from assistant.events import ApprovalRequest
from assistant.runner import run_tool
from assistant.state import Turn


async def previewed(request: ApprovalRequest, turn: Turn) -> ApprovalRequest:
    """Adds what a call would do to the request for its approval, where its tool declares ``preview``.

    Args:
        request: What waits.
        turn: In which it waits.

    Raises:
        ToolCrashed: The preview has a bug.
        LibraryError: The library cannot be used.
    """
    tool = turn.tools[request.tool]
    if tool.options.preview is None:
        return request
    context = turn.context(lambda fraction, message: None)
    call = await run_tool(
        replace(tool, function=tool.options.preview, gate=None), request.id, request.arguments, context
    )
    said = call.result["text"] if isinstance(call.result, dict) and "text" in call.result else call.result
    film = next((artifact.path for artifact in context.artifacts if artifact.kind == "video"), "")
    return replace(request, preview=str(said), film=film)
