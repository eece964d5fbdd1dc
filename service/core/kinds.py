"""The one mechanism behind every family of named choices (activations, initialisers, losses, layers, …).

A kind is a class with a `kind: Literal["its_name"]`, in a file of its family's folder. `discover` reads the folder,
`one_of` makes the discriminated union of what was found: validation, the OpenAPI document, the catalog and the
property tests follow from there, so that adding a kind touches one file.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from importlib import import_module
from inspect import isabstract
from operator import or_
from pkgutil import iter_modules
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict
from typing_extensions import TypeAliasType


def _tidy(schema: dict[str, Any], _model: type[BaseModel]) -> None:
    """Drop the automatic titles; JSON must have the tag, which Python callers may omit."""
    fields = schema.get("properties", {})
    for field in fields.values():
        field.pop("title", None)
    if "kind" in fields:
        fields["kind"].pop("default", None)
        fields["kind"].setdefault("description", "Which kind this is.")
        schema["required"] = list(dict.fromkeys(["kind", *schema.get("required", [])]))


class Model(BaseModel):
    """A frozen record that refuses unknown fields and numbers that are not finite."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        json_schema_extra=_tidy,
    )


# Strict: a JSON number and nothing else, so "3" and true are refused. The formats keep generated clients at 64 bits.
Double = Annotated[float, Strict(), Field(json_schema_extra={"format": "double"})]
Int64 = Annotated[int, Strict(), Field(json_schema_extra={"format": "int64"})]
StrictBool = Annotated[bool, Strict()]
BoundedFloat = Annotated[Double, Field(ge=-1e100, le=1e100)]
NonNegative = Annotated[Double, Field(ge=0, le=1e100)]
Positive = Annotated[Double, Field(gt=0, le=1e100)]
Fraction = Annotated[Double, Field(ge=0, le=1)]


class Kind(Model):
    """A named choice of some family; `kind` is its name in JSON."""

    kind: str

    aliases: ClassVar[tuple[str, ...]] = ()
    """What other programs call it: a request that does is answered with the name that it has here."""
    misnamed: ClassVar[Mapping[str, str]] = {}
    """What belongs in place of fields that other programs have, as the end of a sentence that begins with "take"."""

    @classmethod
    def kind_name(cls) -> str:
        """The public name of this kind."""
        return str(cls.model_fields["kind"].default)


_K = TypeVar("_K", bound=Kind)


def discover(package: str) -> None:
    """Import every module of `package`, in alphabetical order."""
    for module in sorted(iter_modules(sys.modules[package].__path__), key=lambda module: module.name):
        import_module(f"{package}.{module.name}")


def members(family: type[_K]) -> list[type[_K]]:
    """The concrete kinds of `family` known so far, ordered by name."""
    found = [kind for base in family.__subclasses__() for kind in [base, *members(base)]]
    return sorted((kind for kind in found if _is_concrete(kind)), key=lambda kind: kind.kind_name())


def one_of(name: str, family: type[Kind], *others: type[Kind]) -> Any:
    """The discriminated union of the kinds of `family`, and of `others`, called `name` in the OpenAPI document."""
    found = [*members(family), *others]
    return union_of(name, found, f"One of {len(found)} kinds, distinguished by `kind`.")


def union_of(name: str, models: Sequence[type[Model]], description: str) -> Any:
    """The union of `models`, distinguished by their `kind`, called `name` in the OpenAPI document."""
    union = Field(discriminator="kind", description=description)
    return TypeAliasType(name, Annotated[reduce(or_, models), union])


def kind_called(name: str, among: Sequence[str] | None = None) -> str | None:
    """The kind that has this name or alias, whatever its case, `among` those if given; None where there is none."""
    wanted = name.lower()
    known = (one for one in _every(Kind) if among is None or one.kind_name() in among)
    found = (one for one in known if wanted in (one.kind_name().lower(), *map(str.lower, one.aliases)))
    return next((one.kind_name() for one in found), None)


def advice_on(field: str) -> str | None:
    """What belongs in place of a field of that name, which no kind has; None where that is not known."""
    return next((one.misnamed[field] for one in _every(Kind) if field in one.misnamed), None)


def _every(base: type[Kind]) -> Iterator[type[Kind]]:
    """All kinds below `base` that have a name."""
    for kind in base.__subclasses__():
        if _is_concrete(kind):
            yield kind
        yield from _every(kind)


def _is_concrete(kind: type[Kind]) -> bool:
    return not isabstract(kind) and isinstance(kind.model_fields["kind"].default, str)
