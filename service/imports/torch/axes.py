"""Axes of signals: a view parts and joins them, a permutation moves them, and none of both is a layer of its own.

A tensor's dimension is the axes that run inside it, the last one fastest. An axis that was parted is known by its
parts, everywhere, so that (b, c, h·w) of one place and (b, h, w, c) of another are seen to be the same signal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from service.core.arrays import Shape


@dataclass(eq=False)
class Axis:
    """An axis of a signal; another of the same size is another."""

    size: int
    batch: bool = False
    copies: bool = False  # along which everything is the same
    parts: tuple["Axis", ...] = ()

    def parted(self, inner: int) -> tuple["Axis", ...]:
        """The axis as an outer one and one of `inner` entries, which must divide it."""
        self.parts = (Axis(self.size // inner, copies=self.copies), Axis(inner, copies=self.copies))
        return self.parts


Dim = tuple[Axis, ...]
"""The axes inside one dimension of a tensor; none at all have the size 1."""


def leaves(dim: Sequence[Axis]) -> Dim:
    """The axes of a dimension, each that was parted as its parts, and none of size 1 but the batch."""
    found: list[Axis] = []
    for axis in dim:
        found.extend(leaves(axis.parts) if axis.parts else [axis] * (axis.size > 1 or axis.batch))
    return tuple(found)


def size_of(dim: Sequence[Axis]) -> int:
    """How many entries a dimension has."""
    return prod(axis.size for axis in dim)


def same(one: Sequence[Dim], other: Sequence[Dim]) -> bool:
    """Whether two lists of dimensions have the same axes, dimension by dimension."""
    return [leaves(dim) for dim in one] == [leaves(dim) for dim in other]


def joined(dims: Sequence[Dim]) -> Dim:
    """The axes of all dimensions in their order."""
    return tuple(axis for dim in dims for axis in leaves(dim))


def uncopied(dim: Sequence[Axis]) -> Dim:
    """The axes along which something differs."""
    return tuple(axis for axis in leaves(dim) if not axis.copies)


def whole(dim: Sequence[Axis]) -> bool:
    """Whether the batch is not among the axes."""
    return not any(axis.batch for axis in leaves(dim))


def viewed(dims: Sequence[Dim], sizes: Shape) -> tuple[Dim, ...] | None:
    """The same axes as dimensions of other sizes, as a view has them; None where they cannot be parted so."""
    waiting = list(joined(dims))
    found: list[Dim] = []
    for size in reversed(sizes):
        taken = _taken(waiting, size)
        if taken is None:
            return None
        found.insert(0, taken)
    if waiting and found:
        found[0] = (*waiting, *found[0])
    return tuple(found) if not waiting or size_of(waiting) == 1 else None


def _taken(waiting: list[Axis], size: int) -> Dim | None:
    """The last axes of `waiting`, `size` entries of them, which are taken off; a batch of one is a dimension of 1."""
    if size == 1:
        return (waiting.pop(),) if waiting and waiting[-1].batch and waiting[-1].size == 1 else ()
    dim: Dim = ()
    while size > 1:
        if not waiting:
            return None
        last = waiting.pop()
        if size % last.size == 0:
            dim, size = (last, *dim), size // last.size
        elif last.size % size == 0 and not last.batch:
            outer, inner = last.parted(size)
            waiting.append(outer)
            dim, size = (inner, *dim), 1
        else:
            return None
    return dim


def order_of(found: Sequence[Axis], wanted: Sequence[Axis]) -> list[int] | None:
    """Where each axis of `wanted` stands in `found`, in the same order; None where the axes are others."""
    there, here = leaves(found), leaves(wanted)
    places = {id(axis): place for place, axis in enumerate(there)}
    if len(there) != len(here) or any(id(axis) not in places for axis in here):
        return None
    return [places[id(axis)] for axis in here]


def batch_of(dims: Sequence[Dim]) -> Iterator[int]:
    """The dimensions in which the batch is."""
    return (place for place, dim in enumerate(dims) if not whole(dim))
