"""The service as a process: few descriptors, where it is asked whether it is well, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from api_tests.http.serving import WAIT_SECONDS
from api_tests.store.postgres import free_port
from examples.running_service import ROOT

DESCRIPTORS = 256
IDLE = 300


@dataclass(frozen=True)
class Served:
    """A service in a process of its own, with its log."""

    process: subprocess.Popen[bytes]
    host: str
    port: int
    log: Path
    environment: dict[str, str]

    def connection(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection((self.host, self.port), timeout=WAIT_SECONDS)

    def answer(self, request: bytes) -> bytes:
        """What it answers to a request that asks it to close the connection."""
        with self.connection() as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def health(self) -> int:
        """The exit status of the command that asks it whether it is well."""
        command = [sys.executable, "-m", "service", "health"]
        return subprocess.run(command, cwd=ROOT, env=self.environment, timeout=WAIT_SECONDS, check=False).returncode


@contextmanager
def served(folder: Path, host: str, **settings: object) -> Iterator[Served]:
    """A service with few descriptors that listens there."""
    chosen = {"host": host, "port": free_port(), "workers": 1, "job_workers": 0, "allow_anonymous": True, **settings}
    chosen["database_url"] = f"sqlite:///{folder}/reports.sqlite3"
    environment = os.environ | {f"GRADIENT_VERDICT_{name.upper()}": str(value) for name, value in chosen.items()}
    log = folder / "log"
    command = ["bash", "-c", f'ulimit -n {DESCRIPTORS} && exec "$0" -m service serve', sys.executable]
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=written, stderr=written)
    try:
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        yield Served(process, reached, int(str(chosen["port"])), log, environment)
    finally:
        process.kill()
        process.wait(WAIT_SECONDS)


def wait_until_healthy(service: Served) -> None:
    """Wait until the command says so."""
    for _ in range(60):
        if service.health() == 0:
            return
    pytest.fail(service.log.read_text())


def test_with_few_descriptors_idle_connections_neither_silence_the_service_nor_fill_its_log(tmp_path: Path) -> None:
    with served(tmp_path, "127.0.0.1") as service, ExitStack() as held:
        wait_until_healthy(service)
        for _ in range(IDLE):
            held.enter_context(service.connection()).sendall(b"GET / HT")
        for _ in range(20):
            answer = service.answer(b"GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200")
        assert len(os.listdir(f"/proc/{service.process.pid}/fd")) < DESCRIPTORS
        refused = service.answer(b"\x16\x03\x01\r\n\r\n")
        name = json.loads(refused.partition(b"\r\n\r\n")[2])["request_id"]
        written = service.log.read_text()
        assert [line for line in written.splitlines() if name in line and "400" in line]
        assert len(written) < 100_000
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(WAIT_SECONDS) == 0
        assert "Traceback" not in service.log.read_text()


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.2", "::1"])
def test_the_health_of_a_service_is_asked_where_it_listens(tmp_path: Path, host: str) -> None:
    if ":" in host and not _speaks_ipv6():
        pytest.skip("there is no IPv6 here")
    with served(tmp_path, host) as service:
        wait_until_healthy(service)
        service.process.kill()
        service.process.wait(WAIT_SECONDS)
        assert service.health() == 1


def _speaks_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as tried:
        try:
            tried.bind(("::1", 0))
        except OSError:
            return False
    return True
