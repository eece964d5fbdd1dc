"""Random models of Keras are read as Keras has them: their counts, their order, and how their gradients change."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.imports.base import Imported, Options
from service.imports.keras import read
from service.simulation.plan import plan
from service.simulation.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
KERAS = ROOT / ".tools" / "keras"
MODELS, DRAWS, SAMPLES = 30, 32, 32
DECADES = 0.1

pytestmark = pytest.mark.skipif(not (KERAS / ".installed").exists(), reason="`make consumers` installs Keras")


@cache
def models() -> list[dict[str, Any]]:
    """The random models, each with what Keras measures at it."""
    script = Path(__file__).with_name("keras_models.py")
    command = [KERAS / "bin" / "python", script, *map(str, (MODELS, DRAWS, SAMPLES))]
    private = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(command, env=private, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@cache
def imported(number: int) -> Imported:
    return read(BytesIO(models()[number]["json"].encode()), Options(loss="squared_error"))


@pytest.mark.parametrize("number", range(MODELS))
def test_as_many_numbers_are_trained_as_keras_counts(number: int) -> None:
    assert imported(number).parameters == models()[number]["trained"]


@pytest.mark.parametrize("number", range(MODELS))
def test_every_layer_is_there_and_stands_behind_what_it_reads(number: int) -> None:
    model = json.loads(models()[number]["json"])
    rows = [one.node.name for one in plan(imported(number).specification).nodes if one.node.name]
    order = {name: place for place, name in enumerate(rows) if "/" not in name}
    assert order.keys() == set(models()[number]["layers"])
    for layer in model["config"]["layers"]:
        sources = [source for source in read_by(layer) if source in order]
        assert all(order[source] < order[layer["name"]] for source in sources)


def read_by(value: Any) -> Iterator[str]:
    """The names of the layers whose outputs stand in `inbound_nodes`."""
    if isinstance(value, Mapping):
        if "keras_history" in value:
            yield value["keras_history"][0]
        inner = value["inbound_nodes"] if "inbound_nodes" in value else list(value.values())
        yield from read_by(inner)
    elif isinstance(value, list):
        for one in value:
            yield from read_by(one)


@pytest.mark.parametrize("number", range(MODELS))
def test_the_depth_ratio_is_that_of_keras(number: int) -> None:
    spec = imported(number).specification
    spec = spec.model_copy(update={"trials": DRAWS, "data": spec.data.model_copy(update={"samples": SAMPLES})})
    made = plan(spec)
    ends = [made.nodes[row].node.name for row in (made.depth.gradients[0], made.depth.gradients[-1])]
    first, last = (models()[number]["layers"].index(name) for name in ends)
    norms = np.array(models()[number]["norms"])
    theirs = float(np.median(norms[:, first] - norms[:, last]))
    assert simulate(spec).verdict.depth_ratio.median == pytest.approx(theirs, abs=DECADES)
