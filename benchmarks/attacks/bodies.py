"""Bodies that cost a reader more than their sender."""

import json
from typing import Any

from benchmarks.attacks.target import Target, fresh_seed, network, written

JSON = {"Content-Type": "application/json"}


def _changes(claims: int, simulation: dict[str, Any]) -> dict[str, Any]:
    """A rubric of changes of one network."""
    patch = [{"op": "replace", "path": "/network/layers/0/units", "value": 3}]
    return {
        "id": "heavy",
        "claims": [
            {"id": f"c{number}", "kind": "change", "simulation": simulation, "patch": patch, "by": "exploding"}
            for number in range(claims)
        ],
    }


def _explicit(rows: int, columns: int) -> dict[str, Any]:
    values = [[0.125] * columns for _ in range(rows)]
    dense = {"kind": "dense", "units": columns, "weights": {"kind": "explicit", "values": values}}
    return {"network": {"features": rows, "layers": [dense, {"kind": "dense", "units": 1}]}, "trials": 1}


def bodies() -> list[tuple[str, str, bytes]]:
    """Method, path and body of requests that once held the event loop, legal and illegal ones."""
    heavy = _changes(45, {"network": written(1000), "trials": 1})
    numbers = _changes(11, {**_explicit(200, 300), "trials": 1})
    long_kind = {"network": {"features": 4, "layers": [{"kind": "a" * 4_000_000}]}}
    faults = {"network": {"features": 4, "layers": [{"kind": "dense", "units": "x"}] * 60_000}}
    bad_numbers = (
        '{"network":{"features":2,"layers":[{"kind":"dense","units":2,"weights":{"kind":"explicit","values":[['
    )
    bad_numbers += ",".join(["null"] * 800_000) + "]]}}]}}"
    sweep = {
        "base": {"network": network(), "trials": 1},
        "axes": [{"name": "weight_variance", "values": [1 + i * 1e-6 for i in range(100_000)]}],
    }
    formula = {"kind": "expression", "formula": "sin(" * 60 + "z" + ")" * 60}
    many_formulas = {
        "network": {
            "features": 2,
            "layers": [{"kind": "dense", "units": 2, "activation": formula}] * 1500 + [{"kind": "dense", "units": 1}],
        }
    }
    compared = {"networks": [{"name": f"n{i}", "simulation": {"network": written(2000)}} for i in range(12)]}
    repeated = {"network": network(4000, 2), "trials": 1}
    return [
        ("POST", "/v1/gradings", _json({"rubric": heavy, "answers": {}})),
        ("POST", "/v1/gradings", _json({"rubric": numbers, "answers": {}})),
        ("POST", "/v1/rubrics/validate", _json({"rubric": heavy})),
        ("POST", "/v1/estimates", _json(_explicit(2000, 230))),
        ("POST", "/v1/simulations", _json({**_explicit(2000, 230), "seed": fresh_seed()})),
        ("POST", "/v1/simulations", _json(long_kind)),
        ("POST", "/v1/simulations", _json(faults)),
        ("POST", "/v1/simulations", bad_numbers.encode()),
        ("POST", "/v1/simulations", b"[" * 2_000_000 + b"]" * 2_000_000),
        ("POST", "/v1/simulations", _json(many_formulas)),
        ("POST", "/v1/estimates", _json(repeated)),
        ("POST", "/v1/comparisons", _json(compared)),
        ("POST", "/v1/sweeps", _json(sweep)),
        ("PUT", "/v1/assignments/heavy", _json({"rubric": heavy})),
        ("POST", "/v1/trainings", _json({**_explicit(1000, 230)})),
        ("POST", "/v1/prescriptions", _json({**_explicit(1000, 230)})),
        ("POST", "/v1/adapters/xqueue", _json({"xqueue_body": "x" * 3_000_000})),
        ("POST", "/evaluate", _json({"submission": {"content": {"x": "y" * 3_000_000}}})),
        ("POST", "/v1/imports/keras", _json({"config": {"layers": [{"class_name": "Dense"}] * 100_000}})),
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


async def heavy_bodies(target: Target) -> None:
    """All of them, one after the other."""
    asked = bodies()
    async with target.client("hostile") as client:
        while not target.is_over:
            for method, path, body in asked:
                if target.is_over:
                    return
                await target.ask("heavy bodies", client, method, path, content=body, headers=JSON)


async def heavy_explicit(target: Target) -> None:
    """Simulations of four megabytes of numbers, one after the other, by one of two that do."""
    async with target.client("crowd") as client:
        while not target.is_over:
            body = _json({**_explicit(2000, 230), "seed": fresh_seed()})
            await target.ask("explicit numbers", client, "POST", "/v1/simulations", content=body, headers=JSON)
