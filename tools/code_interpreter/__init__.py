"""The tool ``code_interpreter``: Python in a sandbox, a Jupyter kernel for each conversation."""

from __future__ import annotations

from assistant.plugin import Context, Unavailable, tool

from . import engine, sandbox
from .settings import InterpreterSettings


def need_sandbox(settings: InterpreterSettings) -> None:
    """Tries the sandbox that the settings ask for.

    Raises:
        Unavailable: There can be none here.
    """
    chosen = settings.engine()
    try:
        engine.check_once(chosen) if chosen else sandbox.check_once()
    except sandbox.NoSandbox as error:
        raise Unavailable(str(error)) from error


def warm(settings: InterpreterSettings) -> None:
    """Has a kernel ready for the first conversation."""
    from .interpreter import shared

    shared(settings.limits(), settings.engine()).warm()


@tool(
    examples=["Run this Python: print(6 * 7)", "what is the average of the second column of sales.csv?"],
    timeout=180,
    sandboxed=True,
    settings=InterpreterSettings,
    prepare=warm,
    requires=need_sandbox,
)
async def code_interpreter(code: str, ctx: Context, restart: bool = False) -> dict[str, object]:
    """Run Python and see what it prints, shows and returns, as in a notebook's cell.

    Variables stay from call to call. The value of the last line is returned, and what is printed is shown while it
    runs. Figures of matplotlib and Plotly, and tables, are handed to the person when they are displayed, and so is
    every file that is written to the current folder. The files of the conversation are in that folder.

    There is numpy, pandas, scipy, matplotlib, sympy, scikit-learn (sklearn), openpyxl, plotly and the standard library
    of Python. There is no network, nothing can be installed, and nothing of the computer outside can be seen. Time,
    memory and files are limited, to 2 minutes, 4 GB and 512 MB where the settings say nothing else; processes that a
    call leaves behind are ended.

    Args:
        code: Python; a line that begins with ! is given to the shell.
        restart: Begin with a fresh interpreter: all variables are gone.
    """
    # The kernel's libraries are loaded when the first code comes.
    from .interpreter import shared

    return await shared(ctx.settings.limits(), ctx.settings.engine()).run(code, ctx, restart)
