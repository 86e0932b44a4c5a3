"""The tool that tells what the library holds."""

from __future__ import annotations

from typing import Any

from assistant.plugin import Context, tool


@tool(examples=["Which documents do you have?", "What is in my library?"], timeout=30)
def list_documents(ctx: Context) -> list[dict[str, Any]]:
    """List the documents in the person's library, with their kind and number of pages."""
    return [
        {"title": document.title, "kind": document.kind, "pages": document.pages, "document": document.path}
        for document in ctx.library.documents()
    ]
