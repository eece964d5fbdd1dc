"""What is no network here is refused with what of it is not understood, and nothing of it is passed over."""

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from service.imports.base import NotUnderstood  # noqa: E402
from service.imports.torch import imported  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own


def model_of(forward: Callable[..., Any]) -> Any:
    """A model of one dense layer, and what is made of it."""

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = torch.nn.Linear(6, 6)

        def forward(self, *inputs: Any) -> Any:
            return forward(self.dense, *inputs)

    return Model


def changed_in_a_part(dense: Any, x: Any) -> Any:
    y = dense(x)
    y[:, 0] = 0.0
    return torch.relu(y)


def masked(dense: Any, x: Any) -> Any:
    return dense(x).masked_fill(torch.arange(6) > 2, 0.0)


REFUSED: dict[str, tuple[Callable[..., Any], tuple[int, ...], str]] = {
    "a gradient that is cut": (lambda f, x: f(x) + f(x).detach(), (2, 6), "detach is not understood"),
    "a part that is changed": (changed_in_a_part, (2, 6), "is changed in a part of it"),
    "a part that is masked": (masked, (2, 6), "masked_fill is not understood"),
    "noise": (lambda f, x: f(x) + torch.randn_like(x), (2, 6), "randn_like is not understood"),
    "a mean over samples": (lambda f, x: f(x) - f(x).mean(dim=0), (2, 6), "it is taken over the samples"),
    "channels that are shuffled": (lambda f, x: f(x)[:, [2, 0, 1, 3, 5, 4]], (2, 6), "that do not follow one another"),
    "a softmax over steps": (lambda f, x: f(x).softmax(dim=1).sum(dim=1), (2, 4, 6), "a softmax is over the channels"),
    "no input": (lambda f, x: f.weight.sum(), (2, 6), "not understood"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_network_here_is_refused(name: str) -> None:
    forward, shape, sentence = REFUSED[name]
    with pytest.raises(NotUnderstood) as refusal:
        imported(model_of(forward), torch.zeros(shape))
    assert sentence in refusal.value.sentence


def test_two_inputs_that_meet_are_refused() -> None:
    with pytest.raises(NotUnderstood, match="has 2 inputs that meet inside it"):
        imported(model_of(lambda dense, x, y: dense(x) + y), torch.zeros(2, 6), torch.zeros(2, 6))


def test_an_output_with_weights_of_its_own_beside_the_first_is_refused() -> None:
    class TwoHeads(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.actor, self.critic = (torch.nn.Linear(6, 6) for _ in range(3))

        def forward(self, x: Any) -> Any:
            y = torch.tanh(self.body(x))
            return self.actor(y), self.critic(y)

    with pytest.raises(NotUnderstood, match=r"have weights of their own, such as `critic\.weight`"):
        imported(TwoHeads, torch.zeros(2, 6))


def test_an_output_without_weights_of_its_own_is_told() -> None:
    found = imported(model_of(lambda dense, x: (dense(x), dense(x).sum())), torch.zeros(2, 6))
    assert any("the network here is what leads to the first" in one.sentence for one in found.assumed)


def test_a_model_that_cannot_be_followed_is_refused() -> None:
    with pytest.raises(NotUnderstood, match=r"torch\.export cannot follow the model"):
        imported(model_of(lambda dense, x: dense(x) if x.sum().item() > 0 else x), torch.zeros(2, 6))


def test_a_model_is_left_in_the_mode_that_it_was_in() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Dropout(0.5)).eval()
    assert any(one.kind == "dropout" for one in imported(model, torch.zeros(1, 6)).specification.network.layers)
    assert not any(one.training for one in model.modules())
