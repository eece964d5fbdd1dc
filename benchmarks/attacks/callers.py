"""Callers without manners: they leave, crowd, hoard, pry and pretend."""

import asyncio
import secrets
from contextlib import suppress
from typing import Any

import httpx

from benchmarks.attacks.bodies import JSON
from benchmarks.attacks.target import Target, fresh_seed, network

_SIMULATIONS = "/v1/simulations"


async def leavers(target: Target) -> None:
    """Asks for a simulation and closes the connection after a quarter of a second."""
    async with target.client("hostile") as client:
        while not target.is_over:
            spec = {"network": network(20, 128, features=128), "trials": 64, "seed": fresh_seed()}
            with suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await target.ask("leavers", client, "POST", _SIMULATIONS, json=spec)


async def near_the_budget(target: Target) -> None:
    """Simulations that take some twenty seconds of a processor each."""
    async with target.client("crowd") as client:
        while not target.is_over:
            spec = {"network": network(10, 1000, features=1000), "trials": 70, "seed": fresh_seed()}
            await target.ask("near the budget", client, "POST", _SIMULATIONS, json=spec)


async def twins(target: Target) -> None:
    """A class that opens one link: sixteen identical fresh requests at once, again and again."""
    async with target.client("hostile") as client:
        while not target.is_over:
            spec = {"network": network(20, 64, features=64), "trials": 32, "seed": fresh_seed()}
            asked = [target.ask("twins", client, "POST", _SIMULATIONS, json=spec) for _ in range(16)]
            await asyncio.gather(*asked)
            await asyncio.sleep(1)


async def drawers(target: Target) -> None:
    """Comparisons of twelve deep reports as PNG, several at once."""
    async with target.client("hostile") as client:
        digests: list[str] = []
        while not target.is_over and len(digests) < 12:
            spec = {"network": network(2000, 2), "trials": 2, "seed": fresh_seed()}
            answer = await target.ask("drawers", client, "POST", _SIMULATIONS, json=spec)
            digests += [answer.json()["digest"]] if answer is not None and answer.is_success else []
        while not target.is_over:
            query: dict[str, Any] = {"chart": "comparison", "with": digests[1:]}
            path = f"{_SIMULATIONS}/{digests[0]}/chart.png"
            themes = [{**query, "theme": theme} for theme in ("light", "dark")] * 2
            await asyncio.gather(*(target.ask("drawers", client, "GET", path, params=one) for one in themes))


async def job_flood(target: Target) -> None:
    """Sweeps of a hundred thousand points, without end; now and then all are cancelled."""
    values = [1 + i * 1e-6 for i in range(100_000)]
    async with target.client("hostile") as client:
        while not target.is_over:
            jobs = []
            for _ in range(10):
                base = {"network": network(20, 64, features=64), "trials": 4, "seed": fresh_seed()}
                sweep = {"base": base, "axes": [{"name": "weight_variance", "values": values}]}
                answer = await target.ask("job flood", client, "POST", "/v1/sweeps", json=sweep)
                jobs += [answer.json()["id"]] if answer is not None and answer.is_success else []
                await asyncio.sleep(0.5)
            for job in jobs:
                await target.ask("job flood", client, "DELETE", f"/v1/jobs/{job}")


async def hoarders(target: Target) -> None:
    """Assignments of a megabyte, and gradings with evidence as large as it gets."""
    async with target.client("hostile") as client:
        number = 0
        while not target.is_over:
            number += 1
            words = [[secrets.token_hex(30) for _ in range(16)] for _ in range(16)]
            claims = [{"id": f"w{i}", "kind": "text_keywords", "ideas": words} for i in range(64)]
            rubric: dict[str, Any] = {"id": "hoard", "claims": claims}
            await target.ask("hoarders", client, "PUT", f"/v1/assignments/x{number}", json={"rubric": rubric})
            simulation = {"network": network(999, 2), "trials": 2, "include": ["histograms"]}
            claims = [
                {"id": f"v{i}", "kind": "verdict", "simulation": {**simulation, "seed": fresh_seed()}}
                for i in range(19)
            ]
            grading = {"rubric": {"id": "hoard", "claims": claims}, "answers": {}}
            await target.ask("hoarders", client, "POST", "/v1/gradings", json=grading)


async def watchers(target: Target) -> None:
    """Two hundred streams of events of one job."""
    async with target.client("hostile") as client:
        spec = {
            "base": {"network": network(20, 64, features=64), "trials": 8, "seed": fresh_seed()},
            "axes": [
                {"name": "weight_variance", "range": {"scale": "log", "start": 0.5, "stop": 2.0, "count": 20_000}}
            ],
        }
        job = None
        while job is None and not target.is_over:
            answer = await target.ask("watchers", client, "POST", "/v1/sweeps", json=spec)
            job = answer.json()["id"] if answer is not None and answer.is_success else None
            await asyncio.sleep(1)

    async def watch() -> None:
        limits = httpx.Limits(max_connections=None)
        async with target.client("hostile", limits=limits) as one:
            while not target.is_over:
                with suppress(httpx.TransportError, TimeoutError):
                    async with (
                        asyncio.timeout(30),
                        one.stream("GET", f"/v1/jobs/{job}/events") as stream,
                    ):
                        target.answers[f"watchers: {stream.status_code}"] += 1
                        async for _ in stream.aiter_bytes():
                            pass
                await asyncio.sleep(2)

    await asyncio.gather(*(watch() for _ in range(200)))


async def strangers(target: Target) -> None:
    """Reads, cancels, replaces and deletes what belongs to others: each that succeeds is counted as a breach."""
    async with target.client("teacher") as teacher:
        secret = {"id": "s", "claims": [{"id": "d1", "kind": "expression", "expected": "z*tanh(z)", "hidden": True}]}
        await target.ask("strangers", teacher, "PUT", "/v1/assignments/exam", json={"rubric": secret})
        sheets = {"submissions": [{"id": "student-4711", "answers": {"d1": "z"}}]}
        answer = await target.ask("strangers", teacher, "POST", "/v1/assignments/exam/gradings", json=sheets)
        job = answer.json()["id"] if answer is not None and answer.is_success else "0" * 32
    pries: list[tuple[str, str, Any]] = [
        ("GET", "/v1/assignments/exam", None),
        ("DELETE", "/v1/assignments/exam", None),
        ("PUT", "/v1/assignments/exam", {"rubric": secret}),
        ("GET", f"/v1/jobs/{job}", None),
        ("GET", f"/v1/jobs/{job}/results", None),
        ("GET", f"/v1/jobs/{job}/results.csv", None),
        ("GET", f"/v1/jobs/{job}/results.zip", None),
        ("GET", f"/v1/jobs/{job}/events", None),
        ("DELETE", f"/v1/jobs/{job}", None),
        ("GET", "/metrics", None),
    ]
    while not target.is_over:
        for key in ("", "student", "crowd"):
            async with target.client(key) as client:
                for method, path, body in pries:
                    answer = await target.ask(f"strangers as {key or 'nobody'}", client, method, path, json=body)
                    if answer is not None and answer.is_success:
                        target.answers[f"BREACH: {key or 'nobody'} {method} {path.partition(job)[0]}"] += 1
                await asyncio.sleep(0.5)


async def guessers(target: Target) -> None:
    """Guesses keys."""
    async with target.client("") as client:
        while not target.is_over:
            guess = {"Authorization": f"Bearer gv_{secrets.token_urlsafe(32)}"}
            answer = await target.ask("guessers", client, "GET", "/v1/jobs", headers=guess)
            if answer is not None and answer.is_success:
                target.answers["BREACH: a guessed key"] += 1
            await asyncio.sleep(0.02)


async def pages(target: Target) -> None:
    """What a page elsewhere makes a browser send: another origin, another host, bodies that need no preflight."""
    _, port = target.address
    from_elsewhere = [
        ("POST", "/v1/adapters/xqueue", {"Content-Type": "text/plain", "Origin": "http://evil.test"}),
        ("POST", _SIMULATIONS, {**JSON, "Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"}),
        ("GET", "/v1/jobs", {"Host": f"evil.test:{port}", "Origin": f"http://evil.test:{port}"}),
        ("POST", "/v1/sweeps", {**JSON, "Host": f"evil.test:{port}"}),
        ("GET", "/v1/simulations?limti=1", {}),
        ("GET", "/v1/jobs?cursor=zzz&limit=0", {}),
    ]
    body = b'{"network":{"features":2,"layers":[{"kind":"dense","units":1}]}}'
    async with target.client("crowd") as client:
        while not target.is_over:
            for method, path, headers in from_elsewhere:
                content = body if method == "POST" else None
                answer = await target.ask("pages", client, method, path, headers=headers, content=content)
                if answer is not None and answer.is_success:
                    target.answers[f"BREACH: {method} {path} with {sorted(headers)}"] += 1
            await asyncio.sleep(0.3)
