"""Other initialisers: critical ones by theory, by the names that frameworks have where one is near."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import inf, log, sqrt

from service.core.pointers import Edit
from service.nn.activations import Activation
from service.nn.activations.smooth import Linear
from service.nn.cells import CellKind
from service.nn.initializers import Initializer, NoBias
from service.nn.initializers.base import Normal
from service.nn.initializers.matrices import ExplicitInitializer, Identity, Orthogonal
from service.nn.layers.attention import Attention
from service.nn.layers.base import Parameter
from service.nn.layers.recurrent import Recurrent
from service.nn.layers.transformer_block import TransformerBlock
from service.studies.prescriptions.lines import lines_of
from service.studies.prescriptions.subject import Change, Json, Remedy, Site, Subject, put, short
from service.theory.balance import USUAL_DEPTH, balanced_weight_variance
from service.theory.critical import critical_initialisations
from service.theory.gaussian import moments

_SAME = log(1.15)
"""σ_w² that differ by less are left as they are."""
_NEAR = log(1.6)
"""σ_w² of a name that frameworks have may differ by so much from theory's."""
_NAMED = {"he": 2.0, "lecun": 1.0}
_MOST_SCALES = 3
_LARGEST_USUAL = 10.0
"""σ_w² beyond which units work on both flat ends: it keeps a gradient, and hardly trains better than a flat one."""
_UNUSUAL = 1.5
"""How much more that changes than other weights."""
_SHALLOW = 3
"""Hidden layers up to which any σ_w² keeps a gradient, and 1 keeps the units where they work best."""
_LARGEST_OUTPUT = 4.0
"""σ_w² of an output layer beyond which its predictions are certain before anything is learnt."""
_LARGEST_BIAS = 0.4
"""The variance of a bias beyond which it is drawn anew with the weights."""
_LEFT = (ExplicitInitializer, Identity)


@dataclass(frozen=True)
class _Matrix:
    """A field of a layer that says how weights are drawn."""

    site: Site
    field: str
    copies: tuple[Parameter, ...]
    activation: Activation
    recurrent: bool = False

    @property
    def initializer(self) -> Initializer:
        return self.copies[-1].initializer

    @property
    def scale(self) -> float | None:
        """σ_w², fan_in times the variance of a weight; None where entries have a mean or are not independent."""
        one = self.copies[-1]
        variance = one.initializer.variance(one.fan_in, one.fan_out)
        return None if variance is None else variance * one.fan_in

    def off(self, wanted: float) -> bool:
        """Whether its σ_w² is another than `wanted`; an output layer may have a smaller one."""
        if isinstance(self.initializer, _LEFT):
            return False
        scale = self.scale
        if self.recurrent:
            return not isinstance(self.initializer, Orthogonal) or abs(self.initializer.gain - sqrt(wanted)) > 0.05
        if scale is None or scale == 0.0:
            return True
        return scale > _LARGEST_OUTPUT if self.site.output else abs(log(scale / wanted)) > _SAME


@lru_cache(maxsize=256)
def _scales(activation: Activation, depth: int) -> list[float]:
    """σ_w² that keep a gradient: critical ones, that which keeps it over so many layers, and 1/E[φ'(Z)²]."""
    found = [one.weight_variance for one in critical_initialisations(activation, 0.0).initialisations]
    if depth <= _SHALLOW and min(found, default=inf) > _LARGEST_OUTPUT:
        found = [1.0]
    balanced = balanced_weight_variance(activation, depth=max(2, min(depth, USUAL_DEPTH)))
    slope = moments(activation, 1.0).slope
    found += ([balanced] if balanced else []) + ([1.0 / slope] if slope > 0.0 else [])  # not where it is NaN
    new: list[float] = []
    for one in found:
        new += [] if any(abs(log(one / two)) < _SAME for two in new) else [one]
    return new


def initializers(subject: Subject) -> Iterator[Change]:
    """Weights of every layer for the activation they work with; by name, then exactly as theory has it."""
    found = [_redrawn(subject, which, named) for which in range(_MOST_SCALES) for named in (True, False)]
    changes = [one for one in found if one is not None]
    yield from (one for number, one in enumerate(changes) if one.edits not in [two.edits for two in changes[:number]])


def orthogonal(subject: Subject) -> Iterator[Change]:
    """Orthogonal matrices with the critical gain, where all signals keep their sizes exactly."""
    matrices = [one for one in _matrices(subject) if one.field == "weights" and not one.site.output]
    dense = [one for one in matrices if one.site.node.kind == "dense" and not isinstance(one.initializer, _LEFT)]
    edits, gains = [], set()
    for one in dense:
        gain = short(sqrt(_wanted(one, 0, len(subject.plan.depth.gradients)) or 1.0), 1e-3)
        gains.add(gain)
        edits.append(put(f"{one.site.pointer}/weights", {"kind": "orthogonal", "gain": gain}))
    if not edits:
        return
    gain = max(gains)
    yield Change(
        Remedy.INITIALIZER,
        f"Orthogonal weights with gain {gain:g} in place of {dense[0].initializer.kind}",
        tuple(edits),
        2.5,
        f"nn.init.orthogonal_(layer.weight, gain={gain:g})",
        f"kernel_initializer=keras.initializers.Orthogonal(gain={gain:g})",
    )


def small_inputs(subject: Subject) -> Iterator[Change]:
    """Orthogonal recurrences, and input weights so small that all steps together bring a variance of 1."""
    cells = [one for one in subject.leaves if isinstance(one.node, Recurrent) and one.node.cell is CellKind.RNN]
    steps = max((one.planned[0].shape[0] for one in cells), default=0)
    drawn = {"kind": "variance_scaling", "scale": short(1.0 / max(1, steps)), "distribution": "normal"}
    edits = []
    for one in cells:
        edits += [put(f"{one.pointer}/weights", drawn), put(f"{one.pointer}/recurrent_weights", {"kind": "orthogonal"})]
    if edits:
        torch, keras = lines_of(drawn)
        yield Change(
            Remedy.INITIALIZER,
            f"Orthogonal recurrent weights, and input weights of variance 1/(fan_in · {steps} steps)",
            tuple(edits),
            2.6,
            f"nn.init.orthogonal_(rnn.weight_hh_l0); {torch.replace('layer.weight', 'rnn.weight_ih_l0')}",
            f'recurrent_initializer="orthogonal", {keras}',
        )


def forget_bias(subject: Subject) -> Iterator[Change]:
    """Open forget gates of LSTMs."""
    cells = [one for one in subject.leaves if isinstance(one.node, Recurrent) and one.node.cell is CellKind.LSTM]
    for value in (1.0, 2.0, 4.0):
        edits = [put(f"{one.pointer}/forget_bias", value) for one in cells if _forget_bias_of(one) < value]
        if edits:
            yield Change(
                Remedy.FORGET_BIAS,
                f"Forget gates with a bias of {value:g} in place of {min(map(_forget_bias_of, cells)):g}",
                tuple(edits),
                1.5,
                f"n = lstm.hidden_size; lstm.bias_ih_l0.data[n:2 * n] = {value:g}; lstm.bias_hh_l0.data[n:2 * n] = 0",
                "keras.layers.LSTM(…, unit_forget_bias=True)" if value == 1.0 else _keras_forget_bias(value),
            )


def _keras_forget_bias(value: float) -> str:
    return f"n = lstm.units; b = lstm.cell.bias.numpy(); b[n:2 * n] = {value:g}; lstm.cell.bias.assign(b)"


def _forget_bias_of(site: Site) -> float:
    return float(getattr(site.planned[0].node, "forget_bias", 0.0))


def _redrawn(subject: Subject, which: int, named: bool) -> Change | None:
    """All matrices that are off, drawn at one of the scales that theory has for them, and zeros for large biases."""
    steps = [site.planned[0].shape[0] for site in subject.leaves if isinstance(site.node, Recurrent)]
    depth = max([len(subject.plan.depth.gradients), *steps])
    matrices = list(_matrices(subject))
    wanted = [_wanted(one, which, depth) for one in matrices]
    found = (
        (one, _drawn(one, scale, named))
        for one, scale in zip(matrices, wanted, strict=True)
        if scale is not None and one.off(scale)
    )
    drawn = [(one, value) for one, value in found if value != {"kind": one.initializer.kind}]  # else it is near already
    biases = [edit for one in matrices for edit in _bias_edits(one)]
    edits = (*(put(f"{one.site.pointer}/{one.field}", value) for one, value in drawn), *biases)
    if not edits:
        return None
    words, lines, unusual = [], [], 0.0
    if drawn:
        words, lines = [_words(*drawn[0])], [lines_of(drawn[0][1])]
        unusual = _UNUSUAL if drawn[0][1].get("scale", 0.0) > _LARGEST_USUAL else 0.0
    if biases:
        words.append("biases of zeros")
        lines.append(("nn.init.zeros_(layer.bias)", 'bias_initializer="zeros"'))
    effort = 2.0 + unusual + 0.01 * (2 * which + (not named))
    torch, keras = zip(*lines, strict=True)
    said = " and ".join(words)
    return Change(Remedy.INITIALIZER, said, edits, effort, "; ".join(torch), ", ".join(keras))


def _wanted(one: _Matrix, which: int, depth: int) -> float | None:
    """The σ_w² that it should have; None where there is none, or no second one."""
    if one.site.output:
        return 1.0
    scales = _scales(one.activation, depth)
    return scales[min(which, len(scales) - 1)] if scales else None


def _drawn(one: _Matrix, wanted: float, named: bool) -> Json:
    """How it is drawn so that σ_w² is `wanted`, or that of a name near it."""
    if one.recurrent:
        gain = short(sqrt(wanted), 1e-3)
        return {"kind": "orthogonal"} if gain == 1.0 else {"kind": "orthogonal", "gain": gain}
    fans = {copy.fan_in for copy in one.copies}
    if isinstance(one.initializer, Normal) and len(fans) == 1:
        return {"kind": "normal", "std": short(sqrt(wanted / fans.pop()))}
    shape = "uniform" if _is_uniform(one.initializer) else "normal"
    name, distance = min(((key, abs(log(wanted / value))) for key, value in _NAMED.items()), key=lambda pair: pair[1])
    if distance <= (_NEAR if named else _SAME):
        return {"kind": f"{name}_{shape}"}
    return {"kind": "variance_scaling", "scale": short(wanted, 1e-3), "distribution": shape}


def _is_uniform(initializer: Initializer) -> bool:
    return "uniform" in initializer.kind or getattr(initializer, "distribution", "") == "uniform"


def _bias_edits(one: _Matrix) -> list[Edit]:
    """Zeros for a bias that is large or has a mean."""
    bias = getattr(one.site.planned[-1].node, "bias", None)
    if one.field not in ("weights",) or bias is None or isinstance(bias, NoBias | ExplicitInitializer):
        return []
    variance = bias.variance(one.copies[-1].fan_in, one.copies[-1].fan_out)
    large = variance is None or variance > _LARGEST_BIAS
    return [put(f"{one.site.pointer}/bias", {"kind": "zeros"})] if large else []


def _matrices(subject: Subject) -> Iterator[_Matrix]:
    """Every field that says how weights are drawn, the output layer's last."""
    for site in sorted(subject.leaves, key=lambda one: one.output):
        found = (_matrix(site, field, subject.activation(site)) for field in _fields(site))
        yield from (one for one in found if one.copies)


def _matrix(site: Site, field: tuple[str, tuple[str, ...], str | None], activation: Activation) -> _Matrix:
    name, parameters, kind = field
    nodes = [one for one in (*site.inner, *site.planned) if kind in (None, one.node.kind)]
    copies = tuple(one for node in nodes for one in node.parameters if one.name in parameters)
    linear = "output" in name or "attention" in name or isinstance(site.node, Attention)
    return _Matrix(site, name, copies, Linear() if linear else activation, name == "recurrent_weights")


_QUERIES = ("query_weights", "key_weights", "value_weights")


def _fields(site: Site) -> list[tuple[str, tuple[str, ...], str | None]]:
    """The fields of a layer that say how weights are drawn, with the parameters that each is for, and of which node."""
    if isinstance(site.node, TransformerBlock):
        return [
            ("attention_weights", _QUERIES, "attention"),
            ("attention_output_weights", ("output_weights",), "attention"),
            ("mlp_weights", ("weights",), "dense"),
            ("mlp_output_weights", ("weights",), "dense"),
        ]
    if isinstance(site.node, Attention):
        return [("weights", _QUERIES, None), ("output_weights", ("output_weights",), None)]
    if isinstance(site.node, Recurrent):
        recurrent = ("recurrent_weights", "backward_recurrent_weights")
        return [("weights", ("weights", "backward_weights"), None), ("recurrent_weights", recurrent, None)]
    return [("weights", ("weights",), None)]


def _words(one: _Matrix, drawn: Json) -> str:
    before = one.initializer
    if drawn["kind"] == "normal" and isinstance(before, Normal):
        return f"std {drawn['std']:g} instead of {before.std:g}"
    new = drawn["kind"]
    if new == "variance_scaling":
        new = f"weights of variance {drawn['scale']:g}/fan_in"
    elif new == "orthogonal":
        new = "orthogonal recurrent weights"
    return f"{new} instead of {before.kind}"
