"""What every trial is judged by, along depth or along time; its label, and the vote of the trials."""

from dataclasses import dataclass

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

    def rank(row: int) -> tuple[int, float]:
        ratio = middle(trials.time_ratios[row]) or 0.0
        return abs(int(_band(ratio, policy, JudgedAxis.TIME))), abs(ratio)

    return max(trials.time_ratios, key=rank, default=None)


def middle(values: Decades) -> float | None:
    """The median of (trials,), of which some may be infinite; None where there is none."""
    known = values[~np.isnan(values)]
    with np.errstate(invalid="ignore"):  # of −∞ and ∞ there is none
        found = float(np.median(known)) if known.size else float("nan")
    return None if np.isnan(found) else found


def leaves_bands(time_ratio: float | None, policy: Policy) -> bool:
    """Whether a ratio along time is outside the stable band."""
    return time_ratio is not None and bool(_band(time_ratio, policy, JudgedAxis.TIME))


@dataclass(frozen=True)
class JudgedTrials:
    """What every trial is judged by, (trials,) each."""

    ratio: Decades  # J: the judged ratio, or the time ratio where this lies in a more severe band of its own
    along_time: npt.NDArray[np.bool_]
    band: npt.NDArray[np.intp]  # −2 vanishes severely, −1 mildly, 0 stable, 1 explodes mildly, 2 severely
    label: npt.NDArray[np.intp]  # its place in Label

    @classmethod
    def of(cls, trials: NetworkTrials, time_ratio: Decades | None, policy: Policy) -> "JudgedTrials":
        """By both axes, or by depth alone where no layer takes several steps."""
        ratio, band = trials.judged_ratio, _band(trials.judged_ratio, policy, JudgedAxis.DEPTH)
        along_time = np.zeros(ratio.shape, np.bool_)
        if time_ratio is not None:
            along = _band(time_ratio, policy, JudgedAxis.TIME)
            along_time = (np.abs(along) > np.abs(band)) & ~trials.dead & ~trials.overflowed
            ratio, band = np.where(along_time, time_ratio, ratio), np.where(along_time, along, band)
        places = {label: place for place, label in enumerate(Label)}
        label = np.select(
            [trials.dead, trials.overflowed | (band > 0), band < 0],
            [places[Label.DEAD], places[Label.EXPLODING], places[Label.VANISHING]],
            places[Label.STABLE],
        )
        return cls(ratio, along_time, band, label)


def vote_of(trials: NetworkTrials, judged: JudgedTrials) -> Vote:
    """The label that most trials have, and the severity of the median trial among them."""
    votes = np.bincount(judged.label, minlength=len(Label))
    place = int(votes.argmax())  # a tie goes to the one that stands first in Label
    agreeing = np.flatnonzero(judged.label == place)
    typical = _median_trial(judged.ratio, agreeing)
    gone = bool(trials.dead[typical] or trials.overflowed[typical])
    severity = Severity.SEVERE if gone else _WORDS[int(judged.band[typical])][1]
    axis = JudgedAxis.TIME if judged.along_time[typical] else JudgedAxis.DEPTH
    return Vote(list(Label)[place], severity, agreeing, typical, judged.label.size, axis)


def judge_trial(ratio: float, dead: bool, overflowed: bool, policy: Policy) -> tuple[Label, Severity]:
    """Label and severity of one trial by its ratio along depth, the conditions in the order of their definition."""
    if dead:
        return Label.DEAD, Severity.SEVERE
    if overflowed:
        return Label.EXPLODING, Severity.SEVERE
    return _WORDS[int(_band(ratio, policy, JudgedAxis.DEPTH))]


def _band(ratio: float | Decades, policy: Policy, axis: JudgedAxis) -> npt.NDArray[np.intp]:
    """−2 where a ratio, of any shape, vanishes severely, −1 mildly, 1 explodes mildly, 2 severely; 0 otherwise."""
    mild, severe = (
        (policy.time_vanishing_mild, policy.time_vanishing_severe)
        if axis is JudgedAxis.TIME
        else (policy.vanishing_mild, policy.vanishing_severe)
    )
    above = np.greater_equal(ratio, policy.exploding_mild).astype(np.intp) + np.greater_equal(
        ratio, policy.exploding_severe
    )
    below = np.less_equal(ratio, mild).astype(np.intp) + np.less_equal(ratio, severe)
    return above - below


def _median_trial(judged: Decades, agreeing: TrialIndices) -> int:
    """The median one of the trials numbered `agreeing`, (n,), by its ratio in `judged`; unknown ones come last.

    Of an even number the farther one from 0, so that what is said of it is no less than the median.
    """
    ratios = judged[agreeing]
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


def _median(column: Decades) -> float:
    """The upper median of (trials,) with −inf counted and NaN left out; NaN where nothing is left."""
    known = np.sort(column[~np.isnan(column)])
    return float(known[known.size // 2]) if known.size else float("nan")
