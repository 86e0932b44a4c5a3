"""Gradio's page and its sessions without what this page does not use: work at each update, memory for each tab."""

from __future__ import annotations

import copy
import datetime
import sys
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import convert_component_dict_to_list
from gradio.components import State
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder

CLOSED = datetime.timedelta(minutes=5)
"""After which the state of a tab goes that was closed, or whose computer sleeps."""
MOST = 2_000
"""Tabs whose state is kept; the ones that were used longest ago go first."""
SKIP = gr.skip()


class Page(gr.Blocks):
    """A page that leaves alone what an event does not change.

    Gradio makes each component that is not changed anew, with all that it can be told of it, whenever an event changes
    another one: several milliseconds for each piece of an answer.
    """

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """Returns what is sent to the browser, one value for each output."""
        outputs = list(block_fn.outputs)
        if isinstance(predictions, dict) and len(outputs) > 1 and predictions and predictions != SKIP:
            predictions = convert_component_dict_to_list(outputs, predictions)
        if not isinstance(predictions, list | tuple) or len(outputs) < 2 or len(outputs) != len(predictions):  # noqa: PLR2004
            whole: list[Any] = await super().postprocess_data(block_fn, predictions, state)
            return whole
        changed = [number for number, value in enumerate(predictions) if not _is_skip(value)]
        sent = [None if output.stateful else dict(SKIP) for output in outputs]
        if changed:
            part = copy.copy(block_fn)
            part.outputs = [outputs[number] for number in changed]
            values = [predictions[number] for number in changed]
            done = await super().postprocess_data(part, values[0] if len(values) == 1 else values, state)
            for number, value in zip(changed, done, strict=True):
                sent[number] = value
        return sent


class Session(SessionState):
    """The state of one tab, without the copy of every component's description that Gradio keeps for deep links."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config = copy.copy(blocks.default_config)
        self.config_values: dict[int, Any] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = int(CLOSED.total_seconds())

    def __setitem__(self, key: int, value: Any) -> None:
        if isinstance(self.blocks_config.blocks.get(key), State):
            self.state_data[key] = value
        else:
            self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None:
        """Nothing is kept that it would change."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nothing is kept that it would change."""


class Sessions(StateHolder):
    """The state of every tab, as long as it is of use."""

    def set_blocks(self, blocks: gr.Blocks) -> None:
        """Holds the sessions of a page."""
        super().set_blocks(blocks)
        self.capacity = MOST

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)

    def delete_all_expired_state(self) -> None:
        """Forgets the tabs that were closed a while ago; Gradio calls this every second."""
        before = datetime.datetime.now() - CLOSED
        for key, session in list(self.session_data.items()):
            # In the order of their last use, so that all behind are newer.
            if self.time_last_used.get(key, before) > before:
                break
            if session.is_closed:
                self.forget(key)

    def forget(self, key: str) -> None:
        """Forgets a tab with what waits for it."""
        queue = self.blocks._queue
        for kept in (self.session_data, self.time_last_used, queue.pending_messages_per_session):
            kept.pop(key, None)
        queue.pending_event_ids_session.pop(key, None)


def hold_sessions(application: App) -> None:
    """Has an application of Gradio's keep its sessions leanly; before it is served."""
    sessions: Sessions = Sessions()  # type: ignore[no-untyped-call]
    sessions.set_blocks(application.get_blocks())
    application.state_holder = sessions
    # After every event Gradio computes statistics of the last 10,000, which nobody reads here.
    queue = application.get_blocks()._queue
    queue.ANALYTICS_MAX_EVENTS, queue.ANAYLTICS_CACHE_FREQUENCY = 1, sys.maxsize


def _is_skip(value: Any) -> bool:
    return isinstance(value, dict) and value == SKIP


@dataclass(frozen=True, slots=True)
class Load:
    """What a page's server does at the moment.

    Attributes:
        running: Events that run.
        waiting: Events that wait for their turn.
        tabs: Tabs that are open.
    """

    running: int
    waiting: int
    tabs: int


def load_of(page: Page) -> Load:
    """Returns what a page's server does at the moment."""
    queue, sessions = page._queue, page.state_holder.session_data.values()
    running = sum(len(jobs) for jobs in queue.active_jobs if jobs)
    return Load(running, len(queue), sum(not session.is_closed for session in sessions))
