"""What a report must say of one trial, by another program's gradients: every number of every node."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.autograd import Truth, differentiated
from api_tests.nn.variants import every
from service.nn.activations import Activation
from service.simulation.drawing import Drawn, draw
from service.simulation.layer_results import LayerStatistics
from service.simulation.plan import Plan, plan
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.simulation.tree import PlannedNode

Numbers = npt.NDArray[np.float64]

KINKED = {one.kind for one in every(Activation) if not one.only_output and len(one.kinks)}
RELATIVE, DECADES, UNDERFLOW = 1e-10, 1e-9, 1e-200
SLOPE = 1e-15  # what is rounded of a slope, which is a sum of numbers of order 1
ROUNDING = 1e-13  # of all gradients at a node: what is zero, such as that of a bias before a norm, is a rest of those


def drawn(spec: SimulationSpec) -> Drawn:
    """What the engine draws in trial 0."""
    return draw(plan(spec), range(1))


def truth_of(spec: SimulationSpec) -> list[Truth]:
    return differentiated(spec, drawn(spec))


def assert_gradients(report: SimulationReport, truth: list[Truth]) -> None:
    assert report.gradients is not None
    assert [one.path for one in report.gradients] == [one.path for one in truth]
    relative = max(RELATIVE, SLOPE / least_left(truth))
    for ours, theirs in zip(report.gradients, truth, strict=True):
        found = {"delta": ours.delta, "derivative": ours.derivative, **{one.name: one.array for one in ours.parameters}}
        expected = {"delta": theirs.delta, "derivative": theirs.derivative, **theirs.parameters}
        assert found.keys() == expected.keys()
        floor = 1e-200 + ROUNDING * max(map(np.linalg.norm, [theirs.upstream, *theirs.parameters.values()]))
        for name, one in expected.items():
            assert (found[name] is None) == (one is None), f"{name} at {ours.path}"
            if one is not None:
                values = np.array(found[name], np.float64)
                assert values.shape == one.shape
                error = np.linalg.norm(values - one)
                assert error <= relative * np.linalg.norm(one) + floor, f"{name} at {ours.path}, {error}"


def least_left(truth: list[Truth]) -> float:
    """The least share of a gradient that an activation or the gates of a cell leave, of those that leave something."""
    shares = [ratio(one.delta, one.upstream) for one in truth]
    shares += [ratio(one.entry, one.upstream) for one in truth if "recurrent_weights" in one.parameters]
    return float(min((10.0**share for share in shares if share is not None), default=1.0))


def assert_agreement(spec: SimulationSpec) -> None:
    report, truth = simulate(spec), truth_of(spec)
    assert_gradients(report, truth)
    assert_statistics(report, truth, plan(spec))


def decades(norm: Any) -> float | None:
    """None of zero."""
    return float(np.log10(norm)) if norm > 0.0 else None


def rms(values: Numbers) -> float:
    return float(np.sqrt(np.square(values).mean()))


def norm_of_samples(of_mean_loss: Numbers, samples: int | None = None) -> float:
    """Root mean square over samples of the norm of ∂e_i/∂…, from the gradient of the mean of all e_i."""
    return float(np.linalg.norm(of_mean_loss) * np.sqrt(samples or len(of_mean_loss)))


def ratio(ahead: Numbers, behind: Numbers) -> float | None:
    """In decades; None where one of them is zero."""
    below = np.linalg.norm(behind)
    return decades(np.linalg.norm(ahead) / below) if below > 0.0 else None


def angular_spread(h: Numbers) -> float | None:
    some = h[np.abs(h).max(axis=1) > 0.0]
    if len(some) < 2:
        return None
    some = some / np.abs(some).max(axis=1, keepdims=True)  # whose squares are numbers
    directions = some / np.linalg.norm(some, axis=1, keepdims=True)
    return decades(np.sqrt(np.square(directions - directions.mean(axis=0)).sum(axis=1).mean()))


def assert_statistics(report: SimulationReport, truth: list[Truth], made: Plan) -> None:
    """Every number of every node: of the report on one trial, of a network that is planned so."""
    plain = made.depth.plain
    for one, ours, theirs in zip(made.nodes, report.layers, truth, strict=True):
        delta = theirs.delta if plain and not one.inside else theirs.upstream
        expected = {
            "log10_delta_norm": decades(norm_of_samples(delta, made.samples)),
            "log10_forward_rms": decades(rms(theirs.h)),
            "log10_angular_spread": angular_spread(theirs.h),
            **_of_weights(theirs),
        }
        assert_decades(ours, expected)
        assert_derivative(ours, theirs)
        if one.inside:
            assert_step(ours, *across(theirs, one))
    last = made.depth.top[-1]
    for row, following in pairwise(made.depth.top):
        behind = made.nodes[following]
        of_both = truth[row], truth[following]
        assert_step(report.layers[row], *(_plain(*of_both, behind) if plain else across(of_both[1], behind)))
    silent = ratio(truth[last].upstream, truth[last].upstream), {}
    assert_step(report.layers[last], *(_plain(truth[last], None, made.nodes[last]) if plain else silent))


Step = tuple[float | None, dict[str, float | None]]  # a gain, and its accounts by name


def _plain(one: Truth, following: Truth | None, ahead: PlannedNode) -> Step:
    """From one pre-activation to the one before it, over what is `ahead`; from the prediction where nothing follows."""
    behind = one.upstream if following is None else following.delta
    account = "weights" if ahead.node.kind == "activation" else ahead.node.account
    if account == "derivative":  # a learned slope
        return ratio(one.delta, behind), {"derivative": ratio(one.delta, behind)}
    shares = {account: ratio(one.upstream, behind), "derivative": ratio(one.delta, one.upstream)}
    return ratio(one.delta, behind), shares


def across(one: Truth, planned: PlannedNode) -> Step:
    """Over a whole node."""
    gain, account = ratio(one.entry, one.upstream), planned.node.account
    if one.derivative is None or account in ("derivative", "skip"):
        return gain, {account: gain}
    return gain, {account: ratio(one.entry, one.delta), "derivative": ratio(one.delta, one.upstream)}


def assert_step(ours: LayerStatistics, gain: float | None, accounts: dict[str, float | None]) -> None:
    assert_decades(ours, {"log10_backward_gain": gain})
    for name, booked in ours.log10_gain:
        assert (booked is None) == (name not in accounts), f"{name} at {ours.path}"
    found = {name: getattr(ours.log10_gain, name).median for name in accounts}
    assert found == pytest.approx(accounts, abs=DECADES), f"accounts at {ours.path}"


def _of_weights(theirs: Truth) -> dict[str, float | None]:
    """Of all matrices of a node together."""
    found = [one.ravel() for name, one in theirs.parameters.items() if name.endswith("weights")]
    gradient = np.concatenate(found) if found else None
    norm, by_entry = (None, None) if gradient is None else (np.linalg.norm(gradient), rms(gradient))
    return {
        "log10_weight_gradient_norm": None if norm is None else decades(norm),
        "log10_weight_gradient_rms": None if by_entry is None else decades(by_entry),
    }


def assert_decades(ours: LayerStatistics, expected: dict[str, float | None]) -> None:
    for name, number in expected.items():
        if not is_rounding(name, number, -6.0):
            found = getattr(ours, name).median
            assert found == (None if number is None else pytest.approx(number, abs=DECADES)), f"{name} at {ours.path}"


def is_rounding(name: str, expected: float | None, known_from: float) -> bool:
    """Whether samples are so close together that their distance is that of their last digits."""
    return name == "log10_angular_spread" and expected is not None and expected < known_from


def assert_derivative(ours: LayerStatistics, theirs: Truth) -> None:
    found, slopes = ours.derivative, theirs.derivative
    if slopes is None:
        assert {found.mean, found.rms, found.min, found.max, ours.dead_fraction} == {None}
        return
    expected = [slopes.mean(), rms(slopes), slopes.min(), slopes.max()]
    assert [found.mean, found.rms, found.min, found.max] == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert ours.dead_fraction is not None
    assert ours.dead_fraction <= (np.abs(slopes) < UNDERFLOW).all(axis=0).mean()
    if ours.activation in KINKED:  # the slope of a smooth one is never 0, and underflows where rounding decides
        assert ours.dead_fraction == (slopes == 0.0).all(axis=0).mean()
