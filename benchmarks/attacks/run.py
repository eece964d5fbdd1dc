"""All attacks at once, in a process of their own: python -m benchmarks.attacks.run < {"url", "keys", "seconds"}.

It prints, as JSON, how often each was answered with which status and code.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from time import monotonic

from benchmarks.attacks import bodies, callers
from benchmarks.attacks.target import LONGEST, Target

_NICENESS = 10  # the attackers are elsewhere: their own arithmetic is not to be what slows the service
_ATTACKS: list[Callable[[Target], Awaitable[None]]] = [
    bodies.heavy_bodies,
    bodies.heavy_explicit,
    callers.leavers,
    callers.near_the_budget,
    callers.near_the_budget,
    callers.twins,
    callers.drawers,
    callers.job_flood,
    callers.hoarders,
    callers.watchers,
    callers.strangers,
    callers.guessers,
    callers.pages,
]
_ON_CONNECTIONS = "benchmarks.attacks.connections"


async def _again_and_again(attack: Callable[[Target], Awaitable[None]], target: Target) -> None:
    """The attack until the time is over; an attacker that fails begins anew."""
    while not target.is_over:
        try:
            async with asyncio.timeout(max(0.1, target.stop - monotonic())):
                await attack(target)
        except TimeoutError:
            return
        except Exception as failure:
            target.answers[f"{attack.__name__} failed: {type(failure).__name__}: {failure}"[:200]] += 1
            await asyncio.sleep(1)


async def _on_connections(target: Target) -> None:
    """Attacks on connections, one after the other, each for a quarter of a minute."""
    attacks = import_module(_ON_CONNECTIONS).ATTACKS
    while not target.is_over:
        for attack in attacks:
            seconds = min(15.0, target.stop - monotonic())
            if seconds <= 0:
                return
            for name, figure in (await attack(target.url, seconds)).items():
                target.answers[f"{attack.__name__}: {name}"] += int(figure)


async def _all(target: Target) -> None:
    await asyncio.gather(*(_again_and_again(attack, target) for attack in [*_ATTACKS, _on_connections]))


def main() -> None:
    """Attack, and print what was answered."""
    os.nice(_NICENESS)
    asked = json.load(sys.stdin)
    target = Target(asked["url"], asked["keys"], monotonic() + asked["seconds"])
    asyncio.run(asyncio.wait_for(_all(target), asked["seconds"] + LONGEST))
    print(json.dumps(dict(sorted(target.answers.items()))))


if __name__ == "__main__":
    main()
