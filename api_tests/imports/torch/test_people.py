"""Networks as people write them in PyTorch become specifications that are judged."""

import pytest

torch = pytest.importorskip("torch")

from api_tests.imports.torch.people import CASES  # noqa: E402  # it is written in PyTorch
from service.imports.torch import imported  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own


@pytest.mark.parametrize("name", CASES)
def test_a_network_of_people_has_all_its_parameters(name: str) -> None:
    case = CASES[name]
    found = imported(case.make, *case.example)
    parameters = sum(one.numel() for one in case.make().parameters())
    assert found.parameters == parameters + case.tied - case.missing
