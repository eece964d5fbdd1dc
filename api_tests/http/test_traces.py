"""Traces: what a collector of OpenTelemetry is sent of one simulation, over HTTP, as protobuf."""

import gzip
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from api_tests.http.asking import sent, spec
from examples.running_service import running_service
from service.http import traces
from service.http.traces import telemetry

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """The address of a collector, and the paths and bodies of what it is sent."""
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            received.append((self.path, gzip.decompress(body) if packed else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()


def spans_of(received: list[tuple[str, bytes]]) -> list[Any]:
    exports = [ExportTraceServiceRequest.FromString(body) for path, body in received if path == "/v1/traces"]
    return [
        span for one in exports for part in one.resource_spans for scope in part.scope_spans for span in scope.spans
    ]


def said_of(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@pytest.fixture(scope="module")
def received() -> list[tuple[str, bytes]]:
    """What is sent of one simulation that a traced caller asks for, of a refused one, and of a probe."""
    asked = sent(spec(seed=41))
    with pytest.MonkeyPatch.context() as patch, collector() as (address, found):
        patch.setenv(ENDPOINT, address)
        with running_service(workers=1, job_workers=0) as url:
            headers = asked["headers"] | {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": "mine"}
            answer = httpx.post(f"{url}/v1/simulations", content=asked["content"], headers=headers, timeout=60)
            assert answer.is_success
            httpx.get(f"{url}/v1/simulations/{'0' * 64}?token=gv_secret", timeout=60)
    return found


def test_the_span_of_a_request_continues_the_trace_of_its_caller_and_says_what_was_asked(
    received: list[tuple[str, bytes]],
) -> None:
    (span,) = [one for one in spans_of(received) if one.name == "POST /v1/simulations"]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, CALLER)
    said = said_of(span)
    assert said["http.route"] == "/v1/simulations"
    assert said["http.response.status_code"] == 200
    assert said["gradient_verdict.request_id"] == "mine"
    assert said["client.address"] == "127.0.0.1"
    assert said["gradient_verdict.cache"] == "simulation"
    assert len(said["gradient_verdict.digest"]) == 64


def test_its_wait_and_the_work_on_it_are_spans_below_it(received: list[tuple[str, bytes]]) -> None:
    found = {one.name: one for one in spans_of(received) if one.trace_id.hex() == TRACE}
    assert found.keys() == {"POST /v1/simulations", "queue", "compute"}
    whole, queue, compute = found["POST /v1/simulations"], found["queue"], found["compute"]
    assert queue.parent_span_id == compute.parent_span_id == whole.span_id
    slack = 50_000_000  # nanoseconds: one clock is the day's, another goes on by itself
    assert whole.start_time_unix_nano - slack <= queue.start_time_unix_nano <= queue.end_time_unix_nano
    assert queue.end_time_unix_nano - slack <= compute.start_time_unix_nano < compute.end_time_unix_nano
    assert compute.end_time_unix_nano <= whole.end_time_unix_nano + slack


def test_a_refusal_has_its_code_and_no_value_of_a_query_is_sent(received: list[tuple[str, bytes]]) -> None:
    (span,) = [one for one in spans_of(received) if one.name == "GET /v1/simulations/{digest}"]
    said = said_of(span)
    assert said["url.query"] == "token"
    assert said["gradient_verdict.code"]
    assert not [body for _, body in received if b"gv_secret" in body]


def test_probes_are_not_traced_and_requests_are_measured(received: list[tuple[str, bytes]]) -> None:
    assert not [one for one in spans_of(received) if "healthz" in one.name or "metrics" in one.name]
    exports = [ExportMetricsServiceRequest.FromString(body) for path, body in received if path == "/v1/metrics"]
    parts = [part for one in exports for part in one.resource_metrics]
    assert "http.server.request.duration" in {
        metric.name for part in parts for scope in part.scope_metrics for metric in scope.metrics
    }
    names = {one.key: one.value.string_value for part in parts for one in part.resource.attributes}
    assert names["service.name"] == "gradient-verdict"


def test_nothing_of_it_is_loaded_where_no_collector_is_set() -> None:
    program = (
        "import json, sys; from service.main import create_app; create_app();"
        "print(json.dumps([one for one in sys.modules if one.startswith(('opentelemetry.sdk', 'opentelemetry.exp'))]))"
    )
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, capture_output=True, check=True, timeout=120)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("variable", traces._ENDPOINTS)
def test_it_is_on_where_a_collector_is_set_and_what_sends_to_it_is_installed(
    variable: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in traces._DEFAULTS:
        monkeypatch.setenv(name, "own")
    assert telemetry()["auto_configure"] is False
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert telemetry()["auto_configure"] is True
    assert caplog.messages == []
    monkeypatch.setattr(traces, "find_spec", lambda _: None)
    assert telemetry()["auto_configure"] is False
    assert "gradient-verdict[otel]" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING
