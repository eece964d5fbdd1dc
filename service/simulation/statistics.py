"""What was measured → the numbers of a report: ratios and rates of the network, spreads of every layer over trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import get_args

import numpy as np
import numpy.typing as npt

from service.core.arrays import Float64Array
from service.nn.layers.base import Account
from service.simulation.accumulator import Accumulator, Derivatives, end_to_end
from service.simulation.plan import Plan
from service.simulation.precision import Lost
from service.simulation.separation import Separation
from service.simulation.tree import PlannedNode

Decades = Float64Array
TrialIndices = npt.NDArray[np.intp]
ACCOUNTS: tuple[Account, ...] = get_args(Account)


@dataclass
class _Steps:
    """What stands between the gradient of every node and that of the node behind it.

    In a plain stack these are the weights of the next node and the derivative of this one; elsewhere all that the next
    node is; for a node inside a block it is the node itself. Gradients are numbered: n + i is ∂e/∂z of the node i of n,
    2n + i is ∂e/∂x of the first node of a chain inside a block, and i is ∂e/∂h.
    """

    gains: list[tuple[int, int]]  # the numbers of two gradients for every row: their difference is its gain
    shares: dict[Account, dict[int, tuple[int, int]]]  # of some rows by account

    @classmethod
    def of(cls, made: Plan) -> "_Steps":
        """The steps of a network."""
        nodes, top = len(made.nodes), made.depth.top
        steps = cls([(0, 0)] * nodes, {account: {} for account in ACCOUNTS})
        for node in made.nodes:
            if node.inside:
                before = 2 * nodes + node.row if node.first or node.source is None else node.source
                steps._cross(node.row, node, nodes, before)
        for row, following in zip(top, [*top[1:], top[-1]], strict=True):
            if made.depth.plain:
                behind = row if row == following else nodes + following  # behind the last one is the prediction
                steps.gains[row] = nodes + row, behind
                ahead = made.nodes[following].node
                alone = ahead.account == "derivative" and ahead.output_activation is not None  # it moves nothing
                moved: Account = "weights" if alone else ahead.account
                steps.shares[moved][row] = row, behind  # a learned slope's account is that of the derivatives
                steps.shares["derivative"][row] = nodes + row, behind if moved == "derivative" else row
            elif row == following:
                steps.gains[row] = row, row
            else:
                steps._cross(row, made.nodes[following], nodes, row)
        return steps

    def _cross(self, row: int, node: PlannedNode, nodes: int, dx: int) -> None:
        """Book what `node` does on the way from its ∂e/∂h to its ∂e/∂x at `row`."""
        account, dy, dz = node.node.account, node.row, nodes + node.row
        self.gains[row] = dx, dy
        if node.node.output_activation is None or account in ("derivative", "skip"):
            self.shares[account][row] = dx, dy
        else:
            self.shares[account][row], self.shares["derivative"][row] = (dx, dz), (dz, dy)


@dataclass(frozen=True)
class Measurements:
    """Every trial at every node in decades: (trials, nodes), and (trials, nodes + 1) where the inputs come first."""

    forward_rms: Decades  # of the inputs, too
    angular_spread: Decades  # of the inputs, too
    finite: npt.NDArray[np.bool_]  # whether nothing has overflowed there or on the way there; of the inputs, too
    dy: Decades  # of ∂e/∂h
    delta: Decades  # where a report says that a node's gradient is measured
    gain: Decades  # of delta, from the node behind to this one; inside a block across the node
    shares: dict[Account, dict[int, Decades]]  # of that gain, (trials,) by the rows that have such a share
    weight_gradient: Decades
    weight_norm: Decades
    derivatives: Derivatives
    lost: Lost
    separation: Separation
    notes: dict[tuple[int, str], Float64Array]  # of nodes by row and name, (trials, …)

    @classmethod
    def of(cls, found: Accumulator, made: Plan) -> "Measurements":
        """The logarithms of what was accumulated, and what they say of every step back."""
        samples, widths = float(made.samples), [made.spec.network.size, *(node.features for node in made.nodes)]
        dy, dz, entry = found.dy.decades(samples), found.dz.decades(samples), found.entry.decades(samples)
        spread = np.where(found.spread < 0.0, 0.0, found.spread)
        gradients, steps = np.concatenate([dy, dz, entry], axis=1), _Steps.of(made)
        ahead, behind = np.array(steps.gains).T
        with np.errstate(divide="ignore"):
            angular_spread = 0.5 * np.log10(spread)
        return cls(
            forward_rms=found.signal.decades(samples * np.array(widths, np.float64)),
            angular_spread=angular_spread,
            finite=_finite_so_far(found.finite, made),
            dy=dy,
            delta=np.where([made.depth.plain and not node.inside for node in made.nodes], dz, dy),
            gain=_difference(gradients[:, ahead], gradients[:, behind]),
            shares={account: _differences(gradients, rows) for account, rows in steps.shares.items() if rows},
            weight_gradient=found.weight_gradient.decades(samples**2),
            weight_norm=found.weights.decades(),
            derivatives=found.derivatives,
            lost=found.lost,
            separation=found.separation,
            notes=found.notes,
        )

    @classmethod
    def joined(cls, parts: "Sequence[Measurements]") -> "Measurements":
        """The trials of several networks of one shape, end to end."""
        found: Measurements = end_to_end(list(parts))
        return found


def _finite_so_far(finite: npt.NDArray[np.bool_], made: Plan) -> npt.NDArray[np.bool_]:
    """Whether the outputs of a node, (trials, nodes + 1), and all they are computed from are finite."""
    if made.depth.plain:
        return np.logical_and.accumulate(finite, axis=1)
    known = finite.copy()
    for node in made.nodes:
        ends = [chain[-1].row + 1 for chain in node.chains if chain]
        before = [0 if node.source is None else node.source + 1, *ends]
        known[:, node.row + 1] &= known[:, before].all(axis=1)
    return known


@dataclass(frozen=True)
class NetworkTrials:
    """The network as a whole in every trial: (trials,) unless said otherwise, NaN where there is no number.

    Trials may be those of several networks of one shape, end to end: what is said of one depends on no other.
    """

    depth_ratio: Decades
    judged_ratio: Decades  # what the label is judged by where depth decides: less the forward ratio before a norm
    time_ratios: dict[int, Decades]  # by the rows of the recurrent layers that take several steps
    forward_ratio: Decades
    end_to_end_ratio: Decades
    slope: Decades  # decades per layer towards the input; −inf where the gradient dies on its way
    shares: dict[Account, Decades]  # of the depth ratio; those alone that have one somewhere
    signal: Decades  # (trials, hidden layers + 1): log10 forward RMS of the inputs and of every hidden layer
    angular_spread: Decades  # (trials, 2): of the inputs and of the last hidden layer
    token_spread: Decades  # (trials, 2): of the first layer with several steps and of the last hidden layer
    separation: Separation
    dead: npt.NDArray[np.bool_]
    overflowed: npt.NDArray[np.bool_]  # on the way forward or on the way back
    overflow_layer: Decades  # number of the first layer whose signal overflows, 0 for the inputs
    silent: npt.NDArray[np.bool_]  # the loss itself has no gradient

    @classmethod
    def of(cls, found: Measurements, made: Plan) -> "NetworkTrials":
        """Ratios between the first and the last hidden layer, and the rate between them."""
        gradients, ends = made.depth.gradients, [row + 1 for row in made.depth.signals]
        first, last = (gradients[0], gradients[-1]) if gradients else (made.depth.top[0], made.depth.top[0])
        inside = [row for row in made.depth.inside if row <= last]
        between = [*inside, *(row for row in made.depth.top if first <= row < last)]
        nothing = np.full(found.delta.shape[0], np.nan)
        forward, prediction = found.forward_rms, found.dy[:, -1]
        hidden = _last_spread(found, made)
        dead, silent = np.isneginf(found.delta[:, first]), np.isneginf(prediction)
        depth_ratio = _difference(found.delta[:, first], found.delta[:, last]) if ends else nothing
        forward_ratio = _difference(forward[:, ends[-1]], forward[:, ends[0]]) if ends else nothing
        return cls(
            depth_ratio=depth_ratio,
            judged_ratio=_difference(depth_ratio, forward_ratio) if made.final_norm else depth_ratio,
            time_ratios={row: ratio for row, (_, ratio) in along_steps(found.notes).items()},
            forward_ratio=forward_ratio,
            end_to_end_ratio=_difference(found.delta[:, first], prediction),
            slope=np.where(dead & ~silent & (len(ends) > 1), -np.inf, _slope(found.delta[:, gradients])),
            shares=_with_rest(
                {
                    account: reduce(np.add, steps)
                    for account, rows in found.shares.items()
                    if (steps := [rows[row] for row in between if row in rows])
                },
                depth_ratio if inside and last in made.depth.top else None,
            ),
            signal=forward[:, [0, *ends]],
            angular_spread=np.stack([found.angular_spread[:, 0], hidden], axis=1),
            token_spread=_token_spread(found, made, ends[-1] - 1 if ends else -1),
            separation=found.separation,
            dead=dead,
            overflowed=np.logical_or(np.isnan(found.delta).any(axis=1), ~found.finite.all(axis=1)),
            overflow_layer=np.where(found.finite.all(axis=1), np.nan, found.finite.argmin(axis=1)),
            silent=silent,
        )


def _last_spread(found: Measurements, made: Plan) -> Decades:
    """Of the samples' directions in the last hidden layer, (trials,); of the inputs where there is none."""
    if not made.depth.signals:
        return found.angular_spread[:, 0]
    last = made.depth.signals[-1]
    spread = found.angular_spread[:, last + 1]
    if made.nodes[last].features == 1:  # two directions at most: they say nothing
        return np.full(spread.shape, np.nan)
    if made.spec.network.size == 1:  # on one ray from the origin, as these inputs are, lengths tell them apart
        return np.where(np.isneginf(spread), np.nan, spread)
    return spread


def _token_spread(found: Measurements, made: Plan, last: int) -> Decades:
    """Of the first node of the top list out of which several steps come, and of the layer `last`, (trials, 2).

    That layer may end in one vector, behind which its steps are pooled or put end to end: theirs are those before.
    """
    name = "log10_token_spread"
    rows = [row for row in made.depth.top if row <= last and (row, name) in found.notes]
    begins = max((one.row for one in made.top if one.opens and one.row <= last), default=last)
    if not rows or rows[-1] < begins:
        return np.full((found.delta.shape[0], 2), np.nan)
    return np.stack([found.notes[row, name] for row in (rows[0], rows[-1])], axis=1)


def _with_rest(shares: dict[Account, Decades], whole: Decades | None) -> dict[Account, Decades]:
    """`shares`, and what they lack of `whole`, (trials,), booked to the block in which a branch meets the others."""
    if whole is None:
        return shares
    rest = whole - np.sum(list(shares.values()), axis=0)
    return {**shares, "skip": shares.get("skip", np.zeros_like(whole)) + rest}


def along_steps(notes: dict[tuple[int, str], Float64Array]) -> dict[int, tuple[Decades, Decades]]:
    """By the rows of recurrent layers: the gradient at every step, (trials, steps), and its time ratio, (trials,).

    Of two directions it is the one whose median ratio is farther from 0.
    """
    found: dict[int, tuple[Decades, Decades]] = {}
    profiles = ((row, values) for (row, name), values in notes.items() if name.endswith("log10_state_gradient"))
    for row, profile in profiles:
        ratio = _difference(profile[:, 0], profile[:, -1])
        if profile.shape[1] > 1 and (row not in found or _size(ratio) > _size(found[row][1])):
            found[row] = profile, ratio
    return found


def _size(ratio: Decades) -> float:
    """How far the median of (trials,) is from 0; 0 where there is none."""
    known = ratio[np.isfinite(ratio)]
    return abs(float(np.median(known))) if known.size else 0.0


def _difference(one: Decades, other: Decades) -> Decades:
    with np.errstate(invalid="ignore"):
        return one - other  # −inf less −inf, zero over zero, is not a number


def _differences(gradients: Decades, rows: dict[int, tuple[int, int]]) -> dict[int, Decades]:
    """The differences of pairs of columns of `gradients`, (trials,) each, by their rows."""
    ahead, behind = np.array(list(rows.values())).T
    return dict(zip(rows, _difference(gradients[:, ahead], gradients[:, behind]).T, strict=True))


def _slope(delta: Decades) -> Decades:
    """Least-squares slope of (trials, hidden layers) towards the input, decades per layer; NaN below two layers."""
    hidden = delta.shape[1]
    if hidden < 2:
        return np.full(delta.shape[0], np.nan)
    steps = 0.5 * (hidden - 1) - np.arange(hidden)  # rising towards the input, mean zero
    by_trial = np.ascontiguousarray(delta)  # in which sums are the same whatever other trials there are
    with np.errstate(invalid="ignore"):
        return np.vecdot(by_trial - by_trial.mean(axis=1, keepdims=True), steps) / np.square(steps).sum()


def finite_or_none(value: float) -> float | None:
    """`value` where it is finite."""
    return float(value) if np.isfinite(value) else None
