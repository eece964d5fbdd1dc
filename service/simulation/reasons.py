"""The judgement in sentences with the measured numbers; the first can be read alone."""

from service.simulation.causes import dominant_account
from service.simulation.gradients import StoredGradients
from service.simulation.results import Interval, Verdict
from service.simulation.statistics import Evidence
from service.simulation.verdict import Decision, loses_gradients, wandering
from service.simulation.vocabulary import Cause, Flag, Label, Severity, Tendency

CAUSES = {
    Cause.GAIN: "Signal and gradient change together: the scale of the weights is wrong for this activation.",
    Cause.SATURATION: "The signal does not fall with the gradient{moves}: {culprit}.",
    Cause.CHAOS: "The signal does not grow with the gradient{moves}, but small differences between inputs do.",
    Cause.NORMALISATION: "The signal does not change with the gradient{moves}: it is normalisation that {changes} it.",
    Cause.INPUT_COLLAPSE: "The gradient arrives, but all inputs have become one: there is little left to learn from.",
    Cause.SIGNAL_COLLAPSE: "The signal itself collapses, each layer taking more of it than the one before.",
    Cause.DEAD_UNITS: "Units are dead: on the flat side of their activation for every sample, they pass no gradient.",
    Cause.ZERO_WEIGHTS: "Weights of zero pass no gradient back.",
    Cause.FORWARD_OVERFLOW: "The numbers leave the range of the precision before there is a gradient to measure.",
}

_GAIN_OF_BLOCKS = (
    "Signal and gradient change together: where the branches of a block meet, {amount} comes out than went in."
)
"""The sentence of `gain` where blocks do it, whose weights may be right for their activation."""

FLAGS = {
    Flag.INPUT_COLLAPSE: "What tells the samples apart is below a twentieth of the signal in the last hidden layer.",
    Flag.TOO_DEEP_FOR_WIDTH: "The network is too deep for its width: at random weights like these the depth ratio "
    "wanders by about {wandering} decades from seed to seed.",
    Flag.TINY_GRADIENT: "Some weights get gradients below 1e-7{scale}.",
    Flag.HUGE_GRADIENT: "Some weights get gradients above 1e6{scale}.",
    Flag.SMALL_UPDATE: "A step of gradient descent at a rate of 0.01 would change the weights by {update} of their "
    "size; 1e-4 to 0.1 is usual.",
    Flag.LARGE_UPDATE: "A step of gradient descent at a rate of 0.01 would change the weights by {update} of their "
    "size; 1e-4 to 0.1 is usual.",
    Flag.PRECISION_UNDERFLOW: "Some numbers are below the smallest normal one of the precision and lose their digits.",
    Flag.SYMMETRIC_UNITS: "Two units of a hidden layer start as the same unit, with the same weights coming in and "
    "going out, and gradient descent never tells them apart.",
    Flag.SMALL_BATCH: "A batch_norm takes mean and variance over {numbers} numbers: below 8 they are mostly noise, and "
    "the gradient changes by that alone.",
}

HEADLINES = {
    (Label.VANISHING, Severity.MILD): "The gradient vanishes mildly",
    (Label.VANISHING, Severity.SEVERE): "The gradient vanishes severely",
    (Label.EXPLODING, Severity.MILD): "The gradient explodes mildly",
    (Label.EXPLODING, Severity.SEVERE): "The gradient explodes severely",
    (Label.STABLE, Severity.NONE): "The gradient is stable",
}


_WORKERS = {
    "weights": "the weights",
    "derivative": "the activations' derivatives",
    "normalisation": "normalisation",
    "skip": "blocks in which signals meet",
    "other": "other layers",
}


def verdict_of(case: Decision) -> Verdict:
    """The verdict as a client gets it, with its reasons in sentences."""
    vote, rate = case.vote, case.rate
    return Verdict(
        label=vote.label,
        severity=vote.severity,
        confidence=vote.confidence,
        seed_dependent=vote.seed_dependent,
        depth_ratio=case.depth_ratio,
        judged_ratio=case.judged_ratio,
        axis=case.axis,
        time_ratio=case.time_ratio,
        memory_steps=case.memory_steps,
        forward_ratio=case.forward_ratio,
        end_to_end_ratio=case.end_to_end_ratio,
        gain_per_layer=case.gain_per_layer,
        gain_per_layer_interval=None
        if rate.interval is None
        else Interval(low=rate.interval[0], high=rate.interval[1]),
        depth_budget=rate.depth_budget,
        branch=case.facts.branch,
        sum_inverse_width=case.facts.sum_inverse_width,
        mask_noise=case.mask_noise,
        input_similarity_kept=case.input_similarity_kept,
        log10_head_spread=case.log10_head_spread,
        failure_risk=case.failure_risk,
        tendency=rate.tendency,
        cause=case.cause,
        reasons=explain(case),
        flags=case.flags,
    )


def explain(case: Decision) -> list[str]:
    """What happened, from what, why, how fast, how surely, and what else."""
    said = [
        _headline(case),
        _branch(case),
        _shares(case),
        _cause(case),
        _tendency(case),
        _along_steps(case),
        _seeds(case),
        *(_flag(flag, case) for flag in case.flags),
    ]
    return [sentence for sentence in said if sentence]


def _branch(case: Decision) -> str | None:
    branch = case.facts.branch
    return branch and f"Measured along {branch}: of all branches its gradient changes most."


def _headline(case: Decision) -> str:
    vote, evidence, ratio = case.vote, case.evidence, case.evidence.depth_ratio
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
    if ratio is None or case.facts.hidden < 2:
        count = (
            ["no hidden layer", "one hidden layer"][case.facts.hidden]
            if case.facts.hidden < 2
            else "no gradient to compare"
        )
        return f"The gradient is stable: there is {count}, and so no depth to vanish or explode in."
    return (
        f"{HEADLINES[vote.label, vote.severity]}: from the last of {case.facts.hidden} hidden layers back to the first "
        f"it changes by a factor of {_power(ratio)} ({_signed(ratio)} decades, "
        f"on average a factor of {_power(ratio / (case.facts.hidden - 1))} per layer)."
    )


def _place(evidence: Evidence) -> str:
    if evidence.overflow_layer is None:
        return "on its way back"
    if evidence.overflow_layer == 0:
        return "in its inputs already"
    return f"on its way forward, typically at layer {evidence.overflow_layer:.0f}"


def _shares(case: Decision) -> str | None:
    """Which part of the depth ratio the weights have, which the activations, and which anything else."""
    ratio, shares = case.evidence.depth_ratio, _by_accounts(case.evidence)
    if case.facts.hidden < 2 or ratio is None or not shares or case.evidence.overflowed:
        return None
    (account, decades), *others = shares.items()
    parts = [f"{_signed(decades)} are the work of {_WORKERS[account]}"]
    parts += [f"{_signed(decades)} that of {_WORKERS[account]}" for account, decades in others]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if others else parts)
    return f"Of these decades, {listed}."


def _by_accounts(evidence: Evidence) -> dict[str, float]:
    """The accounts of the depth ratio; that of the derivatives is what is left of it, so that they add up in print."""
    ratio = evidence.depth_ratio
    shares: dict[str, float] = {str(account): share for account, share in evidence.shares.items()}
    if ratio is not None and "derivative" in shares:
        shares["derivative"] = ratio - sum(share for account, share in shares.items() if account != "derivative")
    return shares


def _cause(case: Decision) -> str | None:
    if case.cause is None:
        return None
    shares, ratio = _by_accounts(case.evidence), case.evidence.depth_ratio or 0.0
    forward = case.evidence.forward_ratio
    sentence = CAUSES[case.cause]
    if case.cause is Cause.GAIN and dominant_account(case.evidence) == "skip":
        sentence = _GAIN_OF_BLOCKS
    return sentence.format(
        changes="multiplies" if ratio > 0.0 else "takes from",
        amount="more" if ratio > 0.0 else "less",
        moves="" if forward is None else f" ({_signed(forward)} decades)",
        culprit="the activation is too flat where it works"
        if shares.get("derivative", 0.0) < shares.get("weights", 0.0)
        else "the weights take more from what goes back than from what goes forward",
    )


def _tendency(case: Decision) -> str | None:
    budget, gain = case.rate.depth_budget, case.gain_per_layer.median
    contradicted = case.evidence.overflowed and case.rate.tendency is not Tendency.EXPLODING
    if budget is None or gain is None or contradicted:
        return None
    if case.rate.tendency is Tendency.STABLE:
        return f"Its rate, a factor of {gain:.6g} per layer, is too small to matter at any usual depth."
    verb = "vanish" if case.rate.tendency is Tendency.VANISHING else "explode"
    return (
        f"At a factor of {gain:.3g} per layer it is prone to {verb}, "
        f"severely so after {budget:.3g} steps from layer to layer."
    )


def _along_steps(case: Decision) -> str | None:
    layer = case.along_steps
    if layer is None or layer.time is None:
        return None
    ratio, memory = layer.time.time_ratio.median or 0.0, layer.time.memory_steps or 0.0
    said = f"by a factor of {_power(ratio)} ({_signed(ratio)} decades)"
    end = (
        f"vanishes {said}: what lies more than {memory:.3g} steps back is hardly learned from"
        if ratio < 0.0
        else f"explodes {said}, severely so beyond {memory:.3g} steps"
    )
    return f"From the last step of layer {layer.index}, a recurrent one, back to its first the gradient {end}."


def _seeds(case: Decision) -> str | None:
    if not case.vote.seed_dependent:
        return None
    return (
        f"The seed decides: only {len(case.vote.agreeing)} of {case.vote.trials} trials agree with this label, "
        "and it is their median that is described here."
    )


def _flag(flag: Flag, case: Decision) -> str:
    if flag is Flag.PRECISION_UNDERFLOW and (stored := case.facts.precision) and loses_gradients(stored):
        return _lost(stored)
    return FLAGS[flag].format(
        wandering=f"{wandering(case.facts.sum_inverse_width):.2g}",
        scale=", which has to do with scale, not with depth"
        if case.vote.label is Label.STABLE and case.along_steps is None
        else "",
        numbers=case.facts.fewest_in_statistics,
        update="nothing" if case.log10_update is None else _power(case.log10_update),
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


def _signed(decades: float) -> str:
    return f"{round(decades, 2) + 0.0:+.2f}".replace("-", "−")


def _power(decades: float) -> str:
    """10**decades in three digits, also where no float holds it."""
    return f"{10.0**decades:.3g}" if abs(decades) < 300 else f"1e{decades:.0f}"
