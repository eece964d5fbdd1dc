"""The activation of the file beside this one, in a copy of the repository that has it."""

import httpx
import numpy as np
import pytest

from api_tests.house.asking import catalogued, documented, simulated
from api_tests.networks import stack
from service.core.kinds import members
from service.nn.activations import Activation

KIND = "isru"

pytestmark = pytest.mark.anyio


async def test_it_is_simulated(client: httpx.AsyncClient) -> None:
    report = await simulated(client, stack(12, 24, KIND), trials=20)
    assert report["spec"]["network"]["layers"][0]["layers"][0]["activation"] == {"kind": KIND}
    gains = [layer["log10_gain"]["derivative"]["median"] for layer in report["layers"][:12]]
    assert all(gain < 0.0 for gain in gains)  # its slope is at most 1
    assert report["theory"] is not None


async def test_it_is_in_the_catalog_with_certified_bounds(client: httpx.AsyncClient) -> None:
    entry = await catalogued(client, "activations", KIND)
    assert entry["latex"]
    assert entry["derivative"]
    slope = entry["bounds"]["derivative"]
    assert slope["sup"]["certified"]
    assert slope["sup"]["low"] == pytest.approx(1.0)
    assert slope["sup"]["high"] == pytest.approx(1.0)
    assert slope["inf"]["low"] == pytest.approx(0.0, abs=1e-6)


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    assert (await documented(client, "Activation", KIND))["properties"]["kind"]["const"] == KIND


def test_its_derivative_is_the_slope_of_its_values() -> None:
    (kind,) = [one for one in members(Activation) if one.kind_name() == KIND]
    activation, x = kind.model_validate({"kind": KIND}), np.linspace(-5.0, 5.0, 301)
    slope = (activation.f(x + 1e-6) - activation.f(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(activation.df(x, activation.f(x)), slope, atol=1e-9)
