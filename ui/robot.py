"""The robot's tab: what its camera sees while it moves, a button that stops it, and what can be asked of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path

import gradio as gr

from assistant.session import Assistant
from ui.evidence import EVENT
from ui.language import label
from ui.view import View

# The tools keep these in the conversation's folder; the page and they know nothing else of each other.
FOLDER, LIVE, STOP = ".robot", "live.jpg", "stop"
LOOKS = "robot-*.png"
SECONDS, IDLE_TICKS = 0.3, 200
TOOL = "robot_look"
# What the buttons ask for, by the key of their words; a tool's name sends it there without fail.
REQUESTS = {
    "robot.front": "@robot_look camera=front",
    "robot.above": "@robot_look camera=top",
    "robot.side": "@robot_look camera=side",
    "robot.home": "@robot_home",
    "robot.replay": "@robot_replay",
    "robot.reset": "@robot_reset",
    "robot.desk": "@robot_reset scene=desk",
    "robot.tabletop": "@robot_reset scene=tabletop",
}
SEND = "() => document.querySelector('#ask button.submit-button, #ask button[data-testid=submit-button]')?.click()"


@dataclass(slots=True)
class Shown:
    """What a tab of the browser shows of the robot.

    Attributes:
        seen: Which frame: its file with the time of change.
        idle: How often nothing had changed since.
    """

    seen: tuple[str, int] | None = None
    idle: int = 0


class Panel:
    """What the tab's events do.

    Args:
        assistant: Whose conversations' folders are looked into.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._files = assistant.settings.home / "files"

    def folder(self, view: View) -> Path | None:
        """Returns where the robot of the conversation that is shown is kept; None where there is none yet."""
        running = view.turns[-1].conversation if view.turns else None
        conversation = view.conversation or running
        return self._files / conversation / FOLDER if conversation else None

    def open(self, view: View) -> tuple[str, gr.Timer, Shown]:
        """Shows the newest frame and begins to look for others."""
        shown = Shown()
        return self._frame(view, shown) or _nothing(view), gr.Timer(SECONDS, active=True), shown

    def look(self, view: View, shown: Shown) -> tuple[object, object, Shown]:
        """Shows the newest frame where there is a newer one; gives up where nothing has moved for a minute."""
        if html := self._frame(view, shown):
            return html, gr.skip(), shown
        shown.idle += 1
        return gr.skip(), gr.Timer(active=False) if shown.idle > IDLE_TICKS else gr.skip(), shown

    def stop(self, view: View) -> None:
        """Stops the robot: its simulation looks for this file after every 10 ms of simulated time."""
        folder = self.folder(view)
        if folder is None or not folder.is_dir():
            gr.Info(view.t("robot.still"))
            return
        (folder / STOP).touch()
        gr.Info(view.t("robot.stopped"))

    def _frame(self, view: View, shown: Shown) -> str:
        """The newest frame as HTML; empty where it is shown already, or there is none."""
        try:
            changed, path = max(_pictures(self.folder(view)), default=(0, Path()))
            seen = (str(path), changed)
            if not changed or seen == shown.seen:
                return ""
            picture = path.read_bytes()
        except OSError:
            return ""
        shown.seen, shown.idle = seen, 0
        kind, data = "png" if path.suffix == ".png" else "jpeg", base64.b64encode(picture).decode()
        return f'<img class="robot-live" alt="{escape(view.t("robot.live"))}" src="data:image/{kind};base64,{data}">'


def _pictures(folder: Path | None) -> list[tuple[int, Path]]:
    """What the camera saw while the robot moved, and when it was told to look, each with when that was."""
    found = [folder / LIVE, *folder.parent.glob(LOOKS)] if folder else []
    return [(path.stat().st_mtime_ns, path) for path in found if path.is_file()]


def _nothing(view: View) -> str:
    return f"<p>{escape(view.t('robot.nothing'))}</p>"


def make_panel(assistant: Assistant, view: gr.State, box: gr.Textbox) -> None:
    """Makes the tab where the robot is installed.

    Args:
        assistant: Who answers.
        view: What the browser's tab shows.
        box: Where questions are typed; the buttons' requests go there and are sent.
    """
    if TOOL not in assistant.toolbox.tools:
        return
    panel = Panel(assistant)
    with gr.Tab(label("robot.tab"), elem_id="robot") as tab:
        shown = gr.State(Shown())
        live = gr.HTML("", elem_id="robot-live", container=False)
        stop = gr.Button(label("robot.stop"), elem_id="robot-stop", variant="stop")
        with gr.Row():
            buttons = {request: gr.Button(label(key), size="sm") for key, request in REQUESTS.items()}
        timer = gr.Timer(SECONDS, active=False)
    tab.select(panel.open, [view], [live, timer, shown], **EVENT)
    timer.tick(panel.look, [view, shown], [live, timer, shown], **EVENT)
    stop.click(panel.stop, [view], None, **EVENT)
    for request, button in buttons.items():
        button.click(_asked(request), None, [box], **EVENT).then(None, None, None, js=SEND)
        button.click(panel.open, [view], [live, timer, shown], **EVENT)


def _asked(request: str) -> object:
    def ask() -> str:
        return request

    return ask
