"""The one mechanism behind every family of named choices (activations, initialisers, losses, layers, …).

A kind is a class with a `kind: Literal["its_name"]`, in a file of its family's folder. `discover` reads the folder,
`one_of` makes the discriminated union of what was found: validation, the OpenAPI document, the catalog and the
property tests follow from there, so that adding a kind touches one file.
"""

import ast
import inspect
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, reduce
from importlib import import_module
from itertools import pairwise
from operator import or_
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, Strict
from typing_extensions import TypeAliasType


def _tidy(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Drop the automatic titles; JSON must have the tag, which Python callers may omit; a kind has an example."""
    fields = schema.get("properties", {})
    for field in fields.values():
        field.pop("title", None)
    told = _descriptions(model)
    for name, field in model.model_fields.items():
        if name in told and told[name] != inspect.getdoc(field.annotation):  # which its own schema says
            fields.get(field.alias or name, {}).setdefault("description", told[name])
    for name in getattr(model, "left_open", ()):
        fields[name].pop("default", None)
    if "kind" in fields:
        fields["kind"].pop("default", None)
        fields["kind"].setdefault("description", "Which kind this is.")
        schema["required"] = list(dict.fromkeys(["kind", *schema.get("required", [])]))
        example = model.example() if issubclass(model, Kind) and _is_concrete(model) else {}
        if set(schema["required"]) <= example.keys():
            schema["examples"] = [example]


Advice = Mapping[str, Any] | str
"""What belongs in place of something: the right fields with values, or the end of a sentence that begins with "put"."""


class Model(BaseModel):
    """A frozen record that refuses unknown fields and numbers that are not finite."""

    needs: ClassVar[Mapping[str, Any]] = {}
    """Values of the fields without a default, as an example."""
    misnamed: ClassVar[Mapping[str, Advice]] = {}
    """What belongs in place of fields that other programs have."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
        json_schema_extra=_tidy,
    )

    @classmethod
    def advice(cls, field: str, value: Any) -> Advice | None:
        """What belongs in place of `field` with that value, which is no field of this model or not of its type."""
        return cls.misnamed.get(field)

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        """The fields that a value stands for which is no object; None where it stands for none."""
        return None


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

    left_open: ClassVar[Collection[str]] = ()
    """Fields that a preset may fill: the document has no default of them, which generated clients would send."""
    aliases: ClassVar[Collection[str]] = ()
    """What other programs call it, with the fields that this implies where it is a mapping: a request that does is
    answered with what it is called here."""

    @classmethod
    def kind_name(cls) -> str:
        """The public name of this kind."""
        return str(cls.model_fields["kind"].default)

    @classmethod
    def example(cls, alias: str = "") -> dict[str, Any]:
        """A valid one as JSON: what `alias` stands for, or one with its defaults."""
        implied = cls.aliases.get(alias, {}) if isinstance(cls.aliases, Mapping) else {}
        return {"kind": cls.kind_name(), **cls.needs, **implied}


_M = TypeVar("_M", bound=Model)
_K = TypeVar("_K", bound=Kind)
_UNIONS: dict[str, Sequence[type[Model]]] = {}


def discover(package: str) -> None:
    """Import every module of `package`, in alphabetical order."""
    for module in sorted(iter_modules(sys.modules[package].__path__), key=lambda module: module.name):
        import_module(f"{package}.{module.name}")


def members(family: type[_K]) -> list[type[_K]]:
    """The concrete kinds of `family` known so far, ordered by name; `family` itself where it is one."""
    found = [family, *every_model(family)]
    return sorted((kind for kind in found if _is_concrete(kind)), key=lambda kind: kind.kind_name())


def one_of(name: str, family: type[Kind], *others: type[Kind]) -> Any:
    """The discriminated union of the kinds of `family`, and of `others`, called `name` in the OpenAPI document."""
    found = [*members(family), *others]
    return union_of(name, found, f"One of {len(found)} kinds, distinguished by `kind`.")


def union_of(name: str, models: Sequence[type[Model]], description: str) -> Any:
    """The union of `models`, distinguished by their `kind`, called `name` in the OpenAPI document."""
    _UNIONS[name] = models
    union = Field(discriminator="kind", description=description)
    return TypeAliasType(name, Annotated[reduce(or_, models), union])


def union_with(tags: Collection[str]) -> Sequence[type[Model]]:
    """The models of the union whose kinds are called `tags`; none where there is no such union."""
    found = (models for models in _UNIONS.values() if {str(one.model_fields["kind"].default) for one in models} == tags)
    return next(found, [])


def models_of(field: str) -> Sequence[type[Model]]:
    """What a field of that name is chosen from, in whatever model has one; none where it is no object."""
    annotations = (one.model_fields[field].annotation for one in every_model(Model) if field in one.model_fields)
    return next((models for models in map(_models_in, annotations) if models), [])


def every_model(base: type[_M]) -> Iterator[type[_M]]:
    """All models below `base`."""
    for one in base.__subclasses__():
        yield one
        yield from every_model(one)


def complete() -> None:
    """Let every model known so far be ready to read and write; else the first who needs one waits until it is."""
    for one in every_model(Model):
        one.model_rebuild()


def _models_in(annotation: Any) -> Sequence[type[Model]]:
    """The models that are named in a type: those of its first union, or the first."""
    if isinstance(annotation, TypeAliasType):
        return _UNIONS.get(annotation.__name__, [])
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return next((models for models in map(_models_in, get_args(annotation)) if models), [])


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field of `model`, by the field's name; that of a base where the field is the base's own.

    Pydantic would read the sources of all models whenever they are loaded; only documents have use for it.
    """
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, Model) and one is not Model:
            own = _written_below(one)
            found = {name: text for name, text in found.items() if name not in inspect.get_annotations(one)} | own
    return found


@cache
def _written_below(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each of the fields that are stated in the class itself; nothing without its source."""
    try:
        source = _source(inspect.getsourcefile(model) or "")
    except (OSError, TypeError):
        return {}
    body = source.get(model.__qualname__, [])
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


@cache
def _source(file: str) -> dict[str, list[ast.stmt]]:
    """The statements of the classes in a file, by their names."""
    tree = ast.parse(Path(file).read_bytes())
    return {one.name: one.body for one in tree.body if isinstance(one, ast.ClassDef)}


def _is_concrete(kind: type[Kind]) -> bool:
    return not inspect.isabstract(kind) and isinstance(kind.model_fields["kind"].default, str)
