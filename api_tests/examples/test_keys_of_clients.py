"""What asks a service sends the key that the environment has, to that service and to no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from examples.gradient_verdict import Failed, graded
from service.imports.judges import AtService, ServiceRefused
from service.simulation.spec import SimulationSpec

KEY = "gv_of_the_test"
SPEC = SimulationSpec.model_validate({"network": {"features": 2, "layers": [{"kind": "dense", "units": 2}]}})


@contextmanager
def listening(seen: list[str | None], location: str = "") -> Iterator[str]:
    """The address of a server that notes the header Authorization, and sends all elsewhere where there is a place."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(302 if location else 503)
            self.send_header("Content-Length", "0")
            if location:
                self.send_header("Location", location)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def asked(url: str, folder: Path) -> None:
    """Ask in both ways; neither gets an answer."""
    with pytest.raises(ServiceRefused):
        AtService(url).report(SPEC)
    (folder / "rubric.json").write_text("{}")
    (folder / "service_url").write_text(url)
    with pytest.raises(Failed):
        graded("native", folder / "rubric.json", {})


def test_the_key_of_the_environment_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    with listening(seen) as url:
        monkeypatch.setenv("GRADIENT_VERDICT_KEY", f"{KEY}\n")
        asked(url, tmp_path)
        monkeypatch.delenv("GRADIENT_VERDICT_KEY")
        asked(url, tmp_path)
    assert seen == [f"Bearer {KEY}", f"Bearer {KEY}", None, None]


def test_no_other_host_is_sent_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIENT_VERDICT_KEY", KEY)
    elsewhere: list[str | None] = []
    here: list[str | None] = []
    with listening(elsewhere) as other, listening(here, location=other) as url:
        asked(url, tmp_path)
    assert here == [f"Bearer {KEY}"] * 2
    assert elsewhere == [None] * 2
