"""Signals that meet: what brings them into one order of axes, and how they are merged."""

from collections.abc import Sequence

from service.imports.torch.axes import Axis, Dim, leaves, size_of, uncopied
from service.imports.torch.values import Cannot, Draft, Operation, Signal, Space
from service.imports.torch.walk import Walk


def merged(walk: Walk, op: Operation, merge: str, signals: Sequence[Signal]) -> Signal:
    """Signals of one shape, or of shapes that broadcast, entry by entry."""
    rank = max(len(one.dims) for one in signals)
    wide = [Signal(one.draft, ((),) * (rank - len(one.dims)) + tuple(map(uncopied, one.dims))) for one in signals]
    largest = max(wide, key=lambda one: sum(size > 1 for size in one.shape))
    for dims in zip(*(one.dims for one in wide), strict=True):
        if len({any(axis.batch for axis in leaves(dim)) for dim in dims if size_of(dim) > 1}) > 1:
            raise Cannot("the samples of one signal meet something else of another")
    order = _order(wide, largest)
    drafts = [_ordered(walk, op, one, order) for one in wide]
    space = drafts[wide.index(largest)].space
    draft = walk.emit(op, drafts, [], Space(space.dims))
    draft.merge = merge
    return Signal(draft, largest.dims)


def concatenated(walk: Walk, op: Operation, signals: Sequence[Signal], dim: int) -> Signal:
    """Signals behind one another along a dimension, which must be that of their channels."""
    out = (Axis(sum(one.shape[dim] for one in signals)),)
    dims = [*signals[0].dims]
    dims[dim] = out
    if _unread(walk, signals):
        return walk.join(signals, Space((*walk.positions_of(Signal(signals[0].draft, tuple(dims))), out)), dims)
    told = next((one for one in signals if one.space.dims is not None and _order_of(one) is not None), None)
    order = _order_of(told) if told else None
    if order is None or order[-1] != dim:
        order = [place for place, one in enumerate(dims) if place != dim and not any(a.batch for a in leaves(one))]
        order = [*order, dim]
    drafts = [_ordered(walk, op, one, order) for one in signals]
    space = Space((*drafts[0].space.positions, out))
    if told is not None and told.space.dims is not None and leaves(told.space.channel) == leaves(told.dims[dim]):
        space = Space((*told.space.positions, out))
    draft = walk.emit(op, drafts, [], space)
    draft.merge = "concat"
    return Signal(draft, tuple(dims))


def _unread(walk: Walk, signals: Sequence[Signal]) -> bool:
    """Whether the signals are several inputs that nothing has read yet."""
    drafts = {id(one.draft) for one in signals}
    bare = all(not one.draft.inputs and one.space.dims is None for one in signals)
    return bare and len(drafts) == len(signals) > 1


def _order(signals: Sequence[Signal], largest: Signal) -> list[int]:
    """Which dimension of the tensors is each axis of the vertex that they meet in, the last one its channels."""
    orders = [_order_of(one) for one in (largest, *signals) if one.space.dims is not None]
    return next((one for one in orders if one is not None and len(one) >= len(_sample(largest))), _sample(largest))


def _sample(x: Signal) -> list[int]:
    """The dimensions of a signal but for that of the batch."""
    return [place for place, dim in enumerate(x.dims) if not any(axis.batch for axis in leaves(dim))]


def _order_of(x: Signal) -> list[int] | None:
    """Which dimension of the tensor is each axis of its vertex; None where they are not the same axes."""
    dims = [leaves(dim) for dim in x.dims]
    free = [place for place, dim in enumerate(dims) if not any(axis.batch for axis in dim)]
    found: list[int] = []
    for axes in map(leaves, x.space.known):
        place = next((place for place in free if dims[place] == axes), None)
        if place is None:
            return None
        free.remove(place)
        found.append(place)
    return found if all(not dims[place] for place in free) else None


def _ordered(walk: Walk, op: Operation, x: Signal, order: Sequence[int]) -> Draft:
    """The vertex of `x` with its axes in the order of those dimensions."""
    dims: list[Dim] = [x.dims[place] for place in order]
    return walk.arranged(op, x, dims[:-1], dims[-1])
