"""An activation → a rubric that asks about it, with solutions; what the service cannot answer itself is left out."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from itertools import permutations
from typing import Any, NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from service.core.errors import InvalidActivation
from service.core.kinds import Model, members
from service.core.validation import faults_of
from service.formulas.language.differentiate import DerivativeTooLong
from service.formulas.language.tree import Expr
from service.formulas.language.write import latex, plain
from service.grading.claims.base import Simulate
from service.grading.grade import grade, once
from service.grading.results import CheckStatus
from service.grading.rubrics import rubric_report
from service.grading.spec import GradingSpec, Rubric
from service.nn.activations import Activation, AnyActivation
from service.simulation.simulate import simulate
from service.simulation.vocabulary import Label
from service.theory.bounds import bounds
from service.theory.facts import Bound

_LONGEST_SHOWN = 100
"""Characters of a formula in a title, which has room for 200."""
_DECIMALS, _MOST_DECIMALS = 5, 15
_LONGEST_NUMBER = 400
"""Digits: a bound may be as large as a double."""
_SLIPS = {"differs_by_sign": 0.5, "square_missing": 0.5, "term_sign": 0.5}
_RIVALS = ("sigmoid", "relu")
_PAIR, _DEEP = (2, 128, 32), (20, 64, 16)
"""Hidden layers, units of each and trials: the networks of the course."""


class Proposals(Model):
    """A rubric that asks about an activation, and what is right."""

    activation: AnyActivation
    """The activation."""
    formula: str
    """Its formula as it was understood."""
    latex: str
    """The formula in LaTeX."""
    derivative: str | None
    """The derivative; null where it is too long to be read."""
    derivative_latex: str | None
    """The derivative in LaTeX; null likewise."""
    rubric: Rubric
    """The claims that are proposed, in the order in which they may be asked."""
    solutions: dict[str, JsonValue]
    """An answer to each of them that gets all points, by the ids of the claims."""
    left_out: list[str]
    """What might be asked as well, and why it is not proposed: a sentence for each."""


class _Draft(NamedTuple):
    """A claim, and answers of which one may be right."""

    claim: dict[str, Any]
    candidates: list[JsonValue]


def activation_of(text: str, parameters: str = "") -> Activation:
    """The activation of that kind or with that formula of z; InvalidActivation where it is neither.

    `parameters` are written as `b = 1.7, c = 2`.
    """
    kinds = {kind.kind_name() for kind in members(Activation)} - {"expression"}  # type: ignore[type-abstract]
    items = [item.strip() for item in parameters.replace(";", ",").split(",") if item.strip()]
    values = dict(_parameter(item, text in kinds) for item in items)
    own = {"kind": "expression", "formula": text, "parameters": values}
    body = {"kind": text, **values} if text in kinds else own
    try:
        activation: Activation = TypeAdapter(AnyActivation).validate_python(body)
    except ValidationError as error:
        raise InvalidActivation(faults_of(error.errors(), body)[0].detail) from None
    if activation.only_output:
        raise InvalidActivation(f"{text} is a function of a whole layer; claims are proposed for functions of one z.")
    return activation


def proposals_json(activation: Activation, _processes: int = 1) -> bytes:
    """The proposals for `activation` as JSON without what are defaults: what a worker process is asked for."""
    return proposals(activation, simulate).model_dump_json(exclude_unset=True).encode()


def proposals(activation: Activation, simulate: Simulate) -> Proposals:
    """The claims about `activation` whose truth is known; InvalidActivation where there is none."""
    remembered, title = once(simulate), _about("The activation {}", activation)
    claims: list[dict[str, Any]] = []
    solutions: dict[str, JsonValue] = {}
    left_out: list[str] = []
    for claim, candidates in _drafts(activation):
        right = [one for one in candidates if _is_right(claim, one, remembered)][:1]
        if right:
            claims.append(claim)
            solutions[claim["id"]] = right[0]
        else:
            left_out.append(f"“{claim['title']}”: the service does not know the answer for certain.")
    if not claims:
        raise InvalidActivation("No claim can be proposed: the service knows no answer for certain.")
    slope = _slope(activation)
    return Proposals(
        activation=activation,
        formula=plain(activation.tree),
        latex=latex(activation.tree),
        derivative=None if slope is None else plain(slope),
        derivative_latex=None if slope is None else latex(slope),
        rubric=Rubric.model_validate({"id": f"about_{activation.kind}", "title": title, "claims": claims}),
        solutions=solutions,
        left_out=left_out,
    )


def _parameter(item: str, of_kind: bool) -> tuple[str, float | str]:
    """A name and a number, or a word: some kinds have one of a few."""
    name, _, value = (part.strip() for part in item.partition("="))
    with suppress(ValueError):
        return name, float(value)
    if of_kind and value:
        return name, value
    raise InvalidActivation(f"“{item}” is no parameter; write parameters as b = 1.7, c = 2.")


def _is_right(claim: dict[str, Any], answer: JsonValue, simulate: Simulate) -> bool:
    """Whether `answer` gets all points, and not for being as good as another at a border."""
    rubric = Rubric.model_validate({"id": "draft", "claims": [claim]})
    if not rubric_report(rubric).valid:
        return False
    (check,) = grade(GradingSpec(rubric=rubric, answers={claim["id"]: answer}), simulate).checks
    return check.status is CheckStatus.CORRECT and check.code != "borderline"


def _drafts(activation: Activation) -> Iterator[_Draft]:
    slope, known = _slope(activation), bounds(activation.closed)
    if slope is not None:
        yield _derivative(activation, slope)
    yield _bound(activation, "abs_derivative", "upper", known.abs_derivative.sup)
    yield _bound(activation, "derivative", "lower", known.derivative.inf)
    yield _bound(activation, "derivative", "upper", known.derivative.sup)
    yield from _verdicts(activation)
    yield _linear_output(activation)
    yield _ranking(activation)


def _slope(activation: Activation) -> Expr | None:
    with suppress(DerivativeTooLong):
        return activation.slope
    return None


def _derivative(activation: Activation, slope: Expr) -> _Draft:
    claim = _claim("derivative", "expression", 2, _about("The derivative of {}", activation))
    return _Draft({**claim, "derivative_of": _written(activation), "partial": _SLIPS}, [plain(slope)])


def _bound(activation: Activation, quantity: str, side: str, truth: Bound) -> _Draft:
    """A bound from one side, rounded outwards; where there is none, whether there is one."""
    named = "|φ'(z)|" if quantity == "abs_derivative" else "φ'(z)"
    name, above = f"{quantity}_{side}", side == "upper"
    if truth.unbounded:
        words = ["bounded", "unbounded"]
        claim = _claim(name, "choice", 1, f"Is {named} bounded from {'above' if above else 'below'}?")
        return _Draft({**claim, "choices": words, "expected": words[1:]}, [words[1]])
    best, rounded = ("smallest upper", "up") if above else ("largest lower", "down")
    digits, number = _outwards(truth, above)
    title = f"The {best} bound of {named}, rounded {rounded} to {digits} decimals"
    asked: dict[str, Any] = {"require": "tight", "decimals": digits}
    if quantity == "abs_derivative":
        title, asked = f"A number that {named} never exceeds; it need not be the smallest", {"require": "valid"}
    claim = {**_claim(name, "bound", 1, title), "activation": _written(activation), "quantity": quantity}
    answer = f"{named.replace('φ', 'f')} {'<=' if above else '>='} {number}"
    return _Draft({**claim, "side": side, **asked}, [answer])


def _outwards(truth: Bound, above: bool) -> tuple[int, str]:
    """How many decimals, and the bound in as many, on its safe side; of small ones there are more."""
    exact = Decimal(truth.decimal or "0")
    digits = min(_MOST_DECIMALS, max(_DECIMALS, _DECIMALS - exact.adjusted() - 1 if exact else 0))
    with localcontext(prec=_LONGEST_NUMBER):
        rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_CEILING if above else ROUND_FLOOR)
        return digits, f"{rounded.normalize():f}" if rounded else "0"


def _verdicts(activation: Activation) -> Iterator[_Draft]:
    for name, judge_by, shape, title in (
        ("two_layers", "label", _PAIR, "Two hidden layers of 128, N(0, 1/n): is the gradient {} at this depth?"),
        ("deep", "tendency", _DEEP, "Layers of 64, N(0, 1/n): what does the gradient tend to with more layers: {}?"),
    ):
        claim = _claim(name, "verdict", 1, title.format("dead, exploding, vanishing or stable"))
        yield _Draft({**claim, "judge_by": judge_by, "simulation": _network(_written(activation), *shape)}, [*Label])


def _linear_output(activation: Activation) -> _Draft:
    title = "Counted from the error at the output, is it more, less or equally prone to explode with a linear output?"
    claim = _claim("linear_output", "change", 1, title)
    patch = [{"op": "replace", "path": "/network/layers/1/activation", "value": {"kind": "linear"}}]
    simulation = _network(_written(activation), *_PAIR)
    return _Draft({**claim, "simulation": simulation, "patch": patch, "by": "exploding"}, ["more", "less", "equally"])


def _ranking(activation: Activation) -> _Draft:
    rivals = {name: {"kind": name} for name in _RIVALS if name != activation.kind}
    networks = {kind: _network(one, *_DEEP) for kind, one in {"phi": _written(activation), **rivals}.items()}
    title = f"{', '.join(networks)} by how prone they are to vanish with more layers, the most prone first; phi is φ"
    claim = {**_claim("ranking", "ranking", 2, title), "of": networks, "by": "vanishing"}
    return _Draft(claim, [list(order) for order in permutations(networks)])


def _claim(name: str, kind: str, points: int, title: str) -> dict[str, Any]:
    return {"id": name, "kind": kind, "points": points, "title": title}


def _network(activation: dict[str, Any], layers: int, units: int, trials: int) -> dict[str, Any]:
    weights = {"kind": "lecun_normal"}
    hidden = {"kind": "dense", "units": units, "activation": activation, "weights": weights}
    output = {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}, "weights": weights}
    stack = [{"kind": "repeat", "times": layers, "layers": [hidden]}, output]
    return {"network": {"features": units, "layers": stack}, "trials": trials, "seed": 2}


def _written(activation: Activation) -> dict[str, Any]:
    """The activation as JSON, with what was said of it alone."""
    return {"kind": activation.kind, **activation.model_dump(exclude_defaults=True)}


def _about(words: str, activation: Activation) -> str:
    """A title with the formula in it, where that is short enough."""
    formula = plain(activation.tree)
    values = ", ".join(f"{name} = {value:g}" for name, value in activation.values.items())
    shown = f"φ(z) = {formula}{f' with {values}' if values else ''}"
    return words.format(shown if len(shown) <= _LONGEST_SHOWN else "φ(z)")
