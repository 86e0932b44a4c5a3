from __future__ import annotations

import datetime

import gradio as gr
import pytest
from gradio.routes import App

from ui.lean import CLOSED, MOST, Page, Session, hold_sessions, load_of


def made(kind: type[gr.Blocks]) -> gr.Blocks:
    with kind() as page:
        parts = gr.HTML(), gr.Textbox(elem_id="box"), gr.Dropdown(["a", "b"]), gr.State(1)
        gr.Button().click(lambda: None, None, list(parts))
    return page


@pytest.fixture
async def page() -> Page:
    page = made(Page)
    page.max_file_size = None
    hold_sessions(App.create_app(page))
    return page


def bare(value: object) -> object:
    """Without the empty properties that Gradio sends of a page's own HTML that has not changed."""
    return {key: each for key, each in value.items() if key != "props"} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {0: "<b>x</b>"},
        {1: gr.update(value="v", placeholder="p")},
        {1: "v", 2: gr.update(choices=["c"], value="c")},
        {0: "x", 1: "y", 2: "a", 3: 7},
    ],
)
async def test_the_browser_is_sent_what_gradio_would_send(page, changes):
    plain = made(gr.Blocks)
    sent = []
    for blocks, session in ((page, Session(page)), (plain, None)):
        (event,) = blocks.fns.values()
        given = {
            event.outputs[number]: dict(value) if isinstance(value, dict) else value
            for number, value in changes.items()
        }
        sent.append([bare(each) for each in await blocks.postprocess_data(event, given or gr.skip(), session)])
    assert sent[0] == sent[1]


async def test_a_tab_remembers_its_own_components_and_state(page):
    (event,) = page.fns.values()
    box, kept = event.outputs[1], event.outputs[3]
    mine, other = page.state_holder["mine"], page.state_holder["other"]
    await page.postprocess_data(event, {box: gr.update(placeholder="mine"), kept: 7}, mine)
    assert (mine[box._id].placeholder, mine[kept._id]) == ("mine", 7)
    assert (other[box._id].placeholder, other[kept._id]) == (None, 1)
    assert mine.config_values == {}


async def test_tabs_that_were_closed_a_while_ago_are_forgotten(page):
    sessions = page.state_holder
    for name in ("gone", "open", "just-closed"):
        sessions[name].is_closed = name != "open"
        page._queue.pending_event_ids_session[name] = set()
    long_ago = datetime.datetime.now() - 2 * CLOSED
    sessions.time_last_used.update({"gone": long_ago, "open": long_ago})
    assert load_of(page).tabs == 1
    sessions.delete_all_expired_state()
    assert list(sessions.session_data) == ["open", "just-closed"]
    assert list(page._queue.pending_event_ids_session) == ["open", "just-closed"]


async def test_no_more_tabs_are_kept_than_there_is_room_for(page):
    for number in range(MOST + 50):
        page.state_holder[f"tab{number}"]
    assert len(page.state_holder.session_data) == MOST


async def test_no_statistics_of_past_events_are_computed(page):
    queue = page._queue
    queue.events_recorded = 100
    queue.event_analytics = {"e": {"function": "f", "status": "success", "process_time": 1.0}}
    assert queue.compute_analytics_summary(list(queue.event_analytics.values())) == {"functions": {}}
    assert queue.ANALYTICS_MAX_EVENTS == 1
