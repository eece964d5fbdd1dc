"""What is counted, for Prometheus: requests by their route, how long they took, and what the workers have to do."""

from collections.abc import Mapping
from http import HTTPMethod
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from service.worker.worker import Worker

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_METHODS = {method.value for method in HTTPMethod}


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self, worker: Worker) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "gradient_verdict_http_request_duration_seconds",
            "How long requests took, by method, route and status.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        for name, what, value in (
            ("busy_workers", "Worker processes that simulate now.", lambda: worker.busy),
            ("waiting_simulations", "Simulations that wait for a worker process.", lambda: worker.waiting),
            ("kept_report_bytes", "Bytes of reports that are kept.", lambda: worker.kept_bytes),
        ):
            Gauge(f"gradient_verdict_{name}", what, registry=self._registry).set_function(value)

    def answered(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """Count the request that `scope` belongs to; whatever a client makes up has one label."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path_format", "none")
        self._requests.labels(method, route, status).observe(seconds)

    def text(self) -> str:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry).decode()
