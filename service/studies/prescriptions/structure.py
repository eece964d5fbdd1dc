"""Other layers: activations, norms, residual connections and their scale, cells, fewer layers."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from math import sqrt

from service.core.pointers import Edit
from service.nn.cells import CellKind
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.attention import Attention
from service.nn.layers.convolution import Kernel
from service.nn.layers.dense import Dense
from service.nn.layers.dropout import Dropout
from service.nn.layers.normalisation import Normalisation
from service.nn.layers.recurrent import Recurrent
from service.nn.layers.residual import Residual
from service.nn.layers.transformer_block import TransformerBlock
from service.studies.prescriptions.subject import Change, Json, Remedy, Site, Subject, put, short

_FEWEST_REPEATED = 4
_FOLLOWING = (ActivationLayer, Normalisation, Dropout)
_LINEAR: Json = {"kind": "linear"}
_NORMED = (Dense, Kernel, Attention, Recurrent)


def activation(kind: str, subject: Subject) -> Iterator[Change]:
    """`kind` in place of every other activation of hidden layers."""
    sites = [one for one in subject.sites.values() if one.bent and not one.output]
    edits = [put(f"{one.pointer}/activation", {"kind": kind}) for one in sites if _kind(one) != kind]
    if edits:
        before = next(_kind(one) for one in sites if _kind(one) != kind)
        lines = (f"nn.{_TORCH[kind]}()", f'activation="{kind}"')
        yield Change(Remedy.ACTIVATION, f"{kind} instead of {before}", tuple(edits), 3.0, *lines)


def norms(kind: str, subject: Subject) -> Iterator[Change]:
    """A norm between the weights of every hidden layer and its activation, where none stands yet."""
    sites = [one for one in subject.hidden if isinstance(one.node, _NORMED) and not subject.normalised(one)]
    edits: list[Edit] = []
    for site in sorted(sites, key=lambda one: one.place, reverse=True):
        edits += _normed(site, kind, subject)
    if edits:
        lines = (_TORCH[kind], f"keras.layers.{kind.title().replace('_', '')}ization()".replace("Norm", "Normal"))
        where = "behind the weights of every hidden layer"
        yield Change(Remedy.NORM, f"{kind} {where}", tuple(edits), 4.0, *lines)


def residual(normed: bool, subject: Subject) -> Iterator[Change]:
    """Every hidden layer that keeps its shape beside a shortcut; with a norm in front where `normed`."""
    groups = [group for site in subject.hidden if (group := _group(subject, site))]
    count = sum(len(one.site.planned) - one.split for one in groups)
    if not count:
        return
    scale = 1.0 if normed else short(1.0 / sqrt(count))
    edits = []
    for group in sorted(groups, key=lambda one: one.site.place, reverse=True):
        edits += group.wrapped(subject, scale, normed)
    lines = ("x = x + layer(norm(x))", "x = keras.layers.add([x, layer(norm(x))])")
    if not normed:
        lines = (f"x = x + {scale:g} * layer(x)", f"x = keras.layers.add([x, {scale:g} * layer(x)])")
    norm = ", a norm in front of each" if normed else f", branches times {scale:g}"
    yield Change(Remedy.RESIDUAL, f"Shortcuts around {count} hidden layers{norm}", tuple(edits), 5.0 + normed, *lines)


def branch_scale(subject: Subject) -> Iterator[Change]:
    """Branches of residual blocks smaller by the root of their number."""
    blocks = [one for one in subject.sites.values() if isinstance(one.node, Residual | TransformerBlock)]
    count = sum(len(one.planned) * (1 + isinstance(one.node, TransformerBlock)) for one in blocks)
    scale = short(1.0 / sqrt(max(1, count)))
    edits = [put(f"{one.pointer}/branch_scale", scale) for one in blocks if abs(_scale_of(one)) > 1.05 * scale]
    if edits:
        before = max(map(_scale_of, blocks))
        words = f"Branches times {scale:g} = 1/√{count} in place of {before:g}"
        line = f"x = x + {scale:g} * branch(x)"
        yield Change(Remedy.BRANCH_SCALE, words, tuple(edits), 2.5, line, line)


def norms_in_branches(subject: Subject) -> Iterator[Change]:
    """A norm at the beginning of every residual branch that has none; transformer blocks with norms first."""
    edits: list[Edit] = []
    for one in sorted(subject.sites.values(), key=lambda one: one.place, reverse=True):
        if isinstance(one.node, TransformerBlock) and not one.node.norm_first:
            edits.append(put(f"{one.pointer}/norm_first", True))
        elif isinstance(one.node, Residual) and not any(isinstance(layer, Normalisation) for layer in one.node.layers):
            edits.append(put(f"{one.pointer}/layers/0", {"kind": "layer_norm"}))
    if edits:
        lines = ("x = x + branch(nn.LayerNorm(n)(x))", "x = keras.layers.add([x, branch(LayerNormalization()(x))])")
        yield Change(Remedy.NORM, "A norm in front of every branch", tuple(edits), 3.5, *lines)


def cells(subject: Subject) -> Iterator[Change]:
    """LSTMs with open forget gates in place of other cells."""
    sites = [one for one in subject.hidden if isinstance(one.node, Recurrent) and one.node.cell is not CellKind.LSTM]
    edits: list[Edit] = []
    for one in sites:
        edits += [put(f"{one.pointer}/cell", "lstm"), put(f"{one.pointer}/forget_bias", 2.0)]
        edits += [put(f"{one.pointer}/activation", {"kind": "tanh"})] if _kind(one) != "tanh" else []
    if edits:
        words = "LSTM cells with a forget bias of 2 in place of " + sites[0].node.model_dump()["cell"]
        yield Change(Remedy.CELL, words, tuple(edits), 5.0, "nn.LSTM(…)", "keras.layers.LSTM(…)")


def fewer(divisor: int, subject: Subject) -> Iterator[Change]:
    """A half or a quarter of the layers that are repeated."""
    found = []
    for pointer, times in _repeats(subject):
        if times >= _FEWEST_REPEATED:
            found.append((pointer, times, max(2, times // divisor)))
    edits = tuple(put(f"{pointer}/times", fewer) for pointer, times, fewer in found if fewer < times)
    if edits:
        times, left = sum(one[1] for one in found), sum(one[2] for one in found)
        line = f"for _ in range({left}): …"
        words = f"{left} repeated layers in place of {times}"
        yield Change(Remedy.DEPTH, words, edits, 7.0 + divisor / 2.0, line, line)


@dataclass(frozen=True)
class _Group:
    """Layers of one list, from one with weights to the last that follows it, which together keep a shape."""

    site: Site
    stop: int  # behind the last, in the list
    split: bool  # whether the first copy of a repeat does not keep it, and stands alone in front

    def wrapped(self, subject: Subject, scale: float, normed: bool) -> list[Edit]:
        """The edits that put them beside a shortcut."""
        layers = deepcopy(subject.says(self.site.parent))
        inner = layers[self.site.index : self.stop]
        front = [{"kind": "layer_norm"}] if normed else []
        block: Json = {"kind": "residual", "layers": front + inner}
        block |= {} if scale == 1.0 else {"branch_scale": scale}
        places = range(self.stop - 1, self.site.index, -1)
        removed = [Edit(op="remove", path=f"{self.site.parent}/{place}") for place in places]
        edits = [*removed, Edit(op="replace", path=self.site.pointer, value=block)]
        if self.split:
            repeat = self.site.parent.removesuffix("/layers")
            edits.append(put(f"{repeat}/times", subject.says(f"{repeat}/times") - 1))
            edits += [put(repeat, layer) for layer in reversed(layers)]
        return edits


def _group(subject: Subject, site: Site) -> _Group | None:
    """The group that begins with `site`; None where a shortcut would not fit, or there is one."""
    if not isinstance(site.node, _NORMED) or subject.around(site) is not None:
        return None
    members = [site]
    for one in subject.behind(site):
        if not isinstance(one.node, _FOLLOWING):
            break
        members.append(one)
    ends = members[-1].planned
    if len(ends) != len(site.planned):
        return None
    keeps = [one.shape == end.out for one, end in zip(site.planned, ends, strict=True)]
    whole = len(members) == len(subject.says(site.parent)) and subject.says(_repeat_of(site)) is not None
    split = not keeps[0] and len(keeps) > 1 and whole
    if not all(keeps[1:] if split else keeps):
        return None
    return _Group(site, site.index + len(members), split)


def _repeat_of(site: Site) -> str:
    """The pointer to how often the list that a layer stands in is repeated, if it is."""
    return f"{site.parent.removesuffix('/layers')}/times"


def _normed(site: Site, kind: str, subject: Subject) -> list[Edit]:
    """A norm behind a layer, and its activation behind that."""
    behind = f"{site.parent}/{site.index + 1}"
    edits: list[Edit] = []
    if site.bent and isinstance(site.node, Dense | Kernel):
        edits += [
            put(behind, {"kind": "activation", "activation": subject.says(f"{site.pointer}/activation")}),
            put(f"{site.pointer}/activation", _LINEAR),
        ]
    return [*edits, put(behind, {"kind": kind})]


def _repeats(subject: Subject) -> Iterator[tuple[str, int]]:
    """The pointers of all repeats, with how often they repeat."""
    paths = (site.pointer.split("/") for site in subject.sites.values())
    above = dict.fromkeys("/".join(tokens[:end]) for tokens in paths for end in range(2, len(tokens)))
    found = ((pointer, subject.says(f"{pointer}/times")) for pointer in above)
    yield from ((pointer, times) for pointer, times in found if isinstance(times, int))


def _kind(site: Site) -> str:
    found = site.node.output_activation
    return "tanh" if isinstance(site.node, Recurrent) and found is None else "linear" if found is None else found.kind


def _scale_of(site: Site) -> float:
    return float(getattr(site.node, "branch_scale", 1.0))


_TORCH = {
    "relu": "ReLU",
    "tanh": "Tanh",
    "layer_norm": "nn.LayerNorm(n)",
    "batch_norm": "nn.BatchNorm1d(n)  # BatchNorm2d behind a convolution of images",
}
