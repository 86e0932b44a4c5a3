"""OpenTelemetry traces: each turn is one, with a span for each reply, tool call, look into the library and check.

No text of questions, documents or answers is in them, nor an error's: names, numbers and kinds only.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import NoOpTracer, Span, StatusCode, Tracer

from assistant.context import LibraryView
from assistant.conversations import Begun
from assistant.errors import SettingsError
from assistant.events import Answer, ApprovalNeeded, End, Failed, ToolCall

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

OFF: Tracer = NoOpTracer()
# Seconds that sending spans may take, so that a collector that hangs does not hold up the end of the process.
TIMEOUT = 5
SEARCHES = frozenset({"search", "search_pictures", "search_each", "documents_about"})


def open_tracer(url: str | None) -> tuple[Tracer, Callable[[], None]]:
    """Returns what makes spans, and what sends those that are left.

    Args:
        url: Where an OpenTelemetry collector takes traces over HTTP; None makes none.

    Raises:
        SettingsError: What sends them is not installed.
    """
    if url is None:
        return OFF, lambda: None
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = make_exporter(url)
    except ImportError:
        raise SettingsError("traces needs OpenTelemetry: pip install 'assistant[traces]'.") from None
    ours = {SERVICE_NAME: "assistant", SERVICE_VERSION: version("assistant")}
    provider = TracerProvider(resource=Resource.create(ours), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer("assistant", version("assistant")), provider.shutdown


def make_exporter(url: str) -> SpanExporter:
    """Returns what sends spans to a collector."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=url, timeout=TIMEOUT)


@contextmanager
def span(tracer: Tracer, name: str, **attributes: Any) -> Iterator[Span]:
    """Makes a span of what is done within; of an error it tells the kind.

    Args:
        tracer: Makes it.
        name: What is done.
        **attributes: What is known beforehand; ``__`` in a name stands for a dot.
    """
    given = {key.replace("__", "."): value for key, value in attributes.items()}
    with tracer.start_as_current_span(
        name, attributes=given, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            _failed(current, type(error).__name__)
            raise


class TurnTrace:
    """The span of a whole turn.

    Attributes:
        context: In which the turn's work is to run, so that its spans lie below this one.

    Args:
        tracer: Makes it.
        begun: The turn.
        engine: Who answers.
    """

    def __init__(self, tracer: Tracer, begun: Begun, engine: str) -> None:
        about: dict[str, Any] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.conversation.id": begun.conversation,
            "assistant.turn": begun.turn,
            "assistant.library": begun.library,
            "assistant.engine": engine,
        }
        self._span = tracer.start_span("turn", attributes=about)
        self.context = contextvars.copy_context()
        self.context.run(contexts.attach, trace.set_span_in_context(self._span))

    def end(self, end: End) -> None:
        """Ends it with what became of the turn."""
        match end:
            case Answer():
                self._span.set_attributes(
                    {
                        "assistant.outcome": "answered",
                        "assistant.abstained": end.abstained,
                        "assistant.confidence": end.confidence,
                        "assistant.citations": len(end.citations),
                        "assistant.unsupported": len(end.unsupported),
                        "assistant.tool_calls": len(end.tool_calls),
                    }
                )
            case ApprovalNeeded():
                self._span.set_attribute("assistant.outcome", "waiting")
            case Failed():
                self._span.set_attribute("assistant.outcome", "failed")
                _failed(self._span, end.kind)
        self._span.end()


def tell_reply(current: Span, reply: AIMessage) -> None:
    """Tells what a reply of the model took."""
    current.set_attribute("assistant.tool_calls", len(reply.tool_calls) + len(reply.invalid_tool_calls))
    if used := reply.usage_metadata:
        current.set_attribute("gen_ai.usage.input_tokens", used["input_tokens"])
        current.set_attribute("gen_ai.usage.output_tokens", used["output_tokens"])


def tell_call(current: Span, call: ToolCall) -> None:
    """Tells how a tool call ended."""
    current.set_attribute("assistant.ok", call.ok)


def traced(library: LibraryView, tracer: Tracer) -> LibraryView:
    """Returns a library whose searches are spans."""
    return library if tracer is OFF else cast("LibraryView", _Traced(library, tracer))


class _Traced:
    def __init__(self, library: LibraryView, tracer: Tracer) -> None:
        self._library, self._tracer = library, tracer

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._library, name)
        return self._searching(name, value) if name in SEARCHES else value

    def _searching(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def search(*arguments: Any, **named: Any) -> Any:
            with span(self._tracer, "retrieval", assistant__search=name) as current:
                found = function(*arguments, **named)
                current.set_attribute("assistant.found", len(found))
                return found

        return search


def _failed(current: Span, kind: str) -> None:
    current.set_attribute("error.type", kind)
    current.set_status(StatusCode.ERROR, kind)
