"""``/metrics``: how much the server works."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.access import needs
from assistant.api.keys import Key
from assistant.engine_info import ServerState
from assistant.meter import Meter, Spread

router = APIRouter(tags=["server"])
SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class ModelFigures(Collector):
    """Shows what the language model has done.

    Args:
        meter: Where it is added up.
        servers: Returns the servers that are asked.
    """

    def __init__(self, meter: Meter, servers: Callable[[], Sequence[ServerState]]) -> None:
        self._meter, self._servers = meter, servers

    def collect(self) -> Iterator[Metric]:
        """Yields the figures as they are now."""
        meter = self._meter
        yield CounterMetricFamily(
            "assistant_model_requests", "Requests to the language model of turns that were answered.", meter.requests
        )
        tokens = CounterMetricFamily(
            "assistant_model_tokens", "Tokens; cached are of the prompt, reasoning of the completion.", labels=["kind"]
        )
        for kind in ("prompt", "cached", "completion", "reasoning"):
            tokens.add_metric([kind], meter.tokens[kind])
        yield tokens
        failures = CounterMetricFamily("assistant_failed_turns", "Turns without an answer.", labels=["kind"])
        for kind, count in meter.failures.items():
            failures.add_metric([kind], count)
        yield failures
        yield from self._states()
        yield _histogram("assistant_first_token_seconds", "Until a model's first token.", meter.first_token)
        yield _histogram("assistant_tokens_per_second", "Of an answer, from its first token on.", meter.speed)

    def _states(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("assistant_model_server_up", "Whether a server is asked: 1, or 0.", labels=["server"])
        running = GaugeMetricFamily("assistant_model_server_running", "Our requests under way.", labels=["server"])
        for state in self._servers():
            up.add_metric([state.url], state.up)
            running.add_metric([state.url], state.running)
        yield from (up, running)


def _histogram(name: str, about: str, spread: Spread) -> HistogramMetricFamily:
    counted, buckets = 0, []
    for limit, count in zip([*map(str, spread.limits), "+Inf"], spread.counts, strict=True):
        counted += count
        buckets.append((limit, counted))
    return HistogramMetricFamily(name, about, buckets=buckets, sum_value=spread.total)


class Figures:
    """What is counted; one for each application, so that two in a process do not add up.

    Args:
        meter: What the language model has done.
        servers: Returns the servers that are asked.
    """

    def __init__(self, meter: Meter, servers: Callable[[], Sequence[ServerState]]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(ModelFigures(meter, servers))
        labels = ("method", "route", "status")
        self.requests = Counter("assistant_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "assistant_request_seconds", "Until a request was answered whole.", ("route",), buckets=SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self.running = Gauge("assistant_requests_running", "Requests under way.", registry=self.registry)


class Counting:
    """Counts requests by their route.

    Args:
        app: What answers.
        figures: Where they are counted.
    """

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app, self._figures = app, figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self._figures.running.inc()
        try:
            await self._app(scope, receive, noting)
        finally:
            self._figures.running.dec()
            # The route and not the path, of which there are as many as conversations.
            route = getattr(scope.get("route"), "path", "none")
            self._figures.requests.labels(scope["method"], route, status).inc()
            self._figures.seconds.labels(route).observe(time.perf_counter() - began)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, key: Annotated[Key, Depends(needs("watch"))]) -> Response:
    """Show the figures in the form of Prometheus."""
    figures: Figures = request.app.state.figures
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)
