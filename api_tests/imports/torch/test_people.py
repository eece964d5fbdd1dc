"""Networks as people write them in PyTorch become specifications that are judged."""

import pytest

torch = pytest.importorskip("torch")

from api_tests.imports.torch.gradients import both  # noqa: E402  # it is written in PyTorch
from api_tests.imports.torch.people import CASES, ResNet18  # noqa: E402
from service.imports.torch import imported  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own
LARGE = {"resnet18", "dqn"}
EXACT = (
    "last step",
    "gru",
    "self-attention",
    "dcgan discriminator",
    "dcgan generator",
    "u-net",
    "pinn",
    "densenet",
    "mobilenet",
    "temporal convolutions",
    "siren",
    "lenet",
)


@pytest.mark.parametrize("name", CASES)
def test_a_network_of_people_has_all_its_parameters_and_a_verdict(name: str) -> None:
    case = CASES[name]
    found = imported(case.make, *case.example)
    parameters = sum(one.numel() for one in case.make().parameters())
    assert found.parameters == parameters + case.tied - case.missing
    if name not in LARGE:
        spec = found.specification.model_copy(update={"trials": 2})
        assert simulate(spec).verdict.depth_ratio.count == 2


@pytest.mark.parametrize("name", EXACT)
def test_the_same_weights_and_samples_have_the_gradients_that_pytorch_computes(name: str) -> None:
    torch.manual_seed(0)
    theirs, ours = both(CASES[name].make(), CASES[name].example, CASES[name].channels)
    _equal_up_to_a_factor(theirs, ours)


def test_a_small_resnet_18_has_the_gradients_that_pytorch_computes() -> None:
    torch.manual_seed(0)
    theirs, ours = both(ResNet18(width=8), (torch.randn(2, 3, 32, 32),))
    assert len(theirs) == 21
    _equal_up_to_a_factor(theirs, ours)


def _equal_up_to_a_factor(theirs: dict[str, float], ours: dict[str, float]) -> None:
    """The factor is that of the loss, which is a mean over positions here."""
    names = [name for name in theirs if name in ours]
    differences = [ours[name] - theirs[name] for name in names]
    assert len(names) >= len(theirs) / 2 > 0
    assert max(differences) - min(differences) < 1e-6


def test_tied_weights_are_told() -> None:
    case = CASES["nanogpt"]
    sentences = [one.sentence for one in imported(case.make, *case.example).assumed]
    assert "`lm_head.weight` is used more than once; here each use is drawn by itself." in sentences


def test_initialisers_are_told_by_draws() -> None:
    layers = imported(CASES["nanogpt"].make, *CASES["nanogpt"].example).specification.model_dump()["network"]["layers"]
    assert layers[0]["weights"] == {"kind": "normal", "mean": 0.0, "std": 0.02}
    attention = layers[3]["layers"][1]
    assert attention["weights"] == {"kind": "normal", "mean": 0.0, "std": 0.02}
    assert attention["output_weights"]["std"] == pytest.approx(0.02 / 6**0.5, rel=1e-3)
    assert attention["bias"] == {"kind": "zeros"}
    resnet = imported(lambda: ResNet18(width=8), torch.randn(2, 3, 32, 32)).specification.model_dump()["network"][
        "layers"
    ]
    assert resnet[0]["weights"] == {
        "kind": "variance_scaling",
        "scale": 2.0,
        "mode": "fan_out",
        "distribution": "normal",
    }
