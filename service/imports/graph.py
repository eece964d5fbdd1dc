"""A graph of layers → the tree of blocks of our language, by series-parallel reduction.

Where signals meet, their nearest common origin, the immediate dominator of the place, is where a block begins. Each
input of that place is the end of a branch, which is reduced in the same way. A graph of which something is left over,
as where a signal leaves a branch from its middle, is refused with the two vertices named.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from service.core.arrays import Shape
from service.imports.base import Fault, Layer, NotUnderstood

INPUT = "\0"
"""What stands for the network's input among the inputs of vertices; no vertex is called so."""
LONGEST_NAME = 100
"""Characters of a layer's name in our language."""
_DEEPEST = 40  # blocks in one another; JSON nests 192 levels
_MOST_VERTICES = 20_000
_MOST_INPUTS = 100
_LONGEST_SHORTCUT = 3  # a convolution, a norm and a pool; what is longer is a branch


@dataclass(frozen=True)
class Vertex:
    """What is made of a signal, or of several that meet; `inputs` are names of other vertices, or INPUT.

    With one input, `layers` are what it goes through. With several, `merge` says how they meet, and `layers` are what
    comes behind. `shape` is that of what comes out, without samples, where it is known.
    """

    name: str
    inputs: Sequence[str]
    layers: Sequence[Layer] = ()
    merge: str | None = None
    pointer: str = ""
    shape: Shape | None = None


def chain_of(vertices: Sequence[Vertex], output: str, shape: Shape | None = None) -> list[Layer]:
    """The layers between the input, of that shape, and the vertex called `output`; NotUnderstood.

    `vertices` stand in an order in which each comes behind its inputs. Those that `output` does not depend on have no
    part in the network.
    """
    return _Graph(vertices, output, shape).chain(INPUT, output, 0)


class _Graph:
    """The vertices that the output depends on, and the immediate dominators of each at distances of powers of two."""

    def __init__(self, vertices: Sequence[Vertex], output: str, shape: Shape | None) -> None:
        self._vertices = {INPUT: Vertex(INPUT, (), shape=shape)}
        if len(vertices) > _MOST_VERTICES:
            _refuse("", f"The model has {len(vertices)} layers and operations; at most {_MOST_VERTICES} are read.")
        for one in vertices:
            self._add(one)
        if output not in self._vertices:
            _refuse("", f"The model's output is {_called(output)}, and nothing is called so.")
        self._keep_what_reaches(output)
        self._join_concatenations()
        self._above: dict[str, list[str]] = {INPUT: []}
        self._depth = {INPUT: 0}
        for name, one in self._vertices.items():
            if name != INPUT:
                self._dominate(one)

    def _add(self, one: Vertex) -> None:
        if one.name in self._vertices:
            _refuse(one.pointer, f"Two layers are called {_called(one.name)}.")
        if not 1 <= len(one.inputs) <= _MOST_INPUTS:
            what = f"The layer {_called(one.name)} has {len(one.inputs)} inputs"
            _refuse(one.pointer, f"{what}; it needs at least 1, and at most {_MOST_INPUTS} are read.")
        unknown = next((name for name in one.inputs if name not in self._vertices), None)
        if unknown is not None:
            _refuse(one.pointer, f"{_called(one.name)} reads {_called(unknown)}, which does not come before it.")
        self._vertices[one.name] = one

    def _keep_what_reaches(self, output: str) -> None:
        needed = {output, INPUT}
        for one in reversed(list(self._vertices.values())):
            if one.name in needed:
                needed.update(one.inputs)
        self._vertices = {name: one for name, one in self._vertices.items() if name in needed}

    def _join_concatenations(self) -> None:
        """A concatenation that begins as an earlier one does takes its output: those of a DenseNet nest in this way."""
        earlier: dict[Sequence[str], str] = {}
        for name, one in self._vertices.items():
            inputs = tuple(one.inputs)
            if one.merge != "concat":
                continue
            known = next((n for n in range(len(inputs) - 1, 1, -1) if inputs[:n] in earlier), 0)
            if known:
                self._vertices[name] = replace(one, inputs=(earlier[inputs[:known]], *inputs[known:]))
            if not one.layers:
                earlier[inputs] = name

    def _dominate(self, one: Vertex) -> None:
        nearest = one.inputs[0]
        for other in one.inputs[1:]:
            nearest = self._common(nearest, other)
        self._depth[one.name] = self._depth[nearest] + 1
        above = [nearest]
        while len(self._above[above[-1]]) >= len(above):
            above.append(self._above[above[-1]][len(above) - 1])
        self._above[one.name] = above

    def _common(self, one: str, other: str) -> str:
        """The nearest vertex that both signals have come through."""
        shallow, deep = sorted((one, other), key=self._depth.__getitem__)
        while (apart := self._depth[deep] - self._depth[shallow]) > 0:
            deep = self._above[deep][apart.bit_length() - 1]
        while shallow != deep:
            pairs = zip(self._above[shallow], self._above[deep], strict=True)
            differing = [pair for pair in pairs if pair[0] != pair[1]]
            if not differing:
                return self._above[deep][0]
            shallow, deep = differing[-1]
        return deep

    def chain(self, start: str, end: str, depth: int) -> list[Layer]:
        """The layers behind vertex `start` up to and with vertex `end`, which `start` dominates."""
        parts: list[Sequence[Layer]] = []
        while end != start:
            one = self._vertices[end]
            parts.append(one.layers if one.merge is None else [self._block(one, depth), *one.layers])
            end = self._above[end][0]
        return [layer for part in reversed(parts) for layer in part]

    def _block(self, one: Vertex, depth: int) -> Layer:
        """The block in which the inputs of a vertex meet."""
        if depth == _DEEPEST:
            _refuse(one.pointer, f"{_called(one.name)} is a block inside {_DEEPEST} others; no more are read.")
        start = self._above[one.name][0]
        self._check_apart(one, start)
        branches = [[*self.chain(start, end, depth + 1), *self._widened(one, end)] for end in one.inputs]
        name = {"name": one.name[:LONGEST_NAME]} if one.name else {}
        shortcut, body = sorted(branches, key=_size)[:: len(branches) - 1] if len(branches) == 2 else ([], [])
        if one.merge == "add" and _size(shortcut) <= min(_LONGEST_SHORTCUT, _size(body) - 1):
            return {"kind": "residual", **name, "layers": body, **({"shortcut": shortcut} if shortcut else {})}
        return {"kind": "parallel", **name, "merge": one.merge, "branches": [{"layers": each} for each in branches]}

    def _check_apart(self, one: Vertex, start: str) -> None:
        """See that no two branches have a vertex in common, of which a tree would make two."""
        seen: set[str] = set()
        for end in one.inputs:
            inside = self._between(start, end)
            for name in sorted(seen & inside):
                what = f"Two of the branches that meet at {_called(one.name)} share {_called(name)}"
                _refuse(one.pointer, f"{what}; here, branches share nothing before they meet.")
            seen |= inside

    def _between(self, start: str, end: str) -> Set[str]:
        """The vertices between two, the second among them."""
        waiting, found = [end], {start}
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._vertices[name].inputs)
        return found - {start}

    def _widened(self, merge: Vertex, end: str) -> Sequence[Layer]:
        """What brings a branch to the shape of what it meets, where that repeats its positions."""
        wanted, found = merge.shape, self._vertices[end].shape
        if merge.merge == "concat" or wanted is None or found is None or found == wanted:
            return []
        fits = len(found) == len(wanted) and found[-1] == wanted[-1]
        if not fits or any(small not in (1, big) for big, small in zip(wanted, found, strict=True)):
            what = f"{_called(end)} comes with the shape {list(found)} to {_called(merge.name)}"
            _refuse(merge.pointer, f"{what}, where signals of {list(wanted)} meet.")
        return [{"kind": "upsampling", "size": [big // small for big, small in zip(wanted, found, strict=True)][:-1]}]


def _size(layers: Sequence[Any]) -> int:
    """How many layers there are in all, those inside blocks counted."""
    count = 0
    for layer in layers:
        inside: list[Any] = [layer.get("layers", ()), layer.get("shortcut", ())]
        inside += [branch["layers"] for branch in layer.get("branches", ())]
        count += 1 + sum(map(_size, inside))
    return count


def _called(name: str) -> str:
    return "the input" if name == INPUT else f"`{name[:LONGEST_NAME]}`"


def _refuse(pointer: str, sentence: str) -> NoReturn:
    raise NotUnderstood.of([Fault(pointer, sentence[0].upper() + sentence[1:])])
