"""Honest callers beside the attackers: what they ask for, how long it takes, and what they were promised."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from benchmarks.attacks.target import code_of, network

ROOT = Path(__file__).resolve().parents[2]
_RUBRIC = json.loads((ROOT / "examples/course/rubric.json").read_text(encoding="utf-8"))
_SHEETS = [json.loads((ROOT / f"examples/course/answers_{name}.json").read_text()) for name in ("right", "with_slips")]


@dataclass
class Ledger:
    """What honest callers saw: seconds by what was asked, refusals, and what they were promised."""

    seconds: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # when, how long
    answers: Counter[str] = field(default_factory=Counter)
    reports: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    def took(self, what: str, since: float, until: float = float("inf")) -> list[float]:
        """How long `what` took, of what began between two moments."""
        return [seconds for began, seconds in self.seconds.get(what, ()) if since <= began < until]


class Honest:
    """Callers who ask for what they need, and wait as long as they are told to."""

    def __init__(self, url: str, keys: dict[str, str], ledger: Ledger, seeds: Iterator[int]) -> None:
        self._ledger = ledger
        self._seeds = seeds
        self._clients = {name: _client(url, keys[name]) for name in ("honest", "teacher")}

    async def work(self, stop: float) -> None:
        """All of them, until `stop`."""
        loops = [self._simulations, self._simulations, self._again, self._charts, self._classes, self._sweeps]
        await asyncio.gather(*(self._until(stop, loop) for loop in loops))
        for client in self._clients.values():
            await client.aclose()

    async def _until(self, stop: float, loop: Any) -> None:
        while monotonic() < stop:
            await loop()

    async def _ask(self, what: str, method: str, path: str, who: str = "honest", **body: Any) -> httpx.Response | None:
        began = monotonic()
        try:
            answer = await self._clients[who].request(method, path, **body)
        except (httpx.TransportError, OSError) as failure:
            self._ledger.answers[f"{what}: {type(failure).__name__}"] += 1
            await asyncio.sleep(0.5)
            return None
        self._ledger.answers[f"{what}: {answer.status_code} {code_of(answer)}".rstrip()] += 1
        if answer.is_success:
            self._ledger.seconds.setdefault(what, []).append((began, monotonic() - began))
            return answer
        await asyncio.sleep(min(10.0, float(answer.headers.get("retry-after", 1))))
        return None

    async def _simulations(self) -> None:
        spec = {"network": network(), "trials": 32, "seed": next(self._seeds)}
        answer = await self._ask("course", "POST", "/v1/simulations", json=spec)
        if answer is not None and "stored" in answer.headers.get("cache-status", ""):
            self._ledger.reports.append(answer.json()["digest"])
        await asyncio.sleep(0.2)

    async def _again(self) -> None:
        await self._ask("cached", "POST", "/v1/simulations", json={"network": network(), "trials": 32, "seed": 1})
        await asyncio.sleep(0.2)

    async def _charts(self) -> None:
        if self._ledger.reports:
            await self._ask("chart", "GET", f"/v1/simulations/{self._ledger.reports[-1]}/chart.svg")
        await asyncio.sleep(2)

    async def _classes(self) -> None:
        await self._ask("assignment", "PUT", "/v1/assignments/course", "teacher", json={"rubric": _RUBRIC})
        sheets = [{"id": f"s{number}", "answers": answers} for number, answers in enumerate(_SHEETS)]
        path = "/v1/assignments/course/gradings"
        answer = await self._ask("class", "POST", path, "teacher", json={"submissions": sheets})
        self._promised(answer)
        await asyncio.sleep(20)

    async def _sweeps(self) -> None:
        axis = {"name": "weight_variance", "range": {"scale": "log", "start": 0.25, "stop": 4.0, "count": 40}}
        base = {"network": network(), "trials": 8, "seed": next(self._seeds)}
        self._promised(await self._ask("sweep", "POST", "/v1/sweeps", json={"base": base, "axes": [axis]}))
        await asyncio.sleep(10)

    def _promised(self, answer: httpx.Response | None) -> None:
        if answer is not None:
            self._ledger.jobs.append(answer.json()["id"])


def _client(url: str, key: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=120.0, trust_env=False)


async def missing(url: str, keys: dict[str, str], ledger: Ledger) -> dict[str, int]:
    """How many acknowledged reports and jobs are gone, or have not ended as they should, after ten minutes at most."""
    found = {"reports": 0, "jobs": 0, "results": 0}
    async with _client(url, keys["operator"]) as client:
        for digest in ledger.reports:
            found["reports"] += not (await client.get(f"/v1/simulations/{digest}")).is_success
        for job in ledger.jobs:
            found["jobs"] += not await _has_ended(client, job)
    return found


async def _has_ended(client: httpx.AsyncClient, job: str) -> bool:
    stop = monotonic() + 600
    while monotonic() < stop:
        answer = await client.get(f"/v1/jobs/{job}")
        if answer.is_success and answer.json()["status"] not in ("queued", "running"):
            progress = answer.json()["progress"]
            return bool(answer.json()["status"] == "succeeded" and progress["done"] == progress["total"])
        if answer.status_code == 404:
            return False
        await asyncio.sleep(1)
    return False
