"""The real service in a process of its own, for demonstrations, benchmarks and tests."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def running_service(start_seconds: float = 120.0, **settings: object) -> Iterator[str]:
    """The base URL of a service on a free loopback port, with `settings` in place of the environment's.

    Its reports are gone with it, unless `settings` has a `database_url`: it leaves nothing in the user's own store.
    A simulation may take ten minutes there, so that no demonstration and no test needs a quiet machine.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        own = {"database_url": f"sqlite:///{folder}/reports.sqlite3", "sync_deadline_seconds": 600.0}
        with _served(start_seconds, own | settings) as url:
            yield url


@contextmanager
def _served(start_seconds: float, settings: dict[str, object]) -> Iterator[str]:
    port = _free_port()
    chosen = {"host": "127.0.0.1", "port": port, **settings}
    environment = os.environ | {f"GRADIENT_VERDICT_{name.upper()}": str(value) for name, value in chosen.items()}
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "service", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            if not _answers(url, process, start_seconds):
                log.seek(0)
                raise RuntimeError(f"the service did not start:\n{log.read().decode(errors='replace')}")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=120)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str, process: subprocess.Popen[bytes], seconds: float) -> bool:
    stop = time.monotonic() + seconds
    with httpx.Client(base_url=url) as client:
        while time.monotonic() < stop and process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get("/healthz/ready").is_success:
                    return True
            time.sleep(0.05)
    return False
