"""A network, reduced to what a sweep keeps of it; and a point of a sweep, in its results and as a row of a table."""

import json
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import JsonValue

from service.core.errors import Refusal
from service.core.kinds import Double, Int64, Model
from service.simulation.layer_results import Spread
from service.simulation.results import Interval, ItemError
from service.simulation.verdict import Decision
from service.simulation.vocabulary import Cause, Label, Severity, Tendency

_WORDS = ("label", "severity", "confidence", "seed_dependent", "tendency", "cause")
_SPREADS = ("depth_ratio", "gain_per_layer", "end_to_end_ratio")
_OF_SPREADS = ("median", "p05", "p95")


class PointVerdict(Model):
    """What a verdict says, without its sentences."""

    label: Label
    """What most trials do."""
    severity: Severity
    """How far the median of those trials is outside the stable band."""
    confidence: Double
    """The share of trials with that label."""
    seed_dependent: bool
    """Whether that share is below 0.8."""
    tendency: Tendency
    """What the network is prone to."""
    cause: Cause | None
    """Why; null where there is nothing to explain."""
    depth_ratio: Spread
    """Delta at the first hidden layer over delta at the last, in decades: what the label is decided by."""
    gain_per_layer: Spread
    """The factor delta changes by with every layer towards the input."""
    gain_per_layer_interval: Interval | None
    """The 95 % confidence interval of its median."""
    end_to_end_ratio: Spread
    """Delta at the first hidden layer over the gradient of the prediction, in decades."""


class Reduced(Model):
    """What is kept of a network by the digest of its report."""

    digest: str
    """The report's digest: POST the specification to /v1/simulations, and all of it is there."""
    verdict: PointVerdict
    """The judgement."""
    theory_depth_ratio: Double | None
    """The depth ratio that mean field theory predicts, in decades; null where it does not apply."""

    @classmethod
    def of(cls, digest: str, decided: Decision, predicted: float | None) -> "Reduced":
        """What a sweep keeps of a network, of which that is decided, and this depth ratio predicted."""
        vote, rate = decided.vote, decided.rate
        verdict = PointVerdict.model_construct(
            label=vote.label,
            severity=vote.severity,
            confidence=vote.confidence,
            seed_dependent=vote.seed_dependent,
            tendency=rate.tendency,
            cause=decided.cause,
            depth_ratio=decided.depth_ratio,
            gain_per_layer=decided.gain_per_layer,
            gain_per_layer_interval=decided.gain_per_layer_interval,
            end_to_end_ratio=decided.end_to_end_ratio,
        )
        return cls(digest=digest, verdict=verdict, theory_depth_ratio=predicted)


class SweepPoint(Model):
    """One point of a sweep."""

    kind: Literal["point"] = "point"
    index: Int64
    """Its number, counted from 0; the last axis varies fastest."""
    values: dict[str, JsonValue]
    """The values of the axes by their names."""
    digest: str | None
    """The digest of its specification; null where that is not valid."""
    verdict: PointVerdict | None
    """The judgement; null where there is an error."""
    theory_depth_ratio: Double | None
    """The depth ratio that mean field theory predicts, in decades; null where it does not apply."""
    error: ItemError | None
    """Why there is no judgement."""

    @staticmethod
    def columns(axes: Iterable[str]) -> list[str]:
        """The names of the columns: the point, its `axes`, its judgement, its theory, its digest, its error."""
        spreads = [f"{name}_{part}" for name in _SPREADS for part in _OF_SPREADS]
        return ["index", *axes, *_WORDS, *spreads, "theory_depth_ratio", "digest", "error_code", "error_detail"]

    def cells(self) -> list[Any]:
        """What it has in these columns; null is an empty cell."""
        verdict = self.verdict
        words = [getattr(verdict, name) if verdict else None for name in _WORDS]
        spreads = [getattr(verdict, name) if verdict else None for name in _SPREADS]
        numbers = [getattr(spread, part) if spread else None for spread in spreads for part in _OF_SPREADS]
        error = [self.error.code, self.error.detail] if self.error else [None, None]
        values = [json.dumps(value) if isinstance(value, dict | list) else value for value in self.values.values()]
        return [self.index, *values, *words, *numbers, self.theory_depth_ratio, self.digest, *error]


def error_of(refusal: Refusal) -> ItemError:
    """A refusal as the error of an item."""
    return ItemError(code=refusal.code, detail=refusal.sentence, pointer=refusal.pointer)
