"""What every trial is judged by, along depth or along time; its label, and the vote of the trials.

Networks of as many trials each are judged at once, their trials end to end; what is found of one depends on no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np
import numpy.typing as npt

from service.nn.layers.base import Account
from service.nn.policies import Policy
from service.simulation.statistics import Decades, NetworkTrials, TrialIndices, finite_or_none
from service.simulation.vocabulary import JudgedAxis, Label, Severity

SEED_DEPENDENT_BELOW = 0.8
_WORDS = {
    -2: (Label.VANISHING, Severity.SEVERE),
    -1: (Label.VANISHING, Severity.MILD),
    0: (Label.STABLE, Severity.NONE),
    1: (Label.EXPLODING, Severity.MILD),
    2: (Label.EXPLODING, Severity.SEVERE),
}
"""What the bands are called."""
_LABELS = list(Label)

_Limits = tuple[float, float, float, float]


@dataclass(frozen=True)
class Vote:
    """What the trials say together."""

    label: Label
    severity: Severity
    agreeing: TrialIndices  # of the trials with that label
    typical: int  # the median one among them, by what it is judged by
    trials: int
    axis: JudgedAxis = JudgedAxis.DEPTH  # of that one

    @property
    def confidence(self) -> float:
        """The share of trials that agree."""
        return len(self.agreeing) / self.trials

    @property
    def seed_dependent(self) -> bool:
        """Whether the seed decides, not the architecture."""
        return self.confidence < SEED_DEPENDENT_BELOW


def worst_along_time(trials: NetworkTrials, policy: Policy) -> int | None:
    """The row of the recurrent layer whose ratio is in the most severe band of time; of several the one farthest out.

    None without any.
    """
    limits = _limits(policy, JudgedAxis.TIME)

    def rank(row: int) -> tuple[int, float]:
        ratio = middle(trials.time_ratios[row]) or 0.0
        return abs(int(_band(ratio, limits))), abs(ratio)

    return max(trials.time_ratios, key=rank, default=None)


def middle(values: Decades) -> float | None:
    """The median of (trials,), of which some may be infinite; None where there is none."""
    return middles(values[None])[0]


def middles(values: Decades) -> list[float | None]:
    """The same of every row of (rows, trials)."""
    found = _middles(np.sort(values, axis=1), (~np.isnan(values)).sum(axis=1))
    return [None if isnan(one) else one for one in found.tolist()]


def _middles(ranked: Decades, counts: TrialIndices) -> Decades:
    """The medians of the first entries of rows that rise, so many of each, (rows,); NaN where there are none."""
    row = np.arange(counts.size)
    low, high = ranked[row, np.maximum(counts - 1, 0) // 2], ranked[row, counts // 2]
    with np.errstate(invalid="ignore", over="ignore"):  # of −∞ and ∞ there is none
        return np.where(counts == 0, np.nan, np.where(counts % 2, high, 0.5 * (low + high)))


def leaves_bands(time_ratio: float | None, policy: Policy) -> bool:
    """Whether a ratio along time is outside the stable band."""
    return time_ratio is not None and bool(_band(time_ratio, _limits(policy, JudgedAxis.TIME)))


@dataclass(frozen=True)
class JudgedTrials:
    """What every trial is judged by, (networks, trials) each."""

    ratio: Decades  # J: the judged ratio, or the time ratio where this lies in a more severe band of its own
    along_time: npt.NDArray[np.bool_]
    band: npt.NDArray[np.intp]  # −2 vanishes severely, −1 mildly, 0 stable, 1 explodes mildly, 2 severely
    label: npt.NDArray[np.intp]  # its place in Label
    gone: npt.NDArray[np.bool_]  # whether its gradient is dead, or overflows

    @classmethod
    def of(cls, trials: NetworkTrials, time_ratio: Decades | None, policies: Sequence[Policy]) -> "JudgedTrials":
        """By both axes, or by depth alone where no layer takes several steps; a policy for each network."""
        shape = len(policies), -1
        dead, overflowed = trials.dead.reshape(shape), trials.overflowed.reshape(shape)
        ratio = trials.judged_ratio.reshape(shape)
        depth, time = (
            np.array([_limits(policy, axis) for policy in policies]).T[:, :, None]
            for axis in (JudgedAxis.DEPTH, JudgedAxis.TIME)
        )
        band = _band(ratio, depth)
        along_time = np.zeros(ratio.shape, np.bool_)
        if time_ratio is not None:
            along = _band(time_ratio.reshape(shape), time)
            along_time = (np.abs(along) > np.abs(band)) & ~dead & ~overflowed
            ratio = np.where(along_time, time_ratio.reshape(shape), ratio)
            band = np.where(along_time, along, band)
        places = {label: place for place, label in enumerate(_LABELS)}
        label = np.where(band < 0, places[Label.VANISHING], places[Label.STABLE])
        label = np.where(overflowed | (band > 0), places[Label.EXPLODING], label)
        return cls(ratio, along_time, band, np.where(dead, places[Label.DEAD], label), dead | overflowed)


def votes_of(judged: JudgedTrials) -> list[Vote]:
    """The label that most trials of every network have, and the severity of the median trial among them."""
    networks, trials = judged.label.shape
    votes = np.stack([(judged.label == place).sum(axis=1) for place in range(len(_LABELS))], axis=1)
    places = votes.argmax(axis=1)  # a tie goes to the one that stands first in Label
    agree = judged.label == places[:, None]
    typical = _median_trials(judged.ratio, agree)
    row = np.arange(networks)
    of_typical = (one[row, typical].tolist() for one in (judged.gone, judged.band, judged.along_time))
    return [
        Vote(
            _LABELS[place],
            Severity.SEVERE if gone else _WORDS[band][1],
            np.flatnonzero(agreeing),
            at,
            trials,
            JudgedAxis.TIME if along_time else JudgedAxis.DEPTH,
        )
        for place, agreeing, at, gone, band, along_time in zip(
            places.tolist(), agree, typical.tolist(), *of_typical, strict=True
        )
    ]


def judge_trial(ratio: float, dead: bool, overflowed: bool, policy: Policy) -> tuple[Label, Severity]:
    """Label and severity of one trial by its ratio along depth, the conditions in the order of their definition."""
    if dead:
        return Label.DEAD, Severity.SEVERE
    if overflowed:
        return Label.EXPLODING, Severity.SEVERE
    return _WORDS[int(_band(ratio, _limits(policy, JudgedAxis.DEPTH)))]


def _limits(policy: Policy, axis: JudgedAxis) -> _Limits:
    """Where it vanishes mildly and severely, and explodes mildly and severely, along that axis."""
    above = policy.exploding_mild, policy.exploding_severe
    if axis is JudgedAxis.TIME:
        return policy.time_vanishing_mild, policy.time_vanishing_severe, *above
    return policy.vanishing_mild, policy.vanishing_severe, *above


def _band(ratio: float | Decades, limits: _Limits | Decades) -> npt.NDArray[np.intp]:
    """−2 where a ratio, of any shape, vanishes severely, −1 mildly, 1 explodes mildly, 2 severely; 0 otherwise."""
    vanishing_mild, vanishing_severe, exploding_mild, exploding_severe = limits
    above = np.greater_equal(ratio, exploding_mild).astype(np.intp) + np.greater_equal(ratio, exploding_severe)
    below = np.less_equal(ratio, vanishing_mild).astype(np.intp) + np.less_equal(ratio, vanishing_severe)
    return above - below


def _median_trials(judged: Decades, agree: npt.NDArray[np.bool_]) -> TrialIndices:
    """The median one of the trials that agree, by its ratio, (networks,), of (networks, trials); unknown ones are last.

    Of an even number the farther one from 0, so that what is said of it is no less than the median.
    """
    known = agree & ~np.isnan(judged)
    ranked = np.sort(np.where(known, judged, np.nan), axis=1)
    side = np.where(_middles(ranked, known.sum(axis=1)) < 0.0, -1.0, 1.0)
    rank = np.where(known, 0, np.where(agree, 1, 2))
    order = np.lexsort((np.where(known, side[:, None] * judged, 0.0), rank), axis=1)
    return order[np.arange(len(agree)), agree.sum(axis=1) // 2]


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


def evidence_of(trials: NetworkTrials, votes: Sequence[Vote]) -> list[Evidence]:
    """The evidence of the trials of every network that agree, by its vote."""
    typical = [vote.trials * network + vote.typical for network, vote in enumerate(votes)]
    single = trials.forward_ratio[:, None], trials.overflow_layer[:, None]
    columns = np.concatenate([*single, trials.angular_spread, trials.token_spread, trials.signal], axis=1)
    medians = _upper_medians(columns.reshape(len(votes), -1, columns.shape[1]), votes)
    picked = np.stack([trials.depth_ratio, *trials.shares.values()], axis=1)[typical].tolist()
    overflows = trials.overflowed.reshape(len(votes), -1)
    return [
        Evidence(
            depth_ratio=finite_or_none(ratio),
            shares=dict(zip(trials.shares, shares, strict=True)) if all(map(isfinite, shares)) else {},
            forward_ratio=finite_or_none(forward),
            signal=signal,
            angular_spread=(before, after),
            token_spread=(first, last),
            overflow_layer=finite_or_none(layer),
            overflowed=bool(overflowed[vote.typical]),
            silent=bool(trials.silent[at]),
            overflows=int(overflowed[vote.agreeing].sum()),
        )
        for vote, at, overflowed, (forward, layer, before, after, first, last, *signal), (ratio, *shares) in zip(
            votes, typical, overflows, medians, picked, strict=True
        )
    ]


def _upper_medians(columns: Decades, votes: Sequence[Vote]) -> list[list[float]]:
    """The upper medians over the trials that agree of (networks, trials, columns), by network and column.

    −inf is counted and NaN left out; NaN where nothing is left.
    """
    agree = np.zeros(columns.shape[:2], np.bool_)
    for network, vote in enumerate(votes):
        agree[network, vote.agreeing] = True
    ranked = np.sort(np.where(agree[:, :, None], columns, np.nan).transpose(0, 2, 1), axis=-1)
    middle = (~np.isnan(ranked)).sum(axis=-1, keepdims=True) // 2
    found: list[list[float]] = np.take_along_axis(ranked, middle, axis=-1)[..., 0].tolist()  # of none the first, NaN
    return found
