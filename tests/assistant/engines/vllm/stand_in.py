"""Stands in for the ``vllm`` command: says what vLLM says while it loads, then answers at its port, or fails as told.

What it does stands in the model's folder, in ``behave.json``: ``lines`` to print, ``gate`` to wait until a file of that
name is beside it, ``then`` to print then, ``code`` to end with instead of answering, ``silent`` to be silent,
``dies`` to end after so many requests for its health, ``orphan`` to start a process that ignores being asked to end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

LINES = [
    "(APIServer pid=7) INFO 11-30 10:02:25 [api_utils.py:286] non-default args: {'model_tag': 'x'}",
    "(EngineCore pid=8) INFO [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='x'",
    "(Worker pid=9) INFO 11-30 10:03:35 [cpu_model_runner.py:68] Starting to load model x...",
    "Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:00<00:00, 18.85it/s]\r",
    "(EngineCore pid=8) INFO [kv_cache_utils.py:2327] GPU KV cache size: 524,288 tokens",
    "(APIServer pid=7) INFO 11-30 10:03:47 [launcher.py:186] Available routes are:",
]
SLEEPER = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


class Handler(BaseHTTPRequestHandler):
    """Answers ``/health``."""

    left = 10**9

    def do_GET(self) -> None:
        Handler.left -= 1
        self.send_response(200)
        self.end_headers()
        if Handler.left <= 0:
            sys.exit(3)

    def log_message(self, *words: object) -> None:
        """Is silent."""


def main() -> None:
    assert sys.argv[1] == "serve"
    flags = dict(each.removeprefix("--").split("=", 1) for each in sys.argv[3:] if "=" in each)
    behave = json.loads((Path(sys.argv[2]) / "behave.json").read_text())
    if behave.get("orphan"):
        subprocess.Popen([sys.executable, "-c", SLEEPER])
    for line in behave.get("lines", LINES):
        print(line, flush=True)
        time.sleep(0.02)
    while "gate" in behave and not (Path(sys.argv[2]) / behave["gate"]).exists():
        time.sleep(0.05)
    print(behave.get("then", ""), flush=True)
    if behave.get("silent"):
        time.sleep(600)
    if "code" in behave:
        sys.exit(behave["code"])
    Handler.left = behave.get("dies", Handler.left)
    server = HTTPServer(("127.0.0.1", int(flags["port"])), Handler)
    server.serve_forever()


if __name__ == "__main__":
    main()
