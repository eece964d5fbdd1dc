"""Traces and metrics for OpenTelemetry, where its address is set and the extra `otel` is installed; else nothing of it.

FastAPI makes the span of a request, and continues the caller's trace by the header `traceparent`; what the service
knows of the request is added here, with a span each for its wait and for the work on it.
"""

import logging
import os
from importlib.util import find_spec
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from service.core.version import __version__
from service.http.metrics import Exchange

_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
_DEFAULTS = {
    "OTEL_SERVICE_NAME": "gradient-verdict",
    "OTEL_RESOURCE_ATTRIBUTES": f"service.version={__version__}",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "3",  # seconds: a collector that is gone does not hold the service's end up
}
_OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_ON: TelemetryConfig = {"logs": False, "operation_spans": False, "auto_configure": True}
_tracer = trace.get_tracer("gradient_verdict", __version__)
_log = logging.getLogger("service")


def telemetry() -> TelemetryConfig:
    """What FastAPI sends to OpenTelemetry, by the variables that all its programs have."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return _OFF
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter") is None:
        _log.warning("nothing is sent to OpenTelemetry: `pip install 'gradient-verdict[otel]'` brings what sends it")
        return _OFF
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    return {**_ON, "exclude": _is_a_probe}


def trace_id() -> str:
    """The trace that the request which is answered here is a part of; empty where there is none."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""


def annotate(exchange: Exchange) -> None:
    """Say in the span of a request what is known of it when its answer begins; no value of its query stays there."""
    span, context = trace.get_current_span(), exchange.context
    if not span.is_recording():
        return
    said = {
        "url.query": exchange.parameters,
        "client.address": context.caller.address,
        "enduser.id": context.caller.owner,
        "gradient_verdict.request_id": context.request_id,
        "gradient_verdict.code": context.code,
        "gradient_verdict.cache": context.cache,
        "gradient_verdict.digest": context.digest,
    }
    span.set_attributes({name: value for name, value in said.items() if value or name == "url.query"})
    for name, end, seconds in context.phases:
        _tracer.start_span(name, start_time=int(1e9 * (end - seconds))).end(int(1e9 * end))


def _is_a_probe(scope: Any) -> bool:
    """Whether that is a request which is repeated every few seconds and says nothing of the service's use."""
    return scope["path"] == "/metrics" or scope["path"].startswith("/healthz/")
