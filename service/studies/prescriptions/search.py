"""Changes are proposed, simulated with the same seeds, and ranked; two together where none suffices."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations, islice
from math import inf
from typing import Any

from service.core.errors import BudgetExceeded
from service.simulation.estimate import Limits, check_budget, cost
from service.simulation.gradients import StoredGradients
from service.simulation.measure import measure, measured_in_turn
from service.simulation.plan import Plan
from service.simulation.results import InitialScale
from service.simulation.scale import ScaleEntry
from service.simulation.simulate import diagnosed
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label
from service.studies.prescriptions import data, structure, weights
from service.studies.prescriptions.results import Condition, Lines, Prescription, Prescriptions
from service.studies.prescriptions.subject import Builder, Change, Remedy, Subject

RISK_WANTED = 0.1
"""A network with less risk than this, and with nothing wrong in its scale, needs no change."""
_MOST_SHOWN = 8
_MOST_PAIRED = 6
_MOST_PAIRS = 10
_QUICK_OPERATIONS = 1.2e10
"""What all simulations together shall take at most, half a second of a processor, as long as trials can be spared."""
_USUAL_COUNT = 16
_FEWEST_TRIALS = 4
_BY_RATE = (ScaleEntry.STEP_KILLS_UNITS, ScaleEntry.NO_USUAL_RATE)
"""What a smaller learning rate mends."""
_LESS = 0.7
"""Of the initial loss, from which it is told to have fallen."""
_GONE = {
    ScaleEntry.STEP_KILLS_UNITS: "the first step kills no units",
    ScaleEntry.NO_USUAL_RATE: "usual rates lower the loss",
    ScaleEntry.OUTPUT_SATURATION: "outputs no longer saturated",
    ScaleEntry.FIRST_LAYER_SATURATION: "the first layer no longer saturated",
    ScaleEntry.GRADIENT_IMBALANCE: "the gradients of all layers of one size",
}
"""What is said where a fault is gone."""
_FAULT = 0.3
"""How much risk a fault of scale counts for."""


def prescribe(spec: SimulationSpec, limits: Limits, processes: int = 1) -> Prescriptions:
    """The changes that mend `spec`, the best first; a SpecError where it does not fit together, or BudgetExceeded."""
    subject = Subject.of(spec)
    search = _Search.of(subject, limits, processes)
    if search.is_fine:
        return search.answer()
    search.attempt(subject, ((change, one) for one in _builders(search.stored) for change in one(subject)))
    search.attempt(subject, ((pair, None) for pair in islice(_pairs(search.tried), _MOST_PAIRS)))
    search.slow_down(subject)
    return search.answer()


@dataclass(frozen=True)
class _Trial:
    """A change that was simulated."""

    change: Change
    subject: Subject
    builder: Builder | None  # None of a pair
    after: Condition

    @property
    def left(self) -> float:
        """What is left to mend."""
        return _left(self.after)

    @property
    def rank(self) -> tuple[float, float, float]:
        """By what is left, to a twentieth, then by how little changes, then by the risk itself."""
        rounded = max(1, round(20.0 * self.left)) if self.left > 0.0 else 0
        return rounded, self.change.effort, self.after.failure_risk


@dataclass
class _Search:
    """What has been tried, and what may be spent yet."""

    limits: Limits
    processes: int
    trials: int
    before: Condition
    scale: InitialScale
    stored: StoredGradients | None
    spent: float
    tried: list[_Trial] = field(default_factory=list)
    left_out: int = 0
    seen: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, subject: Subject, limits: Limits, processes: int) -> "_Search":
        """With the network as it is simulated."""
        made = _with_trials(subject.plan, _affordable(subject.plan, limits))
        check_budget(made, limits)
        decided, scale, stored = diagnosed(made, measure(made, processes))
        spent = cost(made).floating_point_operations
        before = Condition.of(decided, scale, stored)
        return cls(limits, processes, made.spec.trials, before, scale, stored, spent, seen=[subject.document])

    @property
    def is_fine(self) -> bool:
        """Whether there is nothing to mend."""
        return _left(self.before) == 0.0

    def attempt(self, subject: Subject, changes: Iterable[tuple[Change, Builder | None]]) -> None:
        """Simulate `subject` with each of some changes, those of one shape together, and keep what each leads to."""
        tried = [(*one, changed) for one in changes if (changed := self._worth_trying(subject, one[0]))]
        plans = [_with_trials(changed.plan, self.trials) for _, _, changed in tried]
        found = measured_in_turn(plans, self.processes)
        after = {number: Condition.of(*diagnosed(plans[number], measured)) for number, measured in found}
        self.tried += [
            _Trial(change, changed, builder, after[number]) for number, (change, builder, changed) in enumerate(tried)
        ]

    def _worth_trying(self, subject: Subject, change: Change) -> Subject | None:
        """`subject` with `change`, where that fits together, is new, and may be afforded."""
        changed = subject.changed(change.edits)
        if changed is None or changed.document in self.seen:
            return None
        self.seen.append(changed.document)
        made = _with_trials(changed.plan, self.trials)
        asked = cost(made).floating_point_operations
        if not _fits(made, self.limits) or self.spent + asked > self.limits.floating_point_operations:
            self.left_out += 1
            return None
        self.spent += asked
        return changed

    def slow_down(self, subject: Subject) -> None:
        """A smaller learning rate, which was tried already."""
        step = self.scale.first_step
        for change in data.learning_rate(step.optimiser, step.usual_rate, step.largest_stable_rate):
            scale = [entry for entry in self.before.scale if entry not in _BY_RATE]
            self.tried.append(_Trial(change, subject, None, self.before.model_copy(update={"scale": scale})))

    def answer(self) -> Prescriptions:
        """The changes that help, the best first."""
        now = _left(self.before)
        helping = sorted((one for one in self.tried if one.left < now), key=lambda one: one.rank)
        found = [_prescription(self.before, one) for one in helping[:_MOST_SHOWN]]
        return Prescriptions(
            summary=_summary(self, found),
            before=self.before,
            prescriptions=found,
            trials=self.trials,
            tried=len(self.tried),
            left_out=self.left_out,
        )


def _left(condition: Condition) -> float:
    """What is left of the risk, beyond what is wanted, and of faults: of scale, of 16 bits, and no gradient at all."""
    faults = len(condition.scale) + condition.loses_gradients + (condition.label is Label.DEAD)
    return max(condition.failure_risk - RISK_WANTED, 0.0) + _FAULT * faults


def _builders(stored: StoredGradients | None) -> Iterator[Builder]:
    """What proposes changes, the cheapest and likeliest first."""
    saving = stored.saving_loss_scale if stored else None
    yield lambda subject: data.loss_scale(saving)
    yield data.precision
    yield from (
        data.inputs,
        data.targets,
        weights.initializers,
        weights.small_inputs,
        weights.forget_bias,
        data.dropout,
    )
    yield structure.branch_scale
    for kind in ("relu", "tanh"):
        yield partial(_then, partial(structure.activation, kind), weights.initializers)
    yield from (partial(structure.norms, kind) for kind in ("layer_norm", "batch_norm"))
    yield from (partial(structure.residual, normed) for normed in (False, True))
    yield from (structure.norms_in_branches, weights.orthogonal, structure.cells)
    yield from (partial(structure.fewer, divisor) for divisor in (2, 4))


def _then(first: Builder, second: Builder, subject: Subject) -> Iterator[Change]:
    """What `first` proposes, each with what `second` proposes afterwards, or alone."""
    for one in first(subject):
        changed = subject.changed(one.edits)
        for two in islice(second(changed), 1) if changed else ():
            words = f"{one.words}, with {two.words.partition(' instead of ')[0]}"
            lines = (f"{one.pytorch}; {two.pytorch}", f"{one.keras}, {two.keras}")
            yield Change(one.remedy, words, one.edits + two.edits, one.effort, *lines)
            break
        else:
            yield one


def _pairs(tried: list[_Trial]) -> Iterator[Change]:
    """Two changes of different kinds that change less than what suffices alone; those first that leave least."""
    best: dict[Remedy, _Trial] = {}
    for one in sorted(tried, key=lambda one: one.rank):
        best.setdefault(one.change.remedy, one)
    enough = min((one.change.effort for one in tried if one.left == 0.0), default=inf)
    pairs = combinations(list(best.values())[:_MOST_PAIRED], 2)
    smaller = (pair for pair in pairs if pair[0].change.effort + pair[1].change.effort < enough)
    for one, two in sorted(smaller, key=lambda pair: pair[0].left + pair[1].left):
        first, second = sorted((one, two), key=lambda trial: trial.change.effort)
        if second.builder is not None:
            yield from (_both(first.change, change) for change in islice(second.builder(first.subject), 2))


def _both(one: Change, two: Change) -> Change:
    words = f"{one.words}; and {two.words}"
    lines = [f"{a}\n{b}" if a and b else a or b for a, b in ((one.pytorch, two.pytorch), (one.keras, two.keras))]
    return Change(Remedy.COMBINATION, words, one.edits + two.edits, one.effort + two.effort, *lines)


def _with_trials(made: Plan, trials: int) -> Plan:
    return replace(made, spec=made.spec.model_copy(update={"trials": trials, "include": []}))


def _affordable(made: Plan, limits: Limits) -> int:
    """So many trials that all simulations are quick, or at least fit into the limits."""
    asked = cost(made).floating_point_operations / made.trials
    quick = int(_QUICK_OPERATIONS / _USUAL_COUNT / asked)
    fitting = int(limits.floating_point_operations / _USUAL_COUNT / asked)
    fewest = max(1, min(_FEWEST_TRIALS, fitting))
    return min(made.spec.trials, max(fewest, quick))


def _fits(made: Plan, limits: Limits) -> bool:
    try:
        check_budget(made, limits)
    except BudgetExceeded:
        return False
    return True


def _prescription(before: Condition, one: _Trial) -> Prescription:
    change, after = one.change, one.after
    does = _difference(before, after) if change.edits else "the first step then lowers the loss"
    return Prescription(
        sentence=f"{change.words}: {does}.",
        kind=change.remedy,
        patch=list(change.edits),
        spec=SimulationSpec.model_validate(one.subject.document),
        before=before,
        after=after,
        lines=Lines(pytorch=change.pytorch, keras=change.keras) if change.pytorch and change.keras else None,
    )


def _difference(before: Condition, after: Condition) -> str:
    """What a change does, with the numbers measured, those left out that stay as they were."""
    parts = []
    if before.ratio is not None and after.ratio is not None:
        parts.append(f"depth ratio {_decades(before.ratio)} → {_decades(after.ratio)}")
    parts.append(f"risk {before.failure_risk:.2f} → {after.failure_risk:.2f}")
    loss, after_loss = before.initial_loss, after.initial_loss
    if ScaleEntry.INITIAL_LOSS in before.scale and loss and after_loss and after_loss < _LESS * loss:
        parts.append(f"initial loss {loss:.3g} → {after_loss:.3g}")
    telling = [part for part in parts if part.split()[-3] != part.split()[-1]]
    saved = ["16 bits hold the gradients"] if before.loses_gradients and not after.loses_gradients else []
    gone = saved + [_GONE[entry] for entry in before.scale if entry not in after.scale and entry in _GONE]
    return ", ".join([*telling, *gone] or parts[-1:])


def _decades(value: float) -> str:
    """Three significant digits at most, with a sign."""
    return f"{round(value, 2) + 0.0:+.3g}".replace("-", "−")


def _summary(search: _Search, found: list[Prescription]) -> str:
    if search.is_fine:
        return f"There is nothing to mend: the risk is {search.before.failure_risk:.2f}, and the scale is right."
    if not found:
        return f"None of the {len(search.tried)} changes that were tried leaves less of the risk."
    return found[0].sentence
