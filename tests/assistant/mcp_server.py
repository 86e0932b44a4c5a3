"""A server made with the protocol's own SDK, for the tests: ``python mcp_server.py [PORT]``."""

import asyncio
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Literal

from mcp.server.fastmcp import Context, FastMCP, Image

server = FastMCP("facts", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000, log_level="ERROR")
LOG = Path(os.environ.get("LOG", os.devnull))


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@server.tool()
def height_of(tower: Literal["Arken", "Holm"], unit: str = "m") -> str:
    """Tells how high a lighthouse is."""
    with LOG.open("a") as log:
        log.write(f"height_of {tower}\n")
    return f"The lighthouse of {tower} is 31 {unit} high."


@server.tool()
async def slow(seconds: float, ctx: Context) -> str:
    """Takes its time."""
    await ctx.report_progress(1, 4, "a quarter")
    await asyncio.sleep(seconds)
    return "at last"


@server.tool()
def broken() -> str:
    """Always fails."""
    raise ValueError("no such lamp")


@server.tool(structured_output=False)
def picture() -> list[str | Image]:
    """Draws a red dot."""
    return ["a red dot", Image(data=png(), format="png")]


@server.tool()
def quit_now() -> str:
    """Ends the server in the middle of the call."""
    os._exit(3)


@server.tool(name="odd name/with:signs")
def odd(name: int, tool: int, schema: int = 1) -> str:  # names that pydantic or the runner might mind
    """Adds."""
    return str(name + tool + schema)


@server.tool()
def secrets_seen() -> str:
    """Tells which of the parent's variables are here."""
    return ",".join(sorted(name for name in os.environ if name in ("LOG", "PRIVATE_KEY")))


if __name__ == "__main__":
    server.run("streamable-http" if len(sys.argv) > 1 else "stdio")
