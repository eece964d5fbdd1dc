"""The initialiser of the file beside this one, in a copy of the repository that has it."""

import httpx
import pytest

from api_tests.house.asking import catalogued, documented, simulated
from api_tests.networks import stack
from api_tests.nn.sampling import TRIALS, assert_mean_and_variance
from service.core.kinds import members
from service.nn.initializers import Initializer
from service.nn.randomness import Randomness

KIND, STD = "triangular", 0.125

pytestmark = pytest.mark.anyio


async def test_it_is_simulated_and_theory_reads_its_variance(client: httpx.AsyncClient) -> None:
    weights = {"kind": KIND, "std": STD}  # 1/√64: the variance that keeps a linear signal's size
    report = await simulated(client, stack(8, 64, "linear", weights), trials=20)
    gains = [layer["log10_backward_gain"]["median"] for layer in report["layers"][:7]]
    assert gains == pytest.approx([0.0] * 7, abs=0.1)
    assert report["theory"] is not None


async def test_it_is_in_the_catalog(client: httpx.AsyncClient) -> None:
    entry = await catalogued(client, "initializers", KIND)
    assert [(one["name"], one["default"], one["minimum"]) for one in entry["parameters"]] == [("std", "1.0", 0.0)]


async def test_it_is_in_the_document(client: httpx.AsyncClient) -> None:
    assert "std" in (await documented(client, "Initializer", KIND))["properties"]


def test_its_entries_have_the_variance_that_it_states() -> None:
    (kind,) = [one for one in members(Initializer) if one.kind_name() == KIND]
    initializer = kind.model_validate({"kind": KIND, "std": STD})
    variance = initializer.variance(24, 10)
    assert variance is not None
    drawn = initializer.draw((24, 10), 24, 10, Randomness(11, range(TRIALS)).tensor(2))
    assert_mean_and_variance(drawn, 0.0, variance)
