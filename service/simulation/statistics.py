"""What was measured → the numbers of a report: ratios and rates of the network, spreads of every layer over trials."""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from service.core.arrays import Float64Array
from service.nn.layers.base import Account
from service.simulation.plan import Plan
from service.simulation.precision import Lost
from service.simulation.probe import Accumulator, Derivatives
from service.simulation.tree import PlannedNode

ACCOUNTS: tuple[Account, ...] = get_args(Account)


Decades = Float64Array
TrialIndices = npt.NDArray[np.intp]


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
            notes=found.notes,
        )


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
    """The network as a whole in every trial: (trials,) unless said otherwise, NaN where there is no number."""

    depth_ratio: Decades
    forward_ratio: Decades
    end_to_end_ratio: Decades
    slope: Decades  # decades per layer towards the input; −inf where the gradient dies on its way
    shares: dict[Account, Decades]  # of the depth ratio; those alone that have one somewhere
    signal: Decades  # (trials, hidden layers + 1): log10 forward RMS of the inputs and of every hidden layer
    angular_spread: Decades  # (trials, 2): of the inputs and of the last hidden layer
    token_spread: Decades  # (trials, 2): of the first layer with several steps and of the last hidden layer
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
        hidden = found.angular_spread[:, ends[-1] if ends else 0]
        if made.spec.network.size == 1:  # on one ray from the origin, as these inputs are, lengths tell them apart
            hidden = np.where(np.isneginf(hidden), np.nan, hidden)
        if ends and made.nodes[ends[-1] - 1].features == 1:  # two directions at most: they say nothing
            hidden = nothing
        dead, silent = np.isneginf(found.delta[:, first]), np.isneginf(prediction)
        depth_ratio = _difference(found.delta[:, first], found.delta[:, last]) if ends else nothing
        return cls(
            depth_ratio=depth_ratio,
            forward_ratio=_difference(forward[:, ends[-1]], forward[:, ends[0]]) if ends else nothing,
            end_to_end_ratio=_difference(found.delta[:, first], prediction),
            slope=np.where(dead & ~silent & (len(ends) > 1), -np.inf, _slope(found.delta[:, gradients])),
            shares=_with_rest(
                {
                    account: np.sum(steps, axis=0)
                    for account, rows in found.shares.items()
                    if (steps := [rows[row] for row in between if row in rows])
                },
                depth_ratio if inside and last in made.depth.top else None,
            ),
            signal=forward[:, [0, *ends]],
            angular_spread=np.stack([found.angular_spread[:, 0], hidden], axis=1),
            token_spread=_token_spread(found, made, ends[-1] - 1 if ends else -1),
            dead=dead,
            overflowed=np.logical_or(np.isnan(found.delta).any(axis=1), ~found.finite.all(axis=1)),
            overflow_layer=np.where(found.finite.all(axis=1), np.nan, found.finite.argmin(axis=1)),
            silent=silent,
        )

    def conditions(self, trial: int) -> tuple[float, bool, bool]:
        """The depth ratio of a trial, whether it is dead, and whether it overflowed."""
        return float(self.depth_ratio[trial]), bool(self.dead[trial]), bool(self.overflowed[trial])


def _token_spread(found: Measurements, made: Plan, last: int) -> Decades:
    """Of the first node of the top list out of which several steps come, and of the node `last`, (trials, 2)."""
    name = "log10_token_spread"
    first = next((row for row in made.depth.top if (row, name) in found.notes), None)
    nothing = np.full((found.delta.shape[0], 1), np.nan)
    spreads = [found.notes.get((row, name), nothing) for row in (first, last) if row is not None]
    return (
        np.concatenate([spread.reshape(-1, 1) for spread in spreads], axis=1)
        if len(spreads) == 2
        else np.tile(nothing, 2)
    )


def _with_rest(shares: dict[Account, Decades], whole: Decades | None) -> dict[Account, Decades]:
    """`shares`, and what they lack of `whole`, (trials,), booked to the block in which a branch meets the others."""
    if whole is None:
        return shares
    rest = whole - np.sum(list(shares.values()), axis=0)
    return {**shares, "skip": shares.get("skip", np.zeros_like(whole)) + rest}


def along_worst_branch(found: Measurements, made: Plan) -> Plan:
    """`made` with its hidden layers along the branch whose depth ratio is farthest from 0, in the median trial."""

    def size(way: int) -> float:
        known = np.abs(NetworkTrials.of(found, replace(made, way=way)).depth_ratio)
        return float(np.median(np.where(np.isnan(known), np.inf, known)))

    return made if len(made.ways) == 1 else replace(made, way=max(range(len(made.ways)), key=size))


def group_by_condition(trials: NetworkTrials, rising: float, falling: float) -> list[TrialIndices]:
    """The numbers of the trials in groups that no condition tells apart.

    Conditions are being dead or overflowed, a depth ratio of at least `rising`, or at most `falling`.
    """
    conditions = [trials.dead, trials.overflowed, trials.depth_ratio >= rising, trials.depth_ratio <= falling]
    codes = (1 << np.arange(len(conditions))) @ np.array(conditions, np.intp)
    return [np.flatnonzero(codes == code) for code in np.unique(codes)]


def median_trial(trials: NetworkTrials, agreeing: TrialIndices) -> int:
    """The median one of the trials numbered `agreeing`, (n,), by its depth ratio; unknown ones come last.

    Of an even number the farther one from 0, so that what is said of it is no less than the median.
    """
    ratios = trials.depth_ratio[agreeing]
    known = ratios[~np.isnan(ratios)]
    side = -1.0 if known.size and np.median(known) < 0.0 else 1.0
    order = np.argsort(side * ratios, kind="stable")  # NaN last
    return int(agreeing[order[order.size // 2]])


@dataclass(frozen=True)
class Evidence:
    """What the trials that agree on a label have in common: the judgement is explained by these."""

    depth_ratio: float | None  # of their median trial, as are its shares
    shares: dict[Account, float]
    forward_ratio: float | None  # medians, here and below
    signal: list[float]
    angular_spread: tuple[float, float]  # of the inputs and of the last hidden layer; NaN where there is none
    token_spread: tuple[float, float]  # of the first layer with several steps and of the last hidden layer
    overflowed: bool  # whether the median trial does, here and below
    silent: bool
    overflow_layer: float | None
    overflows: int  # how many

    @classmethod
    def of(cls, trials: NetworkTrials, agreeing: TrialIndices, typical: int) -> "Evidence":
        """The evidence of the trials numbered `agreeing`, (n,), of which `typical` is the median one."""
        shares = {account: float(share[typical]) for account, share in trials.shares.items()}
        before, after = (_median(column) for column in trials.angular_spread[agreeing].T)
        first, last = (_median(column) for column in trials.token_spread[agreeing].T)
        return cls(
            depth_ratio=finite_or_none(trials.depth_ratio[typical]),
            shares=shares if np.isfinite(list(shares.values())).all() else {},
            forward_ratio=finite_or_none(_median(trials.forward_ratio[agreeing])),
            signal=[_median(column) for column in trials.signal[agreeing].T],
            angular_spread=(before, after),
            token_spread=(first, last),
            overflow_layer=finite_or_none(_median(trials.overflow_layer[agreeing])),
            overflowed=bool(trials.overflowed[typical]),
            silent=bool(trials.silent[typical]),
            overflows=int(trials.overflowed[agreeing].sum()),
        )


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
    with np.errstate(invalid="ignore"):
        return (delta - delta.mean(axis=1, keepdims=True)) @ steps / np.square(steps).sum()


def _median(column: Decades) -> float:
    """The upper median of (trials,) with −inf counted and NaN left out; NaN where nothing is left."""
    known = np.sort(column[~np.isnan(column)])
    return float(known[known.size // 2]) if known.size else float("nan")


def finite_or_none(value: float) -> float | None:
    """`value` where it is finite."""
    return float(value) if np.isfinite(value) else None
