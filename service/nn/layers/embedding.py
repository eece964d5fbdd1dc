"""Embeddings: of tokens, and of their positions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Shape
from service.core.errors import Incompatible
from service.core.kinds import Advice, Int64
from service.nn.initializers import AnyInitializer
from service.nn.initializers.base import Normal
from service.nn.layers.base import Account, Node, Parameter, Saved, Vjp
from service.nn.shapes import WIDEST, way_to_positions


class Embedding(Node):
    """A vector for each token: the row of the weights that its index names."""

    kind: Literal["embedding"] = "embedding"
    aliases: ClassVar[Collection[str]] = ("Embed", "token_embedding", "wte")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "num_embeddings": {"vocabulary": 1000},
        "input_dim": {"vocabulary": 1000},
        "vocab_size": {"vocabulary": 1000},
        "embedding_dim": {"units": 64},
        "output_dim": {"units": 64},
    }
    needs: ClassVar[Mapping[str, Any]] = {"units": 128}
    units: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """The length of a vector."""
    vocabulary: Annotated[Int64, Field(ge=1, le=WIDEST)] | None = None
    """How many tokens there are: as many as the network's input says, unless said otherwise."""
    weights: AnyInitializer = Normal()
    """How the vectors are drawn, N(0, 1) unless said otherwise."""

    left_open: ClassVar[Collection[str]] = ("weights",)
    account: ClassVar[Account] = "weights"
    shape_in: ClassVar[str] = "(steps,) of tokens"
    shape_out: ClassVar[str] = "(steps, units)"
    definition: ClassVar[str] = "y[p, j] = W[x[p], j]"
    source: ClassVar[str] = "Bengio et al. 2003; torch.nn.Embedding."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return (*shape, self.units)

    def parameters(self, shape: Shape) -> list[Parameter]:
        rows = self.vocabulary or 1
        return [Parameter("weights", (rows, self.units), self.units, self.units, self.weights)]

    def products(self, shape: Shape) -> float:
        return float(shape[0] * self.units)

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        index = np.clip(x, 0, arrays[0].shape[1] - 1).astype(np.intp)
        trial = np.arange(max(x.shape[0], arrays[0].shape[0]))[:, None, None]
        return arrays[0][trial % arrays[0].shape[0], index], index

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        def gradient(_: str) -> Array:
            found = np.zeros((dy.shape[0], *arrays[0].shape[1:]), dy.dtype)
            trial = np.arange(dy.shape[0])[:, None, None]
            np.add.at(found, (trial, np.broadcast_to(saved, dy.shape[:-1])), dy)
            return found

        return lambda: np.zeros(dy.shape[:-1], dy.dtype), gradient


class PositionEmbedding(Node):
    """x with a vector of its own added at each step."""

    kind: Literal["position_embedding"] = "position_embedding"
    aliases: ClassVar[Collection[str]] = ("PositionalEmbedding", "positional_encoding", "wpe")
    positions: AnyInitializer = Normal(std=0.02)
    """How the vectors are drawn, N(0, 0.02²) unless said otherwise."""

    left_open: ClassVar[Collection[str]] = ("positions",)
    plain: ClassVar[bool] = True
    shape_in: ClassVar[str] = "(steps, features)"
    shape_out: ClassVar[str] = "(steps, features)"
    definition: ClassVar[str] = "y[p, j] = x[p, j] + P[p, j]"
    source: ClassVar[str] = "Gehring et al. 2017; learned positions as in Devlin et al. 2019."

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        if len(shape) != 2:
            raise Incompatible(
                f"Positions are those of a sequence (steps, features); here comes {list(shape)}. "
                f"{way_to_positions(shape)}",
                pointer=path,
                shape=list(shape),
            )
        return shape

    def parameters(self, shape: Shape) -> list[Parameter]:
        return [Parameter("positions", shape, shape[-1], shape[-1], self.positions)]

    def products(self, shape: Shape) -> float:
        return 0.0

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        return x + arrays[0][:, None], None

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        return lambda: dy, lambda _: dy.sum(axis=1)
