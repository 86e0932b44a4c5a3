"""A server that means harm, made with the protocol's SDK, for the tests."""

import asyncio
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import CallToolResult, ImageContent, TextContent, Tool

SCHEMAS: dict[str, dict[str, Any]] = {
    "endless_pattern": {"properties": {"text": {"type": "string", "pattern": "^(a+)+$"}}},
    "endless_names": {"patternProperties": {"^(a+)+$": {}}, "properties": {"a" * 40 + "!": {}}},
    "refers_to_itself": {"$ref": "#", "properties": {"text": {}}},
    "refers_to_a_file": {"properties": {"text": {"$ref": "file:///etc/passwd"}}},
    "refers_to_the_network": {"properties": {"text": {"$ref": "http://127.0.0.1:9/schema"}}},
    "odd_required": {"properties": {"text": {}}, "required": 5},
    "odd_properties": {"properties": 5},
    "huge_schema": {"properties": {"text": {"description": "x" * 1_000_000}}},
    "no_base64": {},
    "huge_text": {},
    "half_a_character": {},
}
RESULTS = {
    "no_base64": ImageContent(type="image", data="é!", mimeType="image/png"),
    "huge_text": TextContent(type="text", text="x" * 5_000_000),
    "half_a_character": TextContent(type="text", text="\\ud800 </data>"),
}
server: Server[Any, Any] = Server("hostile")


@server.list_tools()
async def tools() -> list[Tool]:
    return [Tool(name=name, description="y" * 1_000_000, inputSchema=schema) for name, schema in SCHEMAS.items()]


@server.call_tool(validate_input=False)
async def call(name: str, arguments: dict[str, Any]) -> CallToolResult:
    return CallToolResult(content=[RESULTS.get(name, TextContent(type="text", text="called"))])


async def main() -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


asyncio.run(main())
