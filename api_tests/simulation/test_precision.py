"""float16 and bfloat16: what is stored, what is lost of it, and which loss scale saves it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.networks import Json, report
from service.core.arrays import Limits, stored
from service.simulation import estimate
from service.simulation.drawing import Drawn, draw
from service.simulation.estimate import Regime
from service.simulation.measure import measure
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Cause, Flag, Label

Numbers = npt.NDArray[Any]
HALF = ("float16", "bfloat16")
WITHIN = 0.02


def dense(units: int, activation: str, std: float, bias: float | None, **fields: Any) -> Json:
    return {
        "kind": "dense",
        "units": units,
        "activation": {"kind": activation},
        "weights": {"kind": "normal", "std": std},
        "bias": {"kind": "none"} if bias is None else {"kind": "normal", "std": bias},
        **fields,
    }


def deep(precision: str, loss_scale: float = 1.0, std: float = 0.03, bias: float | None = 0.5) -> Json:
    """Twelve layers of tanh, whose gradients fall below the smallest float16 on their way back."""
    layers = [*[dense(32, "tanh", std, bias) for _ in range(11)], dense(4, "linear", std, bias)]
    return {
        "network": {"features": 16, "layers": layers},
        "data": {"samples": 32},
        "precision": precision,
        "loss_scale": loss_scale,
        "trials": 4,
    }


def simulated(spec: Json) -> SimulationReport:
    given = dict(spec)
    return report(given.pop("network"), **given)


def by_hand(drawn: Drawn, trial: int, loss_scale: float | None, kept: Callable[[Numbers], Numbers]) -> list[Numbers]:
    """∂(loss scale · mean loss)/∂ every weight matrix: products in float32, whatever is stored goes through `kept`."""
    h, tape = drawn.inputs[trial], []
    for one in drawn.chain.nodes:
        weights, *bias = (array[trial % array.shape[0]] for array in one.arrays)
        z = kept(h @ weights + (bias[0] if bias else 0))
        tape.append((h, weights, z))
        h = z if one is drawn.chain.nodes[-1] else kept(np.tanh(z))
    dy = kept(2 * (h - drawn.targets[trial]) * ((loss_scale or 1.0) / h.shape[0]))
    gradients = []
    for place, (before, weights, z) in reversed(list(enumerate(tape))):
        last = place == len(tape) - 1
        dz = dy if last else kept(dy * (1 - np.square(kept(np.tanh(z)))))
        gradients.append(kept(before.T @ dz))
        dy = kept(dz @ weights.T)
    return gradients[::-1]


def lost_by_hand(spec: Json) -> list[float]:
    """The share of every layer's gradient that is stored as 0 and is not."""
    made = plan(SimulationSpec.model_validate(spec))
    drawn = draw(made, range(made.trials))
    kind = np.dtype(made.spec.precision.value)
    wide = Drawn(drawn.chain, drawn.inputs.astype(np.float64), drawn.targets.astype(np.float64), drawn.out)
    shares = []
    for trial in range(made.trials):
        truth = by_hand(wide, trial, None, lambda values: values.astype(np.float64))
        found = by_hand(drawn, trial, made.spec.loss_scale, lambda values: values.astype(kind).astype(np.float32))
        shares.append([np.mean((ours == 0) & (theirs != 0)) for ours, theirs in zip(found, truth, strict=True)])
    return [float(share) for share in np.mean(shares, axis=0)]


CASES = [
    deep("float16", 1.0),
    deep("float16", 1024.0),
    deep("float16", 1.0, std=0.08, bias=None),
    deep("float16", 1024.0, std=0.02, bias=0.2),
    deep("float16", 1.0, std=0.003),
    deep("bfloat16", 1.0, std=1e-5),
    deep("bfloat16", 1024.0, std=1e-5),
    deep("bfloat16", 1.0),
]


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("spec", CASES, ids=lambda one: f"{one['precision']}-{one['loss_scale']}")
def test_a_deep_network_loses_what_numpy_loses_with_the_same_numbers_stored_by_hand(spec: Json) -> None:
    made = simulated(spec)
    theirs = lost_by_hand(spec)
    ours = [one.precision.weight_gradient_underflow_share for one in made.layers if one.precision]
    assert ours == pytest.approx(theirs, abs=WITHIN)
    sizes = [16 * 32, *[32 * 32] * 10, 32 * 4]
    assert made.precision is not None
    assert made.precision.underflow_share == pytest.approx(np.average(theirs, weights=sizes), abs=WITHIN)
    assert made.precision.overflow_share == 0.0


def test_the_cases_by_hand_lose_everything_something_and_nothing() -> None:
    shares = [made.underflow_share for made in (simulated(spec).precision for spec in CASES) if made]
    assert max(shares) > 0.5
    assert min(shares) < 0.01
    assert any(0.05 < share < 0.5 for share in shares)


def spread_of(count: int) -> Numbers:
    """Numbers of all sizes that float16 has, and beyond on both sides."""
    rng = np.random.default_rng(count)
    values = rng.normal(size=count) * 2.0 ** rng.uniform(-30, 20, size=count)
    return values.astype(np.float32)


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("precision", HALF)
def test_what_is_stored_is_what_the_format_holds(precision: str) -> None:
    ends = Limits.of(np.dtype(precision))
    ties = np.array([1.0, 3.0, 5.0, 2049.0, 2051.0], np.float32)
    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 65519.99, 65520.0, -65520.0, 1e38, *ends]
    values = np.concatenate(
        [spread_of(100_000), ties, ties * 2.0**-25, np.array([*edges, *(0.5 * np.array(ends))], np.float32)]
    )
    expected = values.astype(precision).astype(np.float32)
    np.testing.assert_array_equal(stored(values, np.dtype(precision)), expected)
    assert stored(values, np.dtype(precision)).dtype == np.float32


def test_the_ends_of_a_format_are_those_of_ieee_754() -> None:
    assert Limits.of(np.dtype("float16")) == (65504.0, 2.0**-14, 2.0**-24)
    assert Limits.of(np.dtype("bfloat16")) == ((2 - 2.0**-7) * 2.0**127, 2.0**-126, 2.0**-133)
    assert Limits.of(np.dtype("float64"))[:2] == (np.finfo(np.float64).max, np.finfo(np.float64).tiny)


IMAGE: Json = {
    "input": {"kind": "image", "height": 6, "width": 6, "channels": 2},
    "layers": [
        *[
            {
                "kind": "convolution",
                "filters": 8,
                "size": [3],
                "padding": "same",
                "activation": {"kind": "tanh"},
                "weights": {"kind": "normal", "std": 0.002},
                "bias": {"kind": "normal", "std": 0.5},
            }
            for _ in range(5)
        ],
        {"kind": "flatten"},
        dense(3, "linear", 0.1, None),
    ],
}
NORMALISED: Json = {
    "features": 16,
    "layers": [*[dense(24, "sigmoid", 0.02, 0.5), {"kind": "layer_norm"}] * 5, dense(3, "linear", 1e-5, None)],
}


def half(network: Json, loss_scale: float = 1.0, precision: str = "float16", **fields: Any) -> SimulationReport:
    given = {"data": {"samples": 8}, "trials": 3, **fields}
    return report(network, precision=precision, loss_scale=loss_scale, **given)


def lost_by_pytorch(spec: SimulationSpec) -> list[float]:
    """The share of every weight's gradient that tensors of that format lose: 0 in them, and not in float64.

    Without oneDNN: x86 processors' own products of bfloat16 take numbers below the smallest normal one for 0.
    """
    torch = pytest.importorskip("torch")
    made = plan(spec)
    drawn = draw(made, range(made.trials))
    with torch.backends.mkldnn.flags(enabled=False):
        shares = [_lost_in_a_trial(torch, spec, drawn, trial) for trial in range(made.trials)]
    return [float(share) for share in np.mean(shares, axis=0)]


def _lost_in_a_trial(torch: Any, spec: SimulationSpec, drawn: Drawn, trial: int) -> list[Any]:
    found = []
    for kind in (getattr(torch, spec.precision.value), torch.float64):

        def tensor(array: Numbers, kind: Any = kind) -> Any:
            return torch.tensor(array[trial % array.shape[0]].astype(np.float64)).to(kind)

        h, weights = tensor(drawn.inputs), []
        h = h.reshape(h.shape[0], *spec.network.shape)
        for one in drawn.chain.nodes:
            arrays = [tensor(array) for array in one.arrays]
            h = _layer(torch, one.node.kind, getattr(one.node, "activation", None), h, arrays, weights)
        loss = torch.square(h - tensor(drawn.targets)).sum(dim=-1).mean()
        (loss * (1.0 if kind is torch.float64 else spec.loss_scale)).backward()
        found.append([one.grad.double().numpy() for one in weights])
    ours, truth = found
    return [np.mean((a == 0) & (b != 0)) for a, b in zip(ours, truth, strict=True)]


def _layer(torch: Any, kind: str, activation: Any, h: Any, arrays: list[Any], weights: list[Any]) -> Any:
    """One layer of the networks here; what its weights are joins `weights`."""
    match kind:
        case "flatten":
            return h.reshape(h.shape[0], -1)
        case "layer_norm":
            return torch.nn.functional.layer_norm(h, h.shape[-1:], *(one.reshape(-1) for one in arrays))
        case "dense":
            weights.append(arrays[0].requires_grad_())
            h = h @ arrays[0]
            h = h + arrays[1] if len(arrays) > 1 else h
        case _:
            weights.append(arrays[0].requires_grad_())
            kernel, image = arrays[0].permute(3, 2, 0, 1), h.permute(0, 3, 1, 2)
            h = torch.nn.functional.conv2d(image, kernel, arrays[1].reshape(-1), padding="same").permute(0, 2, 3, 1)
    return {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "linear": lambda z: z}[activation.kind](h)


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.parametrize("loss_scale", [1.0, 1024.0])
@pytest.mark.parametrize(
    ("network", "precision"),
    [
        (deep("float16")["network"], "float16"),
        (deep("float16", std=0.06, bias=None)["network"], "float16"),
        (deep("float16", std=0.01)["network"], "float16"),
        (deep("bfloat16", std=1e-5)["network"], "bfloat16"),
        (IMAGE, "float16"),
        (NORMALISED, "float16"),
    ],
    ids=["biases", "no biases", "all of it", "bfloat16", "convolutions", "layer norm"],
)
def test_a_network_loses_what_tensors_of_pytorch_lose(network: Json, precision: str, loss_scale: float) -> None:
    given = {"network": network, "precision": precision, "loss_scale": loss_scale, "trials": 2, "data": {"samples": 16}}
    spec = SimulationSpec.model_validate(given)
    theirs, made = lost_by_pytorch(spec), simulated(given)
    found = [one.precision.weight_gradient_underflow_share for one in made.layers if one.precision]
    ours = [share for share in found if share is not None]
    assert ours == pytest.approx(theirs, abs=2 * WITHIN)
    sizes = [one.weights for one in plan(spec).nodes if one.weights]
    assert made.precision is not None
    assert made.precision.underflow_share == pytest.approx(np.average(theirs, weights=sizes), abs=WITHIN)


@pytest.mark.parametrize("network", [IMAGE, NORMALISED], ids=["convolutions", "layer norm"])
def test_less_is_lost_at_every_larger_loss_scale_and_nothing_in_bfloat16(network: Json) -> None:
    shares = [made.underflow_share for power in range(-12, 13, 4) if (made := half(network, 2.0**power).precision)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.4
    assert shares[-1] < 0.02
    kept = half(network, precision="bfloat16").precision
    assert kept is not None
    assert (kept.underflow_share, kept.overflow_share, kept.saving_loss_scale) == (0.0, 0.0, None)


@pytest.mark.parametrize("spec", [deep("float16"), deep("float16", std=0.02), deep("bfloat16", std=1e-5)])
def test_the_loss_scale_that_is_named_saves_what_can_be_saved_and_nothing_overflows(spec: Json) -> None:
    before = simulated(spec).precision
    assert before is not None
    assert before.saving_loss_scale is not None
    after = simulated({**spec, "loss_scale": before.saving_loss_scale}).precision
    assert after is not None
    assert after.underflow_share < 0.2 * before.underflow_share
    assert after.overflow_share == 0.0
    assert after.saving_loss_scale is None


def test_a_loss_scale_that_is_too_large_overflows_and_a_smaller_one_is_named() -> None:
    made = half(NORMALISED, 1e15)
    assert made.precision is not None
    assert made.precision.overflow_share > 0.1
    assert Flag.PRECISION_UNDERFLOW in made.verdict.flags
    assert made.precision.saving_loss_scale is not None
    better = half(NORMALISED, made.precision.saving_loss_scale).precision
    assert better is not None
    assert better.overflow_share == 0.0


def test_what_is_lost_is_said_with_what_would_save_it() -> None:
    made = simulated(deep("float16"))
    assert made.precision is not None
    (sentence,) = [one for one in made.verdict.reasons if "float16" in one]
    percent = f"{100 * made.precision.underflow_share:.3g} %"
    assert sentence == (
        f"Of all entries of the weights' gradients, {percent} are stored as 0 in float16 at a loss scale of 1; "
        f"{made.precision.saving_loss_scale:.6g} saves most of them."
    )
    saved = simulated(deep("float16", made.precision.saving_loss_scale or 0.0))
    assert not [one for one in saved.verdict.reasons if "float16" in one]


def test_a_forward_pass_beyond_the_largest_float16_is_an_overflow_like_any() -> None:
    network = {"features": 8, "layers": [dense(8, "linear", 40.0, None) for _ in range(5)]}
    in_half, in_bfloat16 = half(network), half(network, precision="bfloat16")
    assert in_half.verdict.label is Label.EXPLODING
    assert in_half.verdict.cause is Cause.FORWARD_OVERFLOW
    assert "leaves the range of its precision" in in_half.verdict.reasons[0]
    assert in_bfloat16.verdict.cause is Cause.GAIN
    assert in_half.layers[-1].precision is not None
    assert in_half.layers[-1].precision.overflow_share > 0.5


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_nothing_is_said_of_formats_that_gradients_are_rescaled_in(precision: str) -> None:
    one, scaled = (half(IMAGE, loss_scale, precision, trials=1) for loss_scale in (1.0, 4096.0))
    assert one.precision is None
    assert all(layer.precision is None for layer in one.layers)
    assert [layer.model_dump() for layer in one.layers] == [layer.model_dump() for layer in scaled.layers]


@pytest.mark.parametrize(("precision", "decades"), [("float16", 0.02), ("bfloat16", 0.05)])
def test_all_other_statistics_are_of_the_same_network_with_rounded_signals(precision: str, decades: float) -> None:
    network = {"features": 16, "layers": [*[dense(32, "tanh", 0.2, 0.1) for _ in range(4)], dense(4, "linear", 0.2, 0)]}
    rounded, truth = half(network, precision=precision), half(network, precision="float64")
    for ours, theirs in zip(rounded.layers, truth.layers, strict=True):
        for name in ("log10_delta_norm", "log10_weight_gradient_norm", "log10_forward_rms", "log10_weight_norm"):
            assert getattr(ours, name).median == pytest.approx(getattr(theirs, name).median, abs=decades)
    assert rounded.verdict.label is truth.verdict.label


def test_what_is_lost_is_the_same_for_any_chunks_and_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan(SimulationSpec.model_validate({**deep("float16"), "trials": 7}))
    whole, chunks = measure(made).measurements, []
    for together in (1, 3):
        monkeypatch.setattr(estimate, "regime", lambda *_, together=together: Regime(together, False))
        chunks.append(measure(made).measurements)
    monkeypatch.setattr("service.simulation.measure._WORTH_A_HELPER", 1.0)
    chunks.append(measure(made, processes=2).measurements)
    for part in chunks:
        assert part.lost.sizes.sum() == whole.lost.sizes.sum()
        np.testing.assert_array_equal(part.lost.weights_underflow, whole.lost.weights_underflow)
        np.testing.assert_array_equal(part.lost.delta_underflow, whole.lost.delta_underflow)
        np.testing.assert_array_equal(part.lost.largest, whole.lost.largest)


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float32"])
def test_indices_of_tokens_are_no_numbers_that_a_format_rounds(precision: str) -> None:
    network = {
        "input": {"kind": "tokens", "steps": 50, "vocabulary": 90_000},
        "layers": [{"kind": "embedding", "units": 1}, {"kind": "flatten"}, {"kind": "dense", "units": 1}],
    }
    given = [
        draw(plan(SimulationSpec.model_validate({"network": network, "precision": one})), range(2)).inputs
        for one in (precision, "float64")
    ]
    assert given[1].max() > 65_536.0  # which float16 does not hold
    np.testing.assert_array_equal(*given)
