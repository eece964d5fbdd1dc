"""The three recurrent cells as papers write them, in words that NumPy and PyTorch have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.nn.layers.recurrent import Recurrent

Tensor = Any


@dataclass(frozen=True)
class Loop:
    """A recurrence, one step after the other, with the functions of some library."""

    node: Recurrent
    activated: Callable[[Any, Tensor], Tensor]
    joined: Callable[..., Tensor]  # of a list of tensors along an axis
    stacked: Callable[..., Tensor]

    def outputs(self, x: Tensor, p: dict[str, Tensor]) -> Tensor:
        """Of (samples, steps, features): (samples, units) or (samples, steps, units), both directions end to end."""
        match self.node.direction.value:
            case "forward":
                parts = [self._run(x, p, "", False)]
            case "backward":
                parts = [self._run(x, p, "", True)]
            case _:
                parts = [self._run(x, p, "", False), self._run(x, p, "backward_", True)]
        return parts[0] if len(parts) == 1 else self.joined(parts, -1)

    def _run(self, x: Tensor, p: dict[str, Tensor], prefix: str, backward: bool) -> Tensor:
        steps = list(range(x.shape[1]))[:: -1 if backward else 1]
        own = {
            name.removeprefix(prefix): one for name, one in p.items() if name.startswith("backward_") == bool(prefix)
        }
        state = (0.0 * x[:, 0, :1] * own["recurrent_weights"][:, 0],) * 2  # (samples, units) zeros
        shown: dict[int, Tensor] = {}
        for step in steps:
            state = self._step(x[:, step], state, own)
            shown[step] = state[0]
        if self.node.returns.value == "last":
            return shown[steps[-1]]
        return self.stacked([shown[step] for step in sorted(shown)], 1)

    def _step(self, x: Tensor, state: tuple[Tensor, Tensor], p: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        h, c = state
        n = self.node.units
        act, gate = (partial_of(self.activated, one) for one in (self.node.activation, self.node.gate_activation))

        def driven(which: int) -> Tensor:
            part = slice(which * n, which * n + n)
            return x @ p["weights"][:, part] + (p["bias"][part] if "bias" in p else 0.0)

        def beside(which: int, state: Tensor) -> Tensor:
            part = slice(which * n, which * n + n)
            own = p["recurrent_bias"][part] if "recurrent_bias" in p else 0.0
            return state @ p["recurrent_weights"][:, part] + own

        match self.node.cell.value:
            case "rnn":
                return act(driven(0) + beside(0, h)), c
            case "lstm":
                i, f, g, o = (driven(which) + beside(which, h) for which in range(4))
                c = gate(f + self.node.forget_bias) * c + gate(i) * act(g)
                return gate(o) * act(c), c
        z, r = (gate(driven(which) + beside(which, h)) for which in range(2))
        candidate = act(driven(2) + (r * beside(2, h) if self.node.reset_after else beside(2, r * h)))
        return z * h + (1.0 - z) * candidate, c


def partial_of(activated: Callable[[Any, Tensor], Tensor], one: Any) -> Callable[[Tensor], Tensor]:
    """The function of one tensor."""
    return lambda z: activated(one, z)
