"""The worker's program: reads problems as lines of JSON, writes answers as lines of JSON.

It ends when the assistant does, when it is not asked for some minutes, and when a problem takes too much.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import select
import signal
import sys
import threading
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGE = "solver"  # the plugin's own modules, without the plugin itself and what it imports


def main() -> None:
    """Solves problems until there are no more."""
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules[PACKAGE] = package
    limits = _module("limits")
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.nice(5)
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(lines, limits.IDLE_SECONDS), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    _module("tasks")
    _load()

    def say(kind: str, content: Any = None) -> None:
        print(json.dumps([kind, content]), file=answers, flush=True)

    while _answered(json.loads(lines.get()), say, limits):
        pass


def _answered(asked: dict[str, Any], say: Callable[..., None], limits: Any) -> bool:
    """Answers; returns whether the process is fit for another problem."""
    from sympy.core.cache import clear_cache

    seconds = float(asked["seconds"])
    signal.setitimer(signal.ITIMER_REAL, seconds + 2 * limits.GRACE_SECONDS)  # ends the process, whatever it does
    say("begun")
    try:
        problem = _module("request").Request(asked["text"], tuple(asked["constraints"]), asked["variables"])
        say("answer", _module("tasks").carry_out(problem, seconds, lambda found: say("standing", found)))
    except limits.SolveError as error:
        say("refused", str(error))
    except RecursionError:
        say("refused", "the problem is nested too deeply")
    except MemoryError:
        return False
    except Exception:
        say("failed", traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    clear_cache()
    return True


def _module(name: str) -> Any:
    import importlib

    return importlib.import_module(f"{PACKAGE}.{name}")


def _load() -> None:
    import sympy
    import z3

    sympy.solve(sympy.Symbol("x") ** 2 - 1)  # loads what SymPy itself puts off
    z3.Solver().check()


def _read(lines: queue.Queue[str], idle: float) -> None:
    """Hands lines on, and ends the process when the assistant is gone or asks nothing more."""
    rest = b""
    while select.select([0], [], [], idle)[0]:
        more = os.read(0, 1 << 16)
        if not more:
            break
        *whole, rest = (rest + more).split(b"\n")
        for line in whole:
            lines.put(line.decode())
    os._exit(0)


if __name__ == "__main__":
    main()
