"""The judgement in sentences with the measured numbers; the first can be read alone."""

from dataclasses import dataclass
from math import ceil
from statistics import median

from service.simulation import wording
from service.simulation.causes import largest_account, signal_follows
from service.simulation.gradients import StoredGradients
from service.simulation.results import InitialScale, Theory
from service.simulation.risk import loses_gradients, wandering
from service.simulation.verdict import Case
from service.simulation.vocabulary import USUAL_RATES, Cause, Flag, JudgedAxis, Label, Tendency
from service.simulation.vote import Evidence
from service.simulation.wording import count, percent, power, signed

_HIGH_RISK = 0.5
"""From here on, networks fail more often than they learn."""
_SATURATED_MOSTLY = 0.5
"""The share of saturated units that somebody who looks at a network sees first."""
_THEORY_OFF = 0.5
"""Decades by which theory may miss a measured depth ratio without a word."""
_FEW_FEATURES, _NARROW = 32, 32
"""Inputs and units of a layer below which the sums of theory are not yet normal."""


@dataclass(frozen=True)
class Context:
    """What sentences may be about beside the judgement itself."""

    theory: Theory
    scale: InitialScale
    features: int  # of an input
    narrowest: int  # units of the narrowest hidden layer; 0 where there is none


def explain(case: Case, around: Context) -> list[str]:
    """What happened, from what, why, how fast, how likely it fails, how surely, and what else."""
    verdict = [_headline(case), _along_steps(case), _normed(case), _branch(case)]
    wrong = around.scale.sentences
    first = [*wrong, *verdict] if case.vote.label is Label.STABLE else [*verdict, *wrong]
    said = [
        *first,
        _shares(case),
        _cause(case),
        _though_saturated(case),
        _tendency(case),
        _theory(case, around),
        _risk(case, bool(wrong)),
        _seeds(case),
        *(_flag(flag, case) for flag in case.flags if flag.value != (case.cause and case.cause.value)),
    ]
    return [sentence for sentence in said if sentence]


def _branch(case: Case) -> str | None:
    branch = case.facts.branch
    return branch and f"Measured along {branch}: of all branches its gradient changes most."


def _headline(case: Case) -> str:
    vote, evidence, ratio = case.vote, case.evidence, case.depth_ratio.median
    if vote.label is Label.DEAD:
        why = ": the loss itself has no gradient" if evidence.silent else ""
        return (
            f"The gradient is dead: at the first {'hidden ' if case.facts.hidden else ''}layer it is exactly zero "
            f"in {len(vote.agreeing)} of {vote.trials} trials{why}."
        )
    if evidence.overflowed:
        return (
            f"The network explodes: {_place(evidence)}, it leaves the range of its precision "
            f"in {evidence.overflows} of {vote.trials} trials."
        )
    headline = wording.HEADLINES[vote.label, vote.severity]
    if case.axis is JudgedAxis.TIME:
        return _headline_in_time(headline, case)
    if vote.label is Label.STABLE:
        headline += _but(case)
    if ratio is None or case.facts.hidden < 2:
        few = case.facts.hidden < 2
        count = ["no hidden layer", "one hidden layer"][case.facts.hidden] if few else "no gradient to compare"
        return f"{headline}: there is {count}, and so no depth to vanish or explode in."
    return (
        f"{headline}: from the last of {case.facts.hidden} hidden layers back to the first it changes by a factor of "
        f"{power(ratio)} ({signed(ratio)} decades)."
    )


def _headline_in_time(headline: str, case: Case) -> str:
    layer, ratio = case.along_steps, (case.time_ratio and case.time_ratio.median) or 0.0
    where = "a recurrent layer" if layer is None else f"layer {layer.index}, a recurrent one,"
    return (
        f"{headline} along the steps of its sequences: from the last step of {where} back to the first it changes by "
        f"a factor of {power(ratio)} ({signed(ratio)} decades)."
    )


def _but(case: Case) -> str:
    """What a stable network's headline adds where it is expected to fail none the less."""
    lost = case.cause in (Cause.INPUT_COLLAPSE, Cause.RANK_COLLAPSE, Cause.MASK_NOISE)
    if lost or case.failure_risk.probability >= _HIGH_RISK:
        return f" in depth, {wording.BUT[case.cause if lost else None]}"
    return ""


def _place(evidence: Evidence) -> str:
    if evidence.overflow_layer is None:
        return "on its way back"
    if evidence.overflow_layer == 0:
        return "in its inputs already"
    return f"on its way forward, typically at layer {evidence.overflow_layer:.0f}"


def _normed(case: Case) -> str | None:
    """What a norm in front of the output layer takes from the depth ratio before it is judged."""
    depth, judged = case.depth_ratio.median, case.judged_ratio.median
    if depth is None or judged is None or depth == judged or case.axis is JudgedAxis.TIME:
        return None
    return (
        f"A norm stands before the output layer and undoes what the signal grew by ({signed(depth - judged)} decades): "
        f"judged is what is left, {signed(judged)} decades."
    )


def _shares(case: Case) -> str | None:
    """Which part of the depth ratio the weights have, which the activations, and which anything else."""
    ratio, shares = case.depth_ratio.median, _by_accounts(case)
    if case.facts.hidden < 2 or ratio is None or not shares or case.evidence.overflowed:
        return None
    size = max(abs(ratio), *map(abs, shares.values()))
    (account, decades), *others = shares.items()
    worker, verb = wording.WORKERS[account]
    parts = [f"{worker} {verb} for {signed(decades, size)} of these decades"]
    parts += [f"{wording.WORKERS[account][0]} for {signed(decades, size)}" for account, decades in others]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if others else parts)
    return f"{listed[0].upper()}{listed[1:]}."


def _by_accounts(case: Case) -> dict[str, float]:
    """The accounts of the depth ratio; that of the derivatives is what is left of it, so that they add up in print."""
    ratio = case.depth_ratio.median
    shares: dict[str, float] = {str(account): share for account, share in case.evidence.shares.items()}
    if ratio is not None and "derivative" in shares:
        shares["derivative"] = ratio - sum(share for account, share in shares.items() if account != "derivative")
    return shares


def _cause(case: Case) -> str | None:
    if case.cause is None:
        return None
    falls = case.vote.label is Label.VANISHING
    forward = case.forward_ratio.median
    (_, spread), (_, steps) = case.evidence.angular_spread, case.evidence.token_spread
    return _sentence(case).format(
        change="shrink" if falls else "grow",
        changes="takes from" if falls else "multiplies",
        size="small" if falls else "large",
        amount="less" if falls else "more",
        by="" if forward is None else f" ({signed(forward)} decades)",
        moves="" if forward is None else f" (the signal changes by {signed(forward)} decades)",
        spread=power(spread),
        steps=power(steps),
    )


def _sentence(case: Case) -> str:
    """The sentence of the cause."""
    if case.cause is Cause.GAIN:
        return _sentence_of_gain(case)
    if case.cause is Cause.MASK_NOISE and case.vote.label is Label.DEAD:
        return wording.NOTHING_DROPPED
    return "" if case.cause is None else wording.CAUSES[case.cause]


def _sentence_of_gain(case: Case) -> str:
    """The sentence of `gain`, by what it is that has too little or too much of it."""
    gated = any(layer.boundary and layer.kind in ("lstm", "gru") for layer in case.way_back)
    if case.axis is JudgedAxis.TIME:
        return wording.GAIN_OF_GATES if gated else wording.GAIN_OF_STEPS
    account = largest_account(case.vote.label, case.evidence)
    if account == "skip":
        return wording.GAIN_OF_BLOCKS
    if signal_follows(case.judged_ratio.median, case.evidence):
        return wording.CAUSES[Cause.GAIN]
    if gated:
        return wording.GAIN_OF_GATES
    return wording.GAIN_TAKEN if account == "weights" else wording.GAIN_NOT_MADE_UP


def _though_saturated(case: Case) -> str | None:
    """Saturated units are what people see; where the gradient explodes all the same, that they do not decide."""
    shares = [layer.saturated_fraction for layer in case.way_back if layer.boundary]
    saturated = median(share for share in shares if share is not None) if any(shares) else 0.0
    if case.vote.label is not Label.EXPLODING or saturated < _SATURATED_MOSTLY:
        return None
    return (
        f"That {100.0 * saturated:.0f} % of the hidden units are saturated does not help: "
        "the few that are not multiply the gradient by more than those lose."
    )


def _tendency(case: Case) -> str | None:
    budget, gain = case.rate.depth_budget, case.gain_per_layer.median
    contradicted = case.evidence.overflowed and case.rate.tendency is not Tendency.EXPLODING
    if budget is None or gain is None or contradicted:
        return None
    if case.rate.tendency is Tendency.STABLE:
        return f"Its rate, a factor of {gain:.6g} per layer, is too small to matter at any usual depth."
    verb = "vanish" if case.rate.tendency is Tendency.VANISHING else "explode"
    return (
        f"With more layers it tends to {verb}: by a factor of {gain:.3g} per layer, severely from about "
        f"{count(ceil(budget) + 1)} hidden layers on."
    )


def _theory(case: Case, around: Context) -> str | None:
    """What theory says where it is off, and why it may be."""
    predicted, difference = around.theory.depth_ratio, around.theory.difference
    if predicted is None or difference is None or abs(difference) <= _THEORY_OFF:
        return None
    wandering_by = wandering(case.facts.sum_inverse_width)
    if around.features < _FEW_FEATURES:
        why = f"the first layer adds up only {around.features} inputs, and theory takes their sum for normal"
    elif around.narrowest < _NARROW:
        why = f"its narrowest hidden layer has {around.narrowest} units, and theory is one of wide layers"
    else:
        why = f"theory is one of infinite width; at this one the ratio wanders by {wandering_by:.2g} decades by itself"
    return (
        f"Mean field theory predicts {signed(predicted)} decades, {signed(-difference)} from what was measured: {why}."
    )


def _risk(case: Case, wrong: bool) -> str:
    """How many such networks failed; where the scale is `wrong`, which those had right, that it counts besides."""
    risk, where = case.failure_risk, " whose scale is right" if wrong else ""
    return (
        f"Of networks with such numbers{where}, {percent(risk.probability)} failed to learn with "
        f"{wording.OPTIMISERS[risk.optimiser]} at the best of several rates."
    )


def _along_steps(case: Case) -> str | None:
    """What a sequence's steps do where time does not decide, and what lies too far back where it does."""
    layer = case.along_steps
    if layer is None or layer.time is None:
        return None
    ratio, memory = layer.time.time_ratio.median or 0.0, layer.time.memory_steps or 0.0
    decides = case.axis is JudgedAxis.TIME
    if decides and ratio < 0.0:
        return f"It cannot use what lies more than {memory:.3g} steps back."
    if decides:
        return f"It changes severely within {memory:.3g} steps."
    said = f"by a factor of {power(ratio)} ({signed(ratio)} decades)"
    end = (
        f"vanishes {said}: what lies more than {memory:.3g} steps back is hardly learned from"
        if ratio < 0.0
        else f"explodes {said}, severely so beyond {memory:.3g} steps"
    )
    return f"From the last step of layer {layer.index}, a recurrent one, back to its first the gradient {end}."


def _seeds(case: Case) -> str | None:
    if not case.vote.seed_dependent:
        return None
    typical = case.evidence.depth_ratio
    middle = "" if typical is None else f"; their median is {signed(typical)} decades"
    return (
        f"The seed decides: only {len(case.vote.agreeing)} of {case.vote.trials} trials agree with this label{middle}."
    )


def _flag(flag: Flag, case: Case) -> str:
    if flag is Flag.PRECISION_UNDERFLOW and (stored := case.facts.precision) and loses_gradients(stored):
        return _lost(stored)
    optimiser = case.failure_risk.optimiser
    return wording.FLAGS[flag].format(
        wandering=f"{wandering(case.facts.sum_inverse_width):.2g}",
        scale=", which has to do with scale, not with depth"
        if case.vote.label is Label.STABLE and case.along_steps is None
        else "",
        numbers=case.facts.fewest_in_statistics,
        optimiser=wording.OPTIMISERS[optimiser],
        rate=f"{USUAL_RATES[optimiser]:g}",
        update="nothing" if case.log10_update is None else power(case.log10_update),
    )


def _lost(stored: StoredGradients) -> str:
    """What a format of 16 bits loses of the gradients, and what would save it."""
    parts = (stored.underflow_share, "stored as 0"), (stored.overflow_share, "beyond its largest number")
    said = " and ".join(f"{100.0 * share:.3g} % are {what}" for share, what in parts if share)
    scale = stored.saving_loss_scale
    advice = "no other one saves more of them" if scale is None else f"{scale:.6g} saves most of them"
    return (
        f"Of all entries of the weights' gradients, {said} in {stored.format} at a loss scale of "
        f"{stored.loss_scale:.6g}; {advice}."
    )
