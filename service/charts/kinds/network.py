"""The network itself: its layers from input to output, with what is inside blocks, and the shapes between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from service.charts.architecture import planned_layers
from service.charts.chart import Chart
from service.charts.folding import runs
from service.charts.names import in_common
from service.charts.rows import Row
from service.core.arrays import Shape
from service.nn.activations.smooth import Linear
from service.nn.layers import Node
from service.simulation.results import SimulationReport
from service.simulation.tree import PlannedNode

_MOST_LINES = 60
_LINE = 19
"""Pixels from one line to the next."""
_FOLLOWERS = ("activation", "batch_norm", "layer_norm", "group_norm", "rms_norm", "dropout", "prelu", "scale")
"""What is written behind the layer in front of it, where it follows one."""
_COUNTS = ("heads", "kv_heads", "units", "mlp_units", "filters", "groups")
_ALWAYS = ("cell", "merge")
_SAID = (
    *_ALWAYS,
    *_COUNTS,
    "mode",
    "direction",
    "causal",
    "norm_first",
    "size",
    "stride",
    "dilation",
    "rate",
    "branch_scale",
)
"""The fields that are worth a word."""
_SHORTCUT = "shortcut"


@dataclass(frozen=True)
class _Line:
    """A line of the drawing."""

    depth: int
    name: str
    kind: str
    into: Shape
    out: Shape
    parameters: int  # of all that it stands for, once
    block: bool = False  # whether lines inside it follow

    @property
    def text(self) -> str:
        """Such as `conv1: convolution 64 filters, size 7, stride 2 · relu`."""
        return f"{self.name}: {self.kind}" if self.name else self.kind

    @property
    def shapes(self) -> str:
        """Such as `56×56×64 → 28×28×128`."""
        into, out = ("×".join(map(str, one)) for one in (self.into, self.out))
        return out if into == out else f"{into} → {out}"


class NetworkChart(Chart):
    """A line for each layer, indented in its block; equal neighbours are one line."""

    name = "network"
    title = "The network"
    how_to_read = "From input to output, with the shapes of one sample and the number of parameters."
    position = 55
    tab = "Network"
    on_report_page = True

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`lines`: their text, shapes and parameters; `blocks`: a shade behind a line for each block that it is in."""
        lines = _shortened([*_lines(planned_layers(reports[0]), 0)])
        rows: list[Row] = [
            {
                "line": number,
                "indent": float(line.depth),
                "text": line.text,
                "shapes": line.shapes,
                "parameters": f"{line.parameters:,}" if line.parameters else "",
            }
            for number, line in enumerate(lines)
        ]
        return {"lines": rows, "blocks": [*_shades(lines)]}

    def drawing(self) -> dict[str, Any]:
        """Marks over `lines` and `blocks`."""
        from service.charts import marks

        return marks.outline(_LINE)


def _lines(nodes: Sequence[PlannedNode], depth: int) -> Iterator[_Line]:
    """The lines of a chain."""
    single: list[PlannedNode] = []
    at = 0
    while at < len(nodes):
        period, times = _repeated(nodes, at)
        if times == 1:
            single.append(nodes[at])
        else:
            yield from _alone(single, depth)
            single = []
            copies = [nodes[start : start + period] for start in range(at, at + period * times, period)]
            yield from _often(copies, depth)
        at += period * times
    yield from _alone(single, depth)


def _alone(nodes: Sequence[PlannedNode], depth: int) -> Iterator[_Line]:
    """The lines of nodes that no `repeat` has made: those that are alike but for their names are written once."""
    groups = [*_groups(nodes)]
    marks = [tuple(map(_mark, some)) for some in groups]
    for at, period, times in runs(marks, [sum(1 for one in some for _ in one.whole()) for some in groups]):
        starts = range(at, at + period * times, period)
        copies = [[*chain(*groups[start : start + period])] for start in starts]
        yield from _once(copies[0], depth) if times == 1 else _often(copies, depth)


def _groups(nodes: Sequence[PlannedNode]) -> Iterator[list[PlannedNode]]:
    """Each node with what is written behind it."""
    some: list[PlannedNode] = []
    for node in nodes:
        if some and (some[-1].chains or node.node.kind not in _FOLLOWERS):
            yield some
            some = []
        some.append(node)
    yield from [some] if some else []


def _mark(node: PlannedNode) -> tuple[object, ...]:
    """What makes a node alike to others: all but names."""
    own = node.node.model_dump_json(exclude={"name", "layers", "branches", "shortcut"})
    return node.shape, own, tuple(tuple(map(_mark, some)) for some in node.chains)


def _often(copies: Sequence[Sequence[PlannedNode]], depth: int) -> Iterator[_Line]:
    """The lines of nodes that stand there several times in a row: their first line says how often, or one above it."""
    times, out = len(copies), copies[-1][-1].out
    alike = zip(*([*_once(nodes, depth)] for nodes in copies), strict=True)
    once = [replace(some[0], name=in_common(line.name for line in some)) for some in alike]
    if sum(line.depth == depth for line in once) > 1:
        count = times * sum(map(_count, copies[0]))
        yield _Line(depth, "", f"{times} times", copies[0][0].shape, out, count, block=True)
        yield from (replace(line, depth=line.depth + 1) for line in once)
        return
    first, *rest = once
    yield replace(first, kind=f"{first.kind}  ({times} times)", parameters=first.parameters * times, out=out)
    yield from rest


def _once(nodes: Sequence[PlannedNode], depth: int) -> Iterator[_Line]:
    """The lines of nodes that are not repeated, followers behind what they follow."""
    waiting: _Line | None = None
    for node in nodes:
        if waiting is not None and node.node.kind in _FOLLOWERS:
            kind, count = f"{waiting.kind} · {_word(node)}", waiting.parameters + _count(node)
            waiting = replace(waiting, kind=kind, out=node.out, parameters=count)
            continue
        yield from [] if waiting is None else [waiting]
        name = node.node.name or ""
        waiting = _Line(depth, name, _word(node), node.shape, node.out, _count(node), block=bool(node.chains))
        if node.chains:
            yield waiting
            waiting = None
            yield from _inside(node, depth + 1)
    yield from [] if waiting is None else [waiting]


def _inside(node: PlannedNode, depth: int) -> Iterator[_Line]:
    """The lines of a block's chains, the second and later ones with what they are."""
    shape = node.node.inner_shape(node.shape)
    for to, some in zip(node.node.chains(node.shape), node.chains, strict=True):
        name = _name_of(to)
        lines = [*_lines(some, depth)] or [_Line(depth, "", "passed on as it is", shape, shape, 0)]
        if name == _SHORTCUT and not some:
            continue
        if not name or len(lines) == 1:
            first, *rest = lines
            yield from [replace(first, name=": ".join(filter(None, [name, first.name]))), *rest]
            continue
        yield _Line(depth, "", name, shape, some[-1].out, sum(map(_count, some)), block=True)
        yield from (replace(line, depth=line.depth + 1) for line in lines)


def _name_of(to: str) -> str:
    """What a chain at that pointer is called: nothing, `shortcut`, or `branch 2`."""
    _, name, *rest = [*to.split("/"), ""]
    if name == "branches":
        return f"branch {int(rest[0]) + 1}"
    return name if name == _SHORTCUT else ""


def _repeated(nodes: Sequence[PlannedNode], at: int) -> tuple[int, int]:
    """How many nodes from there on are repeated, and how often they stand there."""
    for period in range(1, (len(nodes) - at) // 2 + 1):
        times = 1
        while _alike(nodes[at : at + period], nodes[at + period * times : at + period * (times + 1)]):
            times += 1
        if times > 1:
            return period, times
        if nodes[at + period].path == nodes[at].path:
            return 1, 1
    return 1, 1


def _alike(some: Sequence[PlannedNode], others: Sequence[PlannedNode]) -> bool:
    """Whether these are copies of those, for the same shapes."""
    return [(one.path, one.shape, one.node) for one in some] == [(one.path, one.shape, one.node) for one in others]


def _count(node: PlannedNode) -> int:
    """The parameters of a node and of all inside it."""
    return node.parameter_count + sum(_count(one) for some in node.chains for one in some)


def _word(node: PlannedNode) -> str:
    """Such as `convolution 64 filters, size 7, stride 2 · relu`."""
    one, activation = node.node, node.node.output_activation
    shown = [] if activation is None or isinstance(activation, Linear) else [activation.kind.replace("_", " ")]
    if one.kind == "activation":
        return (shown or ["linear"])[0]
    kind = one.kind.replace("_", " ")
    said = ", ".join(filter(None, (_said(one, field) for field in _SAID if field in type(one).model_fields)))
    return " · ".join([" ".join(filter(None, [kind, said])), *shown])


def _said(node: Node, field: str) -> str:
    """A field with its value, such as `64 filters` or `size 3`; nothing where the value is the usual one."""
    value = getattr(node, field)
    usual = type(node).model_fields[field].get_default(call_default_factory=True)
    if value is None or (value == usual and field not in _ALWAYS):
        return ""
    words = "×".join(map(str, value)) if isinstance(value, list) else str(getattr(value, "value", value))
    name = field.replace("_", " ")
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return words if field in _ALWAYS else f"{words} {name}" if field in _COUNTS else f"{name} {words}"


def _shortened(lines: list[_Line]) -> list[_Line]:
    """At most sixty lines: the innermost ones go first, and then those in the middle; what is left out is counted."""
    while len(lines) > _MOST_LINES and (deepest := max(line.depth for line in lines)):
        lines = [*_without(lines, deepest)]
    if len(lines) <= _MOST_LINES:
        return lines
    half = (_MOST_LINES - 1) // 2
    left = lines[half:-half]
    gap = _Line(0, "", f"… {len(left)} more", left[0].into, left[-1].out, sum(one.parameters for one in left))
    return [*lines[:half], gap, *lines[-half:]]


def _without(lines: list[_Line], depth: int) -> Iterator[_Line]:
    """The lines that are less deep; those in front of deeper ones say how many these are."""
    for number, line in enumerate(lines):
        if line.depth >= depth:
            continue
        behind = next((at for at, one in enumerate(lines[number + 1 :]) if one.depth <= line.depth), len(lines))
        count = min(behind, len(lines) - number - 1)
        hidden = count if count and lines[number + 1].depth >= depth else 0
        yield replace(line, kind=f"{line.kind}  … {hidden} more", block=False) if hidden else line


def _shades(lines: list[_Line]) -> Iterator[Row]:
    """A shade behind each line for every block that it is in, and where a block starts."""
    for number, line in enumerate(lines):
        for depth in range(line.depth + line.block):
            yield {"line": number, "indent": float(depth), "starts": line.block and depth == line.depth}
