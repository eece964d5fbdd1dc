"""What is attacked, and a client that counts what it is answered."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any

import httpx

LONGEST = 120.0  # seconds that an attacker waits for an answer
_SEEDS = count(10**9)


@dataclass
class Target:
    """A service, keys by their names, and when the attacks end by `time.monotonic()`."""

    url: str
    keys: Mapping[str, str]
    stop: float
    answers: Counter[str] = field(default_factory=Counter)
    """How often which status and code was answered, by attack."""

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return monotonic() > self.stop

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for raw sockets."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    @asynccontextmanager
    async def client(self, key: str, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A client that sends the key of that name; none for an empty name."""
        headers = {"Authorization": f"Bearer {self.keys[key]}"} if key else {}
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=LONGEST, trust_env=False, **options
        ) as one:
            yield one

    async def ask(
        self, attack: str, client: httpx.AsyncClient, method: str, path: str, **what: Any
    ) -> httpx.Response | None:
        """The answer, counted; None where there was none, after a moment."""
        try:
            answer = await client.request(method, path, **what)
        except (httpx.TransportError, OSError) as failure:
            self.answers[f"{attack}: {type(failure).__name__}"] += 1
            await asyncio.sleep(0.2)
            return None
        self.answers[f"{attack}: {answer.status_code} {code_of(answer)}".rstrip()] += 1
        if answer.status_code in (429, 503, 507):
            await asyncio.sleep(0.05)  # it does not wait as long as it is told to
        return answer


def code_of(answer: httpx.Response) -> str:
    """The `code` of a problem; empty for any other answer."""
    if "problem" not in answer.headers.get("content-type", ""):
        return ""
    with suppress(json.JSONDecodeError):
        return str(answer.json().get("code", ""))
    return ""


def fresh_seed() -> int:
    """A seed that no other request of this process has."""
    return next(_SEEDS)


def network(layers: int = 2, units: int = 2, kind: str = "stanh", features: int = 2) -> dict[str, Any]:
    """A dense network with a sigmoid at its end."""
    hidden = {"kind": "dense", "units": units, "activation": {"kind": kind}}
    return {
        "features": features,
        "layers": [
            {"kind": "repeat", "times": layers, "layers": [hidden]},
            {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}},
        ],
    }


def written(layers: int, units: int = 2) -> dict[str, Any]:
    """The same with every layer written out."""
    hidden = [{"kind": "dense", "units": units, "activation": {"kind": "tanh"}} for _ in range(layers)]
    return {"features": 2, "layers": [*hidden, {"kind": "dense", "units": 1}]}
