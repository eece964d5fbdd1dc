"""The catalog: every kind of every family, with parameters, formulas and sources, and every chart.

All of it is read from the classes themselves.
"""

import json
from functools import cache
from typing import Any

from fastapi import APIRouter

from service.charts.chart import Chart
from service.charts.kinds import CHARTS, ChartName
from service.core.kinds import Double, Kind, Model, StrictBool, members
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.differentiate import differentiate
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import Expr
from service.formulas.language.write import latex, plain
from service.nn.activations import Activation
from service.nn.data import Data, InputData
from service.nn.initializers import Initializer
from service.nn.layers import Node
from service.nn.losses import Loss
from service.nn.policies import Policy
from service.theory.bounds import bounds
from service.theory.facts import ActivationBounds

_FAMILIES: dict[str, type[Kind]] = {
    "activations": Activation,
    "initializers": Initializer,
    "inputs": InputData,
    "layers": Node,
    "losses": Loss,
    "policies": Policy,
    "targets": Data,
}

router = APIRouter(prefix="/v1/catalog", tags=["catalog"])


class KindField(Model):
    """One field of a kind beside its name."""

    name: str
    """Its name in JSON."""
    description: str
    """What it does."""
    value_type: str
    """Its JSON type, or the family it is chosen from."""
    required: bool
    """Whether it must be given."""
    default: str | None
    """Its default as JSON; null where it must be given."""
    minimum: Double | None
    """The smallest value allowed; null without one."""
    exclusive_minimum: Double | None
    """The value that all allowed ones are above; null without one."""
    maximum: Double | None
    """The largest value allowed; null without one."""
    exclusive_maximum: Double | None
    """The value that all allowed ones are below; null without one."""
    choices: list[str]
    """The words allowed, where it is one of few."""


class CatalogEntry(Model):
    """One kind of a family, with its fields and formulas."""

    kind: str
    """Its name."""
    summary: str
    """What it is, in a sentence."""
    parameters: list[KindField]
    """Its fields."""
    formula: str | None
    """The formula, where it has one."""
    latex: str | None
    """The formula of an activation in LaTeX."""
    derivative: str | None
    """The derivative of the formula."""
    derivative_latex: str | None
    """The derivative of an activation in LaTeX."""
    convention: str | None
    """Which derivative is taken where there is none."""
    source: str | None
    """Where it was proposed, defined or measured."""
    bounds: ActivationBounds | None
    """Certified bounds of an activation and its derivative, with its default parameters."""


class Family(Model):
    """A family of choices, distinguished by `kind`."""

    family: str
    """Its name."""
    kinds: list[CatalogEntry]
    """Its members, by name."""


class ChartEntry(Model):
    """One chart of a report, with its words."""

    name: ChartName
    """Its name."""
    title: str
    """What stands above the drawing."""
    how_to_read: str
    """How to read it, in one or two sentences."""
    tab: str | None
    """What its tab on the page is called; null where the page has no tab for it."""
    compares: StrictBool
    """Whether it draws several reports; else it draws one."""


class Catalog(Model):
    """All families, each with its kinds, and all charts."""

    families: list[Family]
    """The families, by name."""
    charts: list[ChartEntry]
    """The charts of reports, in the order in which they are shown."""


@router.get("", summary="List every kind of every family, and every chart")
@cache
def get_catalog() -> Catalog:  # in a thread: the first call proves the bounds
    """Every activation, initializer, loss, layer, policy and kind of data: parameters, formula, derivative, bounds.

    And every chart of reports: its name, its title, and how to read it.
    """
    return Catalog(
        families=[
            Family(family=name, kinds=[_entry(kind) for kind in members(family)]) for name, family in _FAMILIES.items()
        ],
        charts=[_chart(chart) for chart in CHARTS.values()],
    )


def _entry(kind: type[Kind]) -> CatalogEntry:
    default = kind.default() if issubclass(kind, Activation) else None
    formula = None if default is None else _formula(default)
    slope = None if formula is None else differentiate(formula, VARIABLE)
    return CatalogEntry(
        kind=kind.kind_name(),
        summary=(kind.__doc__ or "").strip().partition("\n")[0],
        parameters=_parameters(kind),
        formula=getattr(kind, "definition", None),
        latex=None if formula is None else latex(formula),
        derivative=getattr(kind, "derivative", None) if slope is None else plain(slope),
        derivative_latex=None if slope is None else latex(slope),
        convention=getattr(kind, "convention", None),
        source=getattr(kind, "source", None),
        bounds=None if default is None else bounds(default.closed),
    )


def _chart(chart: Chart) -> ChartEntry:
    return ChartEntry(
        name=ChartName(chart.name),
        title=chart.title,
        how_to_read=chart.how_to_read,
        tab=chart.tab,
        compares=chart.compares,
    )


def _formula(activation: Activation) -> Expr | None:
    """The definition as a formula, with the names of its parameters; None where it is of several variables."""
    try:
        return parse(activation.definition, VARIABLE, tuple(activation.values))
    except FormulaError:
        return None


def _parameters(kind: type[Kind]) -> list[KindField]:
    schema = kind.model_json_schema()
    own = _resolve(schema, schema)  # a recursive kind refers to itself
    fields = {name: field for name, field in own["properties"].items() if name != "kind"}
    return [_parameter(name, field, {**schema, **own}) for name, field in fields.items()]


def _parameter(name: str, field: dict[str, Any], schema: dict[str, Any]) -> KindField:
    resolved = _resolve(field, schema)
    required = name in schema.get("required", [])
    return KindField(
        name=name,
        description=field.get("description", ""),
        value_type=_type(resolved, _reference(field)),
        required=required,
        default=None if required else json.dumps(field.get("default")),
        minimum=resolved.get("minimum"),
        exclusive_minimum=resolved.get("exclusiveMinimum"),
        maximum=resolved.get("maximum"),
        exclusive_maximum=resolved.get("exclusiveMaximum"),
        choices=resolved.get("enum", []),
    )


def _reference(field: dict[str, Any]) -> str:
    return str(field.get("$ref", "")).rpartition("/")[2]


def _resolve(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    definition = schema.get("$defs", {}).get(_reference(field), {})
    return {**definition, **field}


def _type(resolved: dict[str, Any], reference: str) -> str:
    if "discriminator" in resolved:
        return reference
    return str(resolved.get("type", "array"))
