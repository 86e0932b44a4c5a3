"""The robot's tab: frames that are newer, and the button that stops."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest

from assistant.session import Assistant
from tests.tools.robots import part, tools
from ui import robot
from ui.view import View


@pytest.fixture
def panel(tmp_path):
    return robot.Panel(cast("Assistant", SimpleNamespace(settings=SimpleNamespace(home=tmp_path))))


def test_the_tools_and_the_page_mean_the_same_files(tmp_path):
    tools()
    record = part("record")
    assert record.folder_of(tmp_path) == tmp_path / robot.FOLDER
    assert (record.LIVE, record.STOP) == (robot.LIVE, robot.STOP)


def test_a_frame_is_shown_once(panel, tmp_path):
    view: Any = View(conversation="c")
    html, timer, shown = panel.open(view)
    assert "pick up the red cube" in html
    assert timer.active
    folder = tmp_path / "files" / "c" / ".robot"
    folder.mkdir(parents=True)
    (folder / "live.jpg").write_bytes(b"\xff\xd8frame")
    html, _, shown = panel.look(view, shown)
    assert "data:image/jpeg;base64," in html
    assert panel.look(view, shown)[0] == gr.skip()
    shown.idle = robot.IDLE_TICKS
    assert panel.look(view, shown)[1].active is False


def test_stop_is_told_through_the_conversations_folder(panel, tmp_path, monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(gr, "Info", told.append)
    view = View(conversation="c")
    panel.stop(view)
    assert told.pop().startswith("No robot has been asked")
    folder = tmp_path / "files" / "c" / ".robot"
    folder.mkdir(parents=True)
    panel.stop(view)
    assert (folder / "stop").exists()
    assert told == ["The robot is told to stop."]


def test_there_is_no_frame_without_a_conversation(panel):
    assert panel.folder(View()) is None
    assert "pick up the red cube" in panel.open(View())[0]


def test_what_it_saw_when_told_to_look_is_shown_until_it_moves(panel, tmp_path):
    view: Any = View(conversation="c")
    folder = tmp_path / "files" / "c" / ".robot"
    folder.mkdir(parents=True)
    (folder.parent / "robot-front.png").write_bytes(b"looked")
    html, _, shown = panel.open(view)
    assert "data:image/png;base64," in html
    (folder / "live.jpg").write_bytes(b"\xff\xd8frame")
    later = (folder.parent / "robot-front.png").stat().st_mtime + 1
    os.utime(folder / "live.jpg", (later, later))
    assert "data:image/jpeg;base64," in panel.look(view, shown)[0]


def test_what_the_buttons_ask_for_is_there():
    assert {request[1:].split()[0] for request in robot.REQUESTS.values()} <= set(tools())
