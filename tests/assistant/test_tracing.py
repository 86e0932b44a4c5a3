"""Each turn is a trace: who did what below what, and no text of anybody's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from assistant.app import build
from assistant.errors import SettingsError
from assistant.events import Answer, Failed
from assistant.settings import Settings, TraceSettings
from assistant.tracing import OFF, open_tracer
from tests.api.conftest import served as api
from tests.ports import free_port
from tests.replies import Calls, Status, Text
from tests.scripted_server import ScriptedServer


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What would be sent to a collector."""
    memory = InMemorySpanExporter()
    monkeypatch.setattr("assistant.tracing.make_exporter", lambda url: memory)
    return memory


def traced(settings: Settings, url: str = "http://127.0.0.1:4318/v1/traces") -> Settings:
    return settings.model_copy(update={"traces": TraceSettings(url=url)})


def tree(spans: tuple[ReadableSpan, ...]) -> set[tuple[str, str]]:
    names = {span.context.span_id: span.name for span in spans}
    return {(names.get(span.parent.span_id, "?") if span.parent else "", span.name) for span in spans}


async def test_a_turn_is_one_trace_of_its_parts(
    settings: Settings, documents: Path, spans: InMemorySpanExporter
) -> None:
    async with build(traced(settings)) as assistant:
        assistant.library.add([documents])
        end = await assistant.ask("How many days of paid leave does every employee have?")
    assert isinstance(end, Answer)
    assert end.citations
    sent = spans.get_finished_spans()
    assert tree(sent) == {
        ("", "turn"),
        ("turn", "model"),
        ("turn", "tool search_documents"),
        ("tool search_documents", "retrieval"),
        ("turn", "evidence"),
    }
    assert len({span.context.trace_id for span in sent}) == 1
    attributes = {span.name: dict(span.attributes or {}) for span in sent}
    assert attributes["turn"]["assistant.outcome"] == "answered"
    assert attributes["turn"]["gen_ai.conversation.id"] == end.conversation
    assert attributes["evidence"]["assistant.citations"] == len(end.citations)
    assert attributes["retrieval"]["assistant.found"]
    assert "employee" not in "".join(span.to_json() for span in sent)


async def test_what_fails_is_told_by_its_kind(
    served: Settings, model_server: ScriptedServer, spans: InMemorySpanExporter
) -> None:
    model_server.say(Calls([("roll_dice", {"count": 1000})]), Text("Too many."), Status(400, "no such secret thing"))
    async with build(traced(served)) as assistant:
        assert isinstance(await assistant.ask("Roll"), Answer)
        failed = await assistant.ask("Again")
    assert isinstance(failed, Failed)
    sent = spans.get_finished_spans()
    tool = next(span for span in sent if span.name == "tool roll_dice")
    assert tool.attributes
    assert tool.attributes["assistant.ok"] is False
    wrong = [span for span in sent if span.status.status_code is StatusCode.ERROR]
    assert {(span.name, span.status.description) for span in wrong} == {("model", failed.kind), ("turn", failed.kind)}
    assert "secret" not in "".join(span.to_json() for span in sent)
    replies = [span for span in sent if span.name == "model" and span not in wrong]
    assert all(span.attributes and span.attributes["gen_ai.usage.output_tokens"] for span in replies)
    assert all(span.attributes and span.attributes["gen_ai.request.model"] == "scripted" for span in replies)


async def test_a_collector_gets_the_trace_of_the_program_that_asked(settings: Settings, documents: Path) -> None:
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with collector() as (url, received):
        async with api(traced(settings, url), documents) as base, httpx.AsyncClient(timeout=60) as client:
            question = {"model": "assistant", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}
            answer = await client.post(f"{base}/v1/chat/completions", json=question, headers={"traceparent": caller})
            assert answer.status_code == 200
    resources = [each for request in received for each in request.resource_spans]
    assert {value.value.string_value for each in resources for value in each.resource.attributes} >= {"assistant"}
    sent = [span for each in resources for scope in each.scope_spans for span in scope.spans]
    assert {span.trace_id.hex() for span in sent} == {caller.split("-")[1]}
    assert next(span for span in sent if span.name == "turn").parent_span_id.hex() == caller.split("-")[2]


async def test_a_collector_that_is_away_holds_nobody_up(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "opentelemetry")
    async with build(traced(settings, f"http://127.0.0.1:{free_port()}/v1/traces")) as assistant:
        assert isinstance(await assistant.ask("What is 2 + 2?"), Answer)


def test_without_a_setting_there_are_none() -> None:
    tracer, close = open_tracer(None)
    close()
    assert tracer is OFF
    assert not tracer.start_span("turn").is_recording()


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match=r"assistant\[traces\]"):
        open_tracer("http://127.0.0.1:4318/v1/traces")


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Takes traces as an OpenTelemetry collector does."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = __import__("gzip").decompress(body)
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
