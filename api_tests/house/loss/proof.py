"""The loss of the file beside this one, in a copy of the repository that has it."""

import httpx
import numpy as np
import pytest

from api_tests.house.asking import catalogued, documented, simulated
from api_tests.networks import stack
from service.core.kinds import members
from service.nn.losses import Loss

KIND = "log_cosh"

pytestmark = pytest.mark.anyio


async def test_it_is_simulated(client: httpx.AsyncClient) -> None:
    report = await simulated(client, stack(4, 16), loss={"kind": KIND}, trials=20)
    assert report["spec"]["loss"] == {"kind": KIND}
    assert report["layers"][0]["log10_delta_norm"]["median"] is not None


async def test_it_is_in_the_catalog(client: httpx.AsyncClient) -> None:
    assert (await catalogued(client, "losses", KIND))["derivative"] == "tanh(p_j - y_j)"


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    assert (await documented(client, "Loss", KIND))["properties"]["kind"]["const"] == KIND


def test_its_gradient_is_the_slope_of_its_values() -> None:
    (kind,) = [one for one in members(Loss) if one.kind_name() == KIND]
    loss = kind.model_validate({"kind": KIND})
    prediction, target = np.random.default_rng(1).normal(0.0, 3.0, (2, 5, 40, 3))
    steps = 1e-6 * np.eye(3)
    slopes = [(loss.value(prediction + step, target) - loss.value(prediction - step, target)) / 2e-6 for step in steps]
    found = loss.factor(3) * loss.gradient(prediction, target)
    np.testing.assert_allclose(found, np.stack(slopes, axis=-1), atol=1e-8)
