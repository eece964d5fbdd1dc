"""The lines that draw weights in PyTorch and in Keras."""

from service.studies.prescriptions.subject import Json

_GAINS = {"he": "relu", "lecun": "linear"}


def lines_of(drawn: Json) -> tuple[str, str]:
    """The line of each for an initialiser as JSON; a layer is called `layer`, a recurrent one `rnn`."""
    return _LINES[drawn["kind"]](drawn)


def _by_name(drawn: Json) -> tuple[str, str]:
    name, _, shape = drawn["kind"].partition("_")
    line = f'nn.init.kaiming_{shape}_(layer.weight, nonlinearity="{_GAINS[name]}")'
    return line, f'kernel_initializer="{drawn["kind"]}"'


def _by_variance(drawn: Json) -> tuple[str, str]:
    scale, shape = drawn["scale"], drawn["distribution"]
    keras = "untruncated_normal" if shape == "normal" else "uniform"
    std = f"({scale:g} / layer.weight[0].numel()) ** 0.5"
    draw = f"nn.init.normal_(layer.weight, std={std})"
    if shape == "uniform":
        draw = f"r = ({3 * scale:g} / layer.weight[0].numel()) ** 0.5; nn.init.uniform_(layer.weight, -r, r)"
    return draw, f'kernel_initializer=keras.initializers.VarianceScaling({scale:g}, "fan_in", "{keras}")'


def _by_std(drawn: Json) -> tuple[str, str]:
    std = f"{drawn['std']:g}"
    return (
        f"nn.init.normal_(layer.weight, std={std})",
        f"kernel_initializer=keras.initializers.RandomNormal(stddev={std})",
    )


def _by_rotation(drawn: Json) -> tuple[str, str]:
    gain = f"{drawn.get('gain', 1.0):g}"
    return (
        f"nn.init.orthogonal_(rnn.weight_hh_l0, gain={gain})",
        f"recurrent_initializer=keras.initializers.Orthogonal(gain={gain})",
    )


_LINES = {
    **{f"{name}_{shape}": _by_name for name in _GAINS for shape in ("normal", "uniform")},
    "normal": _by_std,
    "variance_scaling": _by_variance,
    "orthogonal": _by_rotation,
}
"""By the kind of an initialiser."""
