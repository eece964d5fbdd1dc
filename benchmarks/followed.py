"""The files of `service/` that one `POST /v1/simulations` opens: those in which a function runs.

In the worker process they are recorded from the call of the task on; the loop around it is counted by its name.
"""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import httpx

ROOT = Path(__file__).resolve().parent.parent
SERVICE = f"{ROOT}/service/"
SPEC = ROOT / "examples" / "course" / "deep_stanh_sigmoid.json"
_of_the_request = ContextVar("_of_the_request", default=False)
"""Whether it is the request that something is done for, and not what a service does by the clock meanwhile."""


class Traced:
    """The files below `service` in which a function runs while it records, in the main thread and in others."""

    def __init__(self) -> None:
        self.recording = False
        self.main: set[str] = set()
        self.threads: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note where the function of `frame` stands; to be given to `setprofile`."""
        file = frame.f_code.co_filename
        if self.recording and event == "call" and file.startswith(SERVICE) and _of_the_request.get():
            here = self.main if threading.current_thread() is threading.main_thread() else self.threads
            if frame.f_code.co_name != "<module>":
                here.add(file.removeprefix(SERVICE))


def work_traced(work: Callable[..., Any], *arguments: Any) -> tuple[Any, set[str], set[str]]:
    """What `work` returns, in a worker process, with the files that it opens there."""
    traced = Traced()
    traced.recording = True
    _of_the_request.set(True)
    threading.setprofile(traced)
    sys.setprofile(traced)
    try:
        return work(*arguments), traced.main, traced.threads
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


async def _follow() -> Traced:
    """One request to the whole application and its worker process, after another that has loaded everything."""
    from service.main import create_app  # noqa: PLC0415 - it reads the environment
    from service.processes.pool import ProcessPool  # noqa: PLC0415

    traced, run = Traced(), ProcessPool.run

    async def run_traced(pool: ProcessPool, task: Callable[[int], Any], **named: Any) -> Any:
        answer, main, threads = await run(pool, partial(work_traced, task), **named)
        if traced.recording:
            traced.main |= {*main, "processes/worker.py"}
            traced.threads |= threads
        return answer

    ProcessPool.run = run_traced  # type: ignore[assignment,method-assign]
    spec = json.loads(SPEC.read_text(encoding="utf-8"))
    threading.setprofile(traced)  # before any thread is started
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", timeout=600) as client,
    ):
        (await client.post("/v1/simulations", json={**spec, "seed": 5})).raise_for_status()
        traced.recording = True
        _of_the_request.set(True)
        sys.setprofile(traced)
        answer = await client.post("/v1/simulations", json=spec)
        sys.setprofile(None)
        traced.recording = False
    answer.raise_for_status()
    return traced


def followed() -> Traced:
    """The files that one `POST /v1/simulations` opens, traced in a service with one worker and a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/reports.sqlite3"
        settings = {"DATABASE_URL": database, "DRAW_AT_START": "false", "WORKERS": "1", "JOB_WORKERS": "0"}
        settings["SYNC_DEADLINE_SECONDS"] = "600"  # what is traced on a busy machine takes minutes
        os.environ.update({f"GRADIENT_VERDICT_{name}": value for name, value in settings.items()})
        return anyio.run(_follow)
