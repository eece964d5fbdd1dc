"""The catalog: every kind of every family, with parameters, shapes, formulas and sources; presets; charts.

All of it is read from the classes themselves.
"""

from functools import cache
from typing import Any

from fastapi import APIRouter

from service.charts.chart import Chart
from service.charts.kinds import CHARTS, ChartName
from service.core.kinds import Double, Int64, Kind, Model, StrictBool, members
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.differentiate import differentiate
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import Expr
from service.formulas.language.write import latex, plain
from service.http.preset_entries import CellEntry, PresetEntry, as_json, cell_entry, preset_entry, summary_of
from service.http.scopes import READ
from service.nn.activations import Activation
from service.nn.cells import CELLS
from service.nn.data import Data, InputData
from service.nn.initializers import Initializer, NoBias
from service.nn.layers import Node
from service.nn.losses import Loss
from service.nn.optimizers import Optimizer
from service.nn.policies import Policy
from service.nn.presets import PRESETS
from service.nn.shapes import InputShape
from service.simulation.finding_wording import FINDINGS
from service.simulation.vocabulary import FindingCode
from service.theory.bounds import bounds
from service.theory.facts import ActivationBounds

_FAMILIES: dict[str, type[Kind]] = {
    "activations": Activation,
    "biases": NoBias,
    "initializers": Initializer,
    "input_shapes": InputShape,
    "inputs": InputData,
    "layers": Node,
    "losses": Loss,
    "optimizers": Optimizer,
    "policies": Policy,
    "targets": Data,
}

router = APIRouter(prefix="/v1/catalog", tags=["catalog"], dependencies=READ)


class KindField(Model):
    """One field of a kind beside its name."""

    name: str
    """Its name in JSON."""
    description: str
    """What it does."""
    value_type: str
    """Its JSON type, or the family it is chosen from, and whether it may be null."""
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
    most_items: Int64 | None
    """How many items a list has at most, of which the bounds above are; null where it is no list."""


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
    shape_in: str | None
    """The shapes of one sample that may come into a layer; the shape that an input has."""
    shape_out: str | None
    """The shape of what comes out of a layer for one sample."""
    example: str
    """One that is valid, as JSON."""
    aliases: list[str]
    """What other programs call it; a request that does is answered with what to write here."""
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
    requires: str | None
    """The field of layers that is null in all of a report in which it has nothing to draw; null where it always has."""
    compares: StrictBool
    """Whether it draws several reports; else it draws one."""


class FindingEntry(Model):
    """A finding that reports may have."""

    code: FindingCode
    """Its code, which never changes."""
    name: str
    """Its name."""
    meaning: str
    """What it likely means."""
    suggestion: str
    """What to try."""


class Catalog(Model):
    """All families, each with its kinds, all presets and recurrent cells, all charts and all findings."""

    families: list[Family]
    """The families, by name."""
    presets: list[PresetEntry]
    """The presets, by name."""
    cells: list[CellEntry]
    """The cells of recurrent layers."""
    charts: list[ChartEntry]
    """The charts of reports, in the order in which they are shown."""
    findings: list[FindingEntry]
    """The findings of reports, by their codes."""


@router.get("", summary="List every kind of every family, and every chart")
@cache
def get_catalog() -> Catalog:  # in a thread: the first call proves the bounds
    """Every activation, initializer, loss, layer, policy, input and kind of data: parameters, formula, shapes, bounds.

    And every preset with what it fills, every recurrent cell with the order of its gates, every
    chart of reports, and every finding.
    """
    return Catalog(
        families=[
            Family(family=name, kinds=[_entry(kind) for kind in members(family)]) for name, family in _FAMILIES.items()
        ],
        presets=[preset_entry(preset) for preset in PRESETS.values()],
        cells=[cell_entry(name, cell) for name, cell in CELLS.items()],
        charts=[_chart(chart) for chart in CHARTS.values()],
        findings=[FindingEntry(code=one, name=one.name.lower(), **FINDINGS[one]._asdict()) for one in FindingCode],
    )


def _entry(kind: type[Kind]) -> CatalogEntry:
    default = kind.default() if issubclass(kind, Activation) else None
    formula = None if default is None else _formula(default)
    slope = None if formula is None else differentiate(formula, VARIABLE)
    return CatalogEntry(
        kind=kind.kind_name(),
        summary=summary_of(kind),
        parameters=_parameters(kind),
        formula=getattr(kind, "definition", None),
        latex=None if formula is None else latex(formula),
        derivative=getattr(kind, "derivative", None) if slope is None else plain(slope),
        derivative_latex=None if slope is None else latex(slope),
        convention=getattr(kind, "convention", None),
        source=getattr(kind, "source", None),
        shape_in=getattr(kind, "shape_in", kind.definition if issubclass(kind, InputShape) else None),
        shape_out=getattr(kind, "shape_out", None),
        example=as_json(kind.example()),
        aliases=list(kind.aliases),
        bounds=None if default is None else bounds(default.closed),
    )


def _chart(chart: Chart) -> ChartEntry:
    return ChartEntry(
        name=ChartName(chart.name),
        title=chart.title,
        how_to_read=chart.how_to_read,
        tab=chart.tab,
        requires=chart.requires,
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
    named = {**schema, **own}
    return [_parameter(kind, name, field, named) for name, field in own["properties"].items() if name != "kind"]


def _parameter(kind: type[Kind], name: str, field: dict[str, Any], schema: dict[str, Any]) -> KindField:
    given: dict[str, Any] = next((one for one in field.get("anyOf", []) if one.get("type") != "null"), {})
    resolved = _resolve({**given, **field}, schema)
    bounded = _resolve(resolved.get("items", resolved), schema)
    required = kind.model_fields[name].is_required()
    default = None if required else kind.model_fields[name].get_default(call_default_factory=True)
    return KindField(
        name=name,
        description=field.get("description", ""),
        value_type=_type(resolved, _reference({**given, **field})) + (" or null" if given else ""),
        required=required,
        default=None if required else as_json(default),
        minimum=bounded.get("minimum"),
        exclusive_minimum=bounded.get("exclusiveMinimum"),
        maximum=bounded.get("maximum"),
        exclusive_maximum=bounded.get("exclusiveMaximum"),
        choices=resolved.get("enum", []),
        most_items=resolved.get("maxItems"),
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
