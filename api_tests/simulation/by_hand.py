"""Trials, layers and evidence made by hand, for tests of the judgement: unremarkable but for what is given."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from service.nn.policies import Policy, Sgd
from service.simulation.causes import Judged, NetworkFacts
from service.simulation.layer_results import GainAccounts, LayerStatistics, Spread
from service.simulation.separation import Separation
from service.simulation.statistics import NetworkTrials
from service.simulation.verdict import Case, judge
from service.simulation.vocabulary import Label
from service.simulation.vote import Evidence

NO_SPREAD = Spread(median=None, p05=None, p95=None, mean=None, std=None, count=0)


def spread(median: float, p05: float | None = None, std: float = 0.0) -> Spread:
    """Of ten trials."""
    low = median if p05 is None else p05
    return Spread(median=median, p05=low, p95=median, mean=median, std=std, count=10)


def layer(index: int = 1, **fields: Any) -> LayerStatistics:
    """Weights of size 1 whose gradient is a hundredth of it, in decades: nothing to remark."""
    plain = {
        "index": index,
        "path": "/network/layers/0",
        "kind": "dense",
        "activation": "tanh",
        "shape": [4],
        "parameters": 20,
        "name": None,
        "inside": False,
        "boundary": False,
        "log10_delta_norm": spread(0.0),
        "log10_weight_gradient_norm": spread(0.0),
        "log10_weight_gradient_rms": spread(0.0),
        "log10_forward_rms": spread(0.0),
        "log10_angular_spread": spread(0.0),
        "log10_token_spread": None,
        "log10_weight_norm": spread(0.0),
        "log10_backward_gain": spread(0.0),
        "log10_gain": GainAccounts(weights=None, derivative=None, normalisation=None, skip=None, other=None),
        "derivative": {"mean": 1.0, "rms": 1.0, "min": 1.0, "max": 1.0},
        "saturated_fraction": 0.0,
        "dead_fraction": 0.0,
        "zero_trials": 0,
        "non_finite_trials": 0,
        "time": None,
        "attention": None,
        "branch_share": None,
        "precision": None,
        "histograms": None,
    }
    return LayerStatistics.model_validate(plain | fields)


def facts(**fields: Any) -> NetworkFacts:
    """Of five wide hidden layers, the first five of six layers."""
    plain: dict[str, Any] = {
        "hidden": 5,
        "sum_inverse_width": 0.01,
        "random": True,
        "symmetric": False,
        "log10_smallest_normal": -308.0,
        "weighted": frozenset(range(1, 7)),
    }
    return NetworkFacts(**(plain | fields))


def labelled(label: Label, ratio: float | None = 0.0, **fields: Any) -> Judged:
    """A label given in depth to a network that is expected to fail."""
    plain: dict[str, Any] = {"risk": 1.0, "mask_noise": None}
    return Judged(label=label, ratio=ratio, **(plain | fields))


def evidence(**fields: Any) -> Evidence:
    """Of a network in which nothing happens."""
    plain: dict[str, Any] = {
        "depth_ratio": 0.0,
        "shares": {},
        "forward_ratio": 0.0,
        "signal": [0.0] * 6,
        "angular_spread": (0.0, 0.0),
        "token_spread": (nan, nan),
        "overflowed": False,
        "silent": False,
        "overflow_layer": None,
        "overflows": 0,
    }
    return Evidence(**(plain | fields))


def trials(ratios: Sequence[float], slopes: Sequence[float] | None = None, **fields: Any) -> NetworkTrials:
    """Trials with these depth ratios, and with these slopes: without any, a quarter of the ratios."""
    count = len(ratios)
    nothing, no = np.full(count, nan), np.zeros(count, np.bool_)
    plain: dict[str, Any] = {
        "depth_ratio": np.array(ratios, np.float64),
        "judged_ratio": np.array(ratios, np.float64),
        "time_ratios": {},
        "forward_ratio": np.zeros(count),
        "end_to_end_ratio": np.zeros(count),
        "slope": 0.25 * np.array(ratios, np.float64) if slopes is None else np.array(slopes, np.float64),
        "shares": {},
        "signal": np.zeros((count, 6)),
        "angular_spread": np.zeros((count, 2)),
        "token_spread": np.full((count, 2), nan),
        "separation": Separation.empty(count),
        "dead": no,
        "overflowed": no,
        "overflow_layer": nothing,
        "silent": no,
    }
    given = {name: value if isinstance(value, dict | Separation) else np.array(value) for name, value in fields.items()}
    return NetworkTrials(**(plain | given))


def judged(made: NetworkTrials, policy: Policy | None = None, **fields: Any) -> Case:
    """The decision on `made`, of six layers, by facts as given."""
    layers = [layer(number, boundary=number < 6) for number in range(1, 7)]
    return judge(made, layers, policy or Sgd(), facts(**fields))
