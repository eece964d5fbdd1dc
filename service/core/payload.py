"""A body as it was sent: it is read where it is worked on, a large one by a worker process and never by the event loop.

What a text takes is counted before anything is made of it.
"""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from service.core.errors import Refusal
from service.core.strict_json import loads
from service.core.validation import FieldError, faults_of

MOST_FAULTS = 20
"""Faults of one body that are listed; there may be one for each number of a matrix."""

_SMALL_BYTES = 16 << 10
_SMALL_WITH_FORMULAS = 2 << 10
"""A formula of 500 characters takes as long as a network of a hundred layers; a backslash may write its name."""
_FORMULAS = (b"formula", b"expression", b"expected", b"answer", b"\\")
_SMALL_OBJECTS = 256
_SMALL_PARTS = 2048

_T = TypeVar("_T")
_U = TypeVar("_U")
_M = TypeVar("_M", bound=BaseModel)


class InvalidBody(Refusal):
    """The request is JSON, and not what is asked for; the first faults of it, and how many there are."""

    code = "invalid-request"

    def __init__(self, faults: Sequence[FieldError], count: int) -> None:
        counted = "one fault" if count == 1 else f"{count} faults"
        shown = f" (the first {len(faults)} are listed)" if count > len(faults) else ""
        super().__init__(f"The request has {counted}{shown}: {faults[0].detail}")
        self.faults = faults


@dataclass(frozen=True)
class Weighed:
    """That work on what was sent takes so many seconds by its estimate, and was not begun."""

    seconds: float


class Payload(Generic[_T]):
    """What was sent, as bytes, and what is read of it: a model, or what a function makes of one.

    It is pickled as the bytes. Where a route has `Payload[Spec]` for its body, the document has the schema of `Spec`.
    """

    def __init__(self, text: bytes, reader: Callable[[bytes], _T]) -> None:
        self.text = text
        self._reader = reader

    @classmethod
    def of(cls, value: _T) -> "Payload[_T]":
        """A value of this service's own, in place of a body."""
        return Payload(pickle.dumps(value), pickle.loads)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the model; what is validated are bytes, which stay unread."""
        (model,) = get_args(source)
        reader = partial(_model_of, model)
        return core_schema.no_info_wrap_validator_function(lambda text, _: cls(text, reader), handler(model))

    @cached_property
    def name(self) -> str:
        """SHA-256 of the bytes, in hexadecimal: equal bytes are read alike."""
        return sha256(self.text).hexdigest()

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.text)

    @cached_property
    def small(self) -> bool:
        """Whether it is read within a few milliseconds, whatever it says: by its bytes, objects, parts and formulas."""
        if self.size > _SMALL_BYTES:
            return False
        if self.size > _SMALL_WITH_FORMULAS and any(mark in self.text for mark in _FORMULAS):
            return False
        parts = self.text.count(b",") + self.text.count(b"[") + self.text.count(b":")
        return self.text.count(b"{") <= _SMALL_OBJECTS and parts <= _SMALL_PARTS

    def read(self) -> _T:
        """What was sent; MalformedJson, InvalidBody, or what the function raises."""
        return self._reader(self.text)

    def then(self, made: Callable[[_T], _U]) -> "Payload[_U]":
        """The same bytes, read as what `made`, which has to be pickled, makes of what they are."""
        return Payload(self.text, partial(_made_of, self._reader, made))


def _made_of(reader: Callable[[bytes], _T], made: Callable[[_T], _U], text: bytes) -> _U:
    return made(reader(text))


def _model_of(model: type[_M], text: bytes) -> _M:
    """The model that `text` states as JSON."""
    value = loads(text)
    try:
        return model.model_validate(value, from_attributes=True)
    except ValidationError as error:
        found = error.errors(include_url=False)
        located: list[Mapping[str, Any]] = [{**one, "loc": ("body", *one["loc"])} for one in found[:MOST_FAULTS]]
        raise InvalidBody(faults_of(located, value), len(found)) from None
