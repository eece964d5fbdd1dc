"""The loss that a Keras file names, as a kind of our language."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.imports.base import Reading, Subject
from service.imports.keras.fields import shown

_KINDS = {
    "mean_squared_error": "mean_squared_error",
    "mse": "mean_squared_error",
    "mean_absolute_error": "absolute_error",
    "mae": "absolute_error",
    "binary_crossentropy": "binary_cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "huber": "huber",
    "huber_loss": "huber",
    "hinge": "hinge",
}
_FREE = ("name", "fn", "dtype")


def loss_of(training: Any, reading: Reading) -> str | None:
    """The kind that `compile_config` or `training_config` names; None, with an assumption, where it is none of ours."""
    value = _single(training.get("loss")) if isinstance(training, Mapping) else None
    if value is None:
        return None
    if training.get("loss_weights") not in (None, 1, [1], {}, []):
        reading.assume(
            Subject.LOSS, "", "The weight that the file gives its loss is left out; it scales all gradients."
        )
    kind = _kind(value)
    if kind is None and reading.options.loss is None:
        sentence = f"The file's loss, {shown(value)}, cannot be said here, so another stands for it."
        reading.assume(Subject.LOSS, "", sentence)
    return kind


def _single(value: Any) -> Any:
    """The loss of the only output, where there is a list or an object of losses."""
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    if isinstance(value, Mapping) and "class_name" not in value and len(value) == 1:
        return next(iter(value.values()))
    return value


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return _KINDS.get(_snake(value))
    config = value.get("config") if isinstance(value, Mapping) else None
    name = value.get("class_name") if isinstance(value, Mapping) else None
    if name == "function" and isinstance(config, str):
        return _KINDS.get(_snake(config))
    if not isinstance(name, str) or not isinstance(config, Mapping):
        return None
    kind = _KINDS.get(_snake(name))
    left = {key: one for key, one in config.items() if key not in (*_FREE, "from_logits")}
    if kind is None or any(one not in _USUAL.get(key, ()) for key, one in left.items()):
        return None
    logits = config.get("from_logits", False) is True
    return f"{kind}_with_logits" if logits and kind.endswith("cross_entropy") else kind


_USUAL: Mapping[str, Sequence[Any]] = {
    "label_smoothing": (0,),
    "delta": (1.0,),
    "axis": (-1,),
    "ignore_class": (None,),
    "reduction": ("auto", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None),
}
"""Fields of a loss at the values that have no effect here."""


def _snake(name: str) -> str:
    """A class's name as that of a function."""
    known = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    return known if name[:1].isupper() else name
