"""The fields of one object of a Keras file, taken out one by one: what is left over at the end is a fault."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from service.core.arrays import Shape
from service.core.pointers import escape
from service.imports.base import Layer, Reading, Subject

_LONGEST_SHOWN = 60
_LARGEST = 10**9
_FREE = ("name", "seed")
"""Fields without effect on what is computed, whatever their values."""
_POLICIES = ("DTypePolicy", "FloatDTypePolicy", "Policy")
_OF_OBJECTS = ("module", "class_name", "registered_name", "shared_object_id")
_PLAIN_TYPES = ("float32", "float64", "int32", "int64", "bool", "uint8", "string", None)


class Unsayable(Exception):
    """Something that our language cannot say at the shape that comes in, as the end of a sentence."""


@dataclass(frozen=True)
class Made:
    """What a Keras layer is in our language, for signals of the shapes that come in.

    `behind` has the layers that one signal goes through, or what comes behind where several are merged; `before` those
    that each of them goes through first.
    """

    behind: Callable[[Sequence[Shape]], Sequence[Layer]]
    merge: str | None = None
    before: Callable[[Sequence[Shape]], Sequence[Sequence[Layer]]] = lambda shapes: [() for _ in shapes]
    trained: bool = False
    """Whether it has numbers that are trained."""


def one_signal(layers: Callable[[Shape], Sequence[Layer]], trained: bool = False) -> Made:
    """What makes `layers` of the shape of its only signal."""
    return Made(lambda shapes: layers(shapes[0]), trained=trained)


@dataclass
class File:
    """What holds for all of a file: its dialect, what the reader has come to, and how much is still read."""

    reading: Reading
    version: tuple[int, int]
    channels_first: bool = False
    expansions: int = 6_000

    def expand(self) -> None:
        """Count one layer that is written out; Unsayable where there are too many, as of models in one another."""
        self.expansions -= 1
        if self.expansions < 0:
            raise Unsayable("has too many layers once all models inside it are written out")


@dataclass
class Fields:
    """The fields of one object; every method takes some out."""

    values: dict[str, Any]
    pointer: str
    what: str  # how the object is called in a sentence
    file: File

    @classmethod
    def of(cls, value: Any, pointer: str, what: str, file: File) -> "Fields":
        """Those of `value`, which should be an object; none, with a fault, where it is not."""
        found = cls(dict(value) if isinstance(value, Mapping) else {}, pointer, what, file)
        if not isinstance(value, Mapping):
            found.fault("", f"{what} is {shown(value)}, where an object with fields is read.")
        return found

    def fault(self, name: str, sentence: str) -> None:
        """Keep a fault of the field `name`, or of the whole object where that is empty."""
        self.file.reading.fault(self.at(name), sentence)

    def at(self, name: str) -> str:
        """The pointer to a field; to the object where the name is empty."""
        return f"{self.pointer}/{escape(name)}" if name else self.pointer

    def assume(self, subject: Subject, name: str, sentence: str) -> None:
        """Keep an assumption about the field `name`."""
        self.file.reading.assume(subject, self.at(name), sentence)

    def take(self, *names: str, default: Any = None) -> Any:
        """The value of the first of `names` that is there; a second one that is there, too, is left for `finish`."""
        found = next((name for name in names if name in self.values), None)
        return default if found is None else self.values.pop(found)

    def free(self, *names: str) -> None:
        """Drop fields without effect, whatever their values."""
        for name in (*_FREE, *names):
            self.values.pop(name, None)

    def drop_null(self, *names: str) -> None:
        """Drop fields that are null, as if they were not there."""
        for name in names:
            if name in self.values and self.values[name] is None:
                del self.values[name]

    def only(self, name: str, *values: Any) -> None:
        """See that a field that may be there has one of `values`, which have no effect."""
        if name in self.values:
            found = self.values.pop(name)
            if not any(_same(found, one) for one in values):
                self.fault(name, f"{self.what} has {name} = {shown(found)}, which cannot be said here.")

    def noted(self, subject: Subject, sentence: str, *names: str) -> None:
        """Drop fields that do not touch the error's gradient, with an assumption where one is not null."""
        for name in names:
            if self.values.pop(name, None) is not None:
                self.assume(subject, name, sentence)

    def whole(self, *names: str, default: Any = None, least: int = 1) -> Any:
        """An integer of at least `least`, or what `default` is."""
        return self._typed(names, default, "a whole number", lambda value: _is_whole(value, least))

    def number(self, *names: str, default: Any = None) -> Any:
        """A finite number; those that Keras wrote as arrays of one entry are known."""
        found = next((name for name in names if isinstance(self.values.get(name), Mapping)), None)
        if found and self.values[found].keys() == {"type", "value"}:
            self.values[found] = self.values[found]["value"]
        return self._typed(names, default, "a number", _is_number)

    def flag(self, *names: str, default: bool = False) -> bool:
        """A boolean, or 0 or 1 in its place."""
        return bool(
            self._typed(names, default, "true or false", lambda value: type(value) in (bool, int) and value in (0, 1))
        )

    def word(self, *names: str, default: str, among: Sequence[str]) -> str:
        """One of some words."""
        return str(self._typed(names, default, f"one of {', '.join(among)}", lambda value: value in among))

    def sizes(self, *names: str, default: Any = None, least: int = 1) -> Any:
        """A list of one or two whole numbers; a single one is a list of it."""
        found = self._typed(
            names, default, "a whole number or a list of one or two", lambda value: _sizes(value, least)
        )
        return [found] if isinstance(found, int) else found

    def _typed(self, names: Sequence[str], default: Any, wanted: str, right: Callable[[Any], bool]) -> Any:
        name = next((one for one in names if one in self.values), None)
        if name is None and default is None:
            self.fault("", f"{self.what} has no {names[0]}.")
            return _STAND_INS.get(wanted[:7], 1)
        value = default if name is None else self.values.pop(name)
        if name is None or right(value):
            return value
        self.fault(name, f"{self.what} has {name} = {shown(value)}, where {wanted} is read.")
        return default if default is not None else _STAND_INS.get(wanted[:7], 1)

    def shape(self) -> Sequence[int | None] | None:
        """The shape of the input that the object declares, without samples; None where it declares none."""
        for name, samples in (("batch_input_shape", 1), ("batch_shape", 1), ("input_shape", 0)):
            if self.values.get(name) is not None:
                return self._shape(name, samples)
            self.values.pop(name, None)
        return None

    def _shape(self, name: str, samples: int) -> Sequence[int | None]:
        value = self.values.pop(name)
        if isinstance(value, Mapping) and value.keys() == {"class_name", "items"}:  # {"class_name": "__tuple__"}
            value = value["items"]
        sizes = value[samples:] if isinstance(value, list) else None
        if sizes is None or not all(one is None or _is_whole(one, 1) for one in sizes):
            self.fault(name, f"{self.what} has {name} = {shown(value)}, where one shape is read.")
            return []
        return sizes

    def data_format(self, positions: int = 2) -> None:
        """Take out where the channels are; a fault where they are not as in the rest of the file.

        The channels of a sequence, with one axis of positions, are always last.
        """
        value = self.take("data_format", "dim_ordering", default=None)
        first = {"channels_first": True, "th": True, "channels_last": False, "tf": False, "default": None, None: None}
        known = first.get(value, 0) if value is None or isinstance(value, str) else 0
        if known == 0 and known is not False:
            self.fault("data_format", f"{self.what} has data_format = {shown(value)}, which is not known.")
        elif known is not None and known != (self.file.channels_first and positions == 2):
            other = (
                "of sequences they are read last" if positions == 1 else "other layers of the file have them elsewhere"
            )
            self.fault("data_format", f"{self.what} has its channels {_PLACES[bool(known)]}; {other}.")

    def finish(self) -> None:
        """Take out what all layers have; every field that is left is a fault."""
        self.free()
        self.usual()
        sentence = "The gradient is that of the error alone: regularisers and constraints add nothing to it."
        extra = [name for name in self.values if name.endswith(("_regularizer", "_constraint"))]
        self.noted(Subject.REGULARISER, sentence, *extra)
        for name, value in self.values.items():
            self.fault(name, f"{self.what} has {name} = {shown(value)}, which is not understood.")

    def usual(self) -> None:
        """Take out in which numbers it computes, and whether it is trained."""
        self._data_type("dtype")
        self._data_type("input_dtype")
        frozen = "Layers that are frozen are measured like the others, and batch norms have the batch's statistics."
        if not self.flag("trainable", default=True):
            self.assume(Subject.FROZEN, "trainable", frozen)

    def _data_type(self, name: str) -> None:
        value = self.values.pop(name, None)
        value = _of_policy(value) if isinstance(value, Mapping) else value
        if isinstance(value, str) and value in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16"):
            self.assume(Subject.OTHER, name, f"The file computes in {value}; here precision is float64 unless changed.")
        elif value is not None and value not in _PLAIN_TYPES:
            self.fault(name, f"{self.what} has {name} = {shown(value)}, which is not understood.")


_PLACES = {True: "first", False: "last"}
_STAND_INS: Mapping[str, Any] = {"true or": False, "a numbe": 0.5}
"""What a field without a value has until the faults are stated; a whole number is 1."""


def shown(value: Any) -> str:
    """A value of the file, short enough for a sentence; of code or text no more than its kind."""
    if isinstance(value, Mapping):
        name = value.get("class_name")
        return f"an object of class {name[:_LONGEST_SHOWN]}" if isinstance(name, str) else "an object"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]" if len(value) <= 4 else f"a list of {len(value)}"
    return repr(value) if not isinstance(value, str) or len(value) <= _LONGEST_SHOWN else "a long text"


def _of_policy(value: Mapping[str, Any]) -> Any:
    """The type that a policy of Keras names; the policy itself where it is of another class or says more."""
    inner, module = value.get("config"), value.get("module", "keras")
    known = value.get("class_name") in _POLICIES and isinstance(module, str) and module.split(".")[0] == "keras"
    plain = value.get("registered_name") is None and value.keys() <= {*_OF_OBJECTS, "config"}
    if known and plain and isinstance(inner, Mapping) and inner.keys() <= {"name", "source_name"}:
        return inner.get("name", value)
    return value


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= _LARGEST


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and isfinite(value) and abs(value) <= 1e30


def _sizes(value: Any, least: int) -> bool:
    several = isinstance(value, list) and 1 <= len(value) <= 2 and all(_is_whole(one, least) for one in value)
    return several or _is_whole(value, least)


def _same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are equal: 1 is not true, and 1 is 1.0."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
