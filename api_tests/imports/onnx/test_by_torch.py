"""Models as PyTorch's exporter writes them: with the values of the file they compute what PyTorch computes.

Runs where PyTorch and the package `onnx`, which its exporter needs, are there.
"""

from io import BytesIO
from typing import Any

import numpy as np
import pytest

from api_tests.nn.differences import Looking
from service.imports.base import Options, WeightValues
from service.imports.onnx import read
from service.simulation.drawing import draw
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
nn = torch.nn


class Residual(nn.Module):  # type: ignore[misc, name-defined]
    """Two convolutions and their norms beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        kernel = {"kernel_size": 3, "padding": 1, "bias": False}
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, **kernel),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, **kernel),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Any) -> Any:
        return torch.relu(x + self.layers(x))


class Excited(nn.Module):  # type: ignore[misc, name-defined]
    """Channels that are weighted by what all positions say of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x: Any) -> Any:
        pooled = nn.functional.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.b(torch.relu(self.a(pooled))))


class LastStep(nn.Module):  # type: ignore[misc, name-defined]
    """A recurrence over tokens, and a layer on its last state."""

    def __init__(self, kind: Any, layers: int = 1) -> None:
        super().__init__()
        self.embedding, self.recurrent = nn.Embedding(50, 8), kind(8, 6, batch_first=True, num_layers=layers)
        self.head = nn.Linear(6, 3)

    def forward(self, tokens: Any) -> Any:
        states, _ = self.recurrent(self.embedding(tokens))
        return self.head(states[:, -1])


class Patches(nn.Module):  # type: ignore[misc, name-defined]
    """Patches as steps with learned positions, a block, and the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.positions = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.randn(1, 16, 8))
        self.block = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Any) -> Any:
        steps = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        return self.head((steps + self.block(steps)).mean(1))


def sequential(*layers: Any) -> Any:
    return nn.Sequential(*layers)


MODELS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "cnn": (
        lambda: sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, groups=8),
            nn.ReLU6(),
            nn.Flatten(),
            nn.Linear(8 * 6 * 6, 10),
        ),
        (3, 16, 16),
    ),
    "resnet": (
        lambda: sequential(
            nn.Conv2d(3, 8, 7, 2, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            Residual(8),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 10),
        ),
        (3, 32, 32),
    ),
    "gates": (
        lambda: sequential(nn.Conv2d(3, 8, 3), Excited(8), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        (3, 10, 10),
    ),
    "norms": (
        lambda: sequential(
            nn.Conv2d(3, 8, 3),
            nn.GroupNorm(4, 8),
            nn.GELU(approximate="tanh"),
            nn.InstanceNorm2d(8, affine=True),
            nn.Upsample(scale_factor=2),
            nn.ZeroPad2d(1),
            nn.AvgPool2d(3, 2, 1),
            nn.ConvTranspose2d(8, 2, 4, 2, 1),
        ),
        (3, 10, 10),
    ),
    "conv1d": (lambda: sequential(nn.Conv1d(6, 8, 3, dilation=2, padding=2), nn.Mish(), nn.AvgPool1d(2)), (6, 20)),
    "lstm": (lambda: LastStep(nn.LSTM), (7,)),
    "gru": (lambda: LastStep(nn.GRU, 2), (7,)),
    "rnn": (lambda: LastStep(nn.RNN), (7,)),
    "patches": (Patches, (3, 16, 16)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_the_network_with_the_values_of_the_file_computes_what_pytorch_does(name: str) -> None:
    factory, shape = MODELS[name]
    torch.manual_seed(0)
    model, tokens = factory().train(), len(shape) == 1
    x = torch.randint(0, 50, (4, *shape)) if tokens else torch.randn(4, *shape)
    file = BytesIO()
    options = {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "samples"}}}
    torch.onnx.export(
        model, (x[:1],), file, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False, **options
    )
    found = read(file, Options(values=WeightValues.FILE))
    assert found.parameters == sum(one.numel() for one in model.parameters())
    fields = {**found.specification.model_dump(mode="json"), "data": {"samples": 4}, "precision": "float64"}
    drawn = draw(plan(SimulationSpec.model_validate(fields)), range(1))
    given = x.numpy().astype(float) if tokens else np.moveaxis(x.numpy().astype(float), 1, -1)
    y, _ = drawn.chain.forward(given.reshape(1, 4, -1), Looking())
    ours = y[0].reshape(4, *drawn.out)
    ours = ours if ours.ndim == 2 else np.moveaxis(ours, -1, 1)
    assert ours == pytest.approx(model(x).detach().numpy(), abs=1e-5)
