"""What the log of a running service says of requests that fail: a line with the reason and the name of the request."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from api_tests.http.asking import sent
from examples.running_service import ROOT, _answers, _free_port

PATIENCE = 60.0
LONG = {"features": 1000, "layers": [{"kind": "repeat", "times": 10, "layers": [{"kind": "dense", "units": 1000}]}]}
"""A network that a process works on for some seconds."""


class Logged:
    """A service whose log is a file of JSON."""

    def __init__(self, url: str, file: Path, process: int) -> None:
        self.url, self._file, self.process = url, file, process

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._file.read_text("utf-8").splitlines()]

    def line(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that fits, as soon as there is one."""
        end = monotonic() + PATIENCE
        while monotonic() < end:
            found = [line for line in self.lines() if fits(line)]
            if found:
                return found[0]
            sleep(0.05)
        raise AssertionError(self._file.read_text("utf-8")[-5000:])


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    folder, port = tmp_path_factory.mktemp("logged"), _free_port()
    settings = {
        "port": port, "workers": 1, "job_workers": 0, "log_format": "json", "sync_deadline_seconds": 5.0,
        "database_url": f"sqlite:///{folder}/reports.sqlite3",
    }  # fmt: skip
    environment = os.environ | {f"GRADIENT_VERDICT_{name.upper()}": str(value) for name, value in settings.items()}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "service", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            assert _answers(f"http://127.0.0.1:{port}", process, 120.0)
            yield Logged(f"http://127.0.0.1:{port}", folder / "log", process.pid)
        finally:
            process.terminate()
            process.wait(timeout=120)


def await_processes(of: Logged) -> None:
    """Wait until all processes are loaded, the spare one too."""
    end = monotonic() + PATIENCE
    while "gradient_verdict_spare_workers 1.0" not in httpx.get(f"{of.url}/metrics").text and monotonic() < end:
        sleep(0.1)


def asked(of: Logged, name: str, body: Any) -> httpx.Response:
    request = sent(body)
    headers = request["headers"] | {"X-Request-ID": name}
    return httpx.post(f"{of.url}/v1/simulations", content=request["content"], headers=headers, timeout=120)


def ticks(service: int) -> dict[int, int]:
    """The time of the processor that each process which simulates for the service has taken."""
    found = {}
    for child in Path(f"/proc/{service}/task/{service}/children").read_text().split():
        if b"grading.tasks" in Path(f"/proc/{child}/cmdline").read_bytes():
            numbers = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            found[int(child)] = int(numbers[11]) + int(numbers[12])
    return found


def kill_the_one_at_work(service: int) -> None:
    """Kill a process that simulates for the service as soon as it is at work."""
    before, end = ticks(service), monotonic() + PATIENCE
    while monotonic() < end:
        working = [child for child, count in ticks(service).items() if count > before.get(child, count) + 10]
        if working:
            os.kill(working[0], signal.SIGKILL)
            return
        sleep(0.02)


def test_every_line_of_a_service_is_an_object_those_of_the_server_too(logged: Logged) -> None:
    lines = logged.lines()
    assert {"service", "uvicorn.error"} <= {line["logger"] for line in lines}
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)


def test_a_process_that_is_killed_at_work_has_a_line_with_its_number_its_signal_and_its_request(logged: Logged) -> None:
    await_processes(logged)
    killer = threading.Thread(target=kill_the_one_at_work, args=[logged.process])
    killer.start()
    answer = asked(logged, "killed", {"network": LONG, "trials": 70, "seed": 5})
    killer.join()
    assert (answer.status_code, answer.json()["code"]) == (500, "worker-failed")
    line = logged.line(lambda line: "died at work" in line["message"])
    assert (line["request_id"], line["ended"]) == ("killed", "signal 9")
    assert isinstance(line["pid"], int)
    logged.line(lambda line: line["message"].startswith("worker-failed: ") and line["request_id"] == "killed")


def test_a_deadline_has_a_line_with_its_request_and_one_of_the_process(logged: Logged) -> None:
    await_processes(logged)
    answer = asked(logged, "late", {"network": LONG, "trials": 70})
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline-exceeded")
    line = logged.line(lambda line: line["logger"] == "service" and line.get("request_id") == "late")
    assert line["message"].startswith("deadline-exceeded: ")
    assert line["level"] == "WARNING"
    logged.line(lambda line: line["logger"] == "service.processes" and line.get("request_id") == "late")
    access = logged.line(lambda line: line["logger"] == "service.access" and line["request_id"] == "late")
    assert (access["status"], access["code"], access["route"]) == (504, "deadline-exceeded", "/v1/simulations")
    assert access["compute_ms"] >= 4900
    assert access["total_ms"] >= access["compute_ms"]


def test_a_path_of_line_breaks_is_one_line(logged: Logged) -> None:
    httpx.get(f"{logged.url}/%0A%7B%22forged%22:1%7D%0D%0A%E2%80%A8", headers={"X-Request-ID": "broken"})
    line = logged.line(lambda line: line.get("request_id") == "broken")
    assert line["status"] == 404
    assert not [one for one in logged.lines() if "forged" in one]
