"""Writes `reference.md`: every layer, input, loss and preset as the catalog has it, with an example of each layer.

`python docs/write_reference.py > docs/reference.md`; `api_tests/docs` compares the page with what this prints.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service.core.errors import SpecError
from service.http.routes.catalog import Catalog, CatalogEntry, KindField, get_catalog
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

_BEGINNING = """# Reference of layers

This page is written from the catalog, `GET /v1/catalog`, which has the bounds of every field as well. Signals have
their channels or features last; a shape is that of one sample. How layers go together is on another page,
[Layers of real networks](layers.md).
"""
_INPUTS = (
    {"kind": "features", "features": 16},
    {"kind": "features", "features": 128},
    {"kind": "sequence", "steps": 8, "features": 16},
    {"kind": "image", "height": 8, "width": 8, "channels": 4},
    {"kind": "tokens", "steps": 8, "vocabulary": 100},
)
_TABLES = {
    "input_shapes": "Inputs of a network",
    "inputs": "What inputs are drawn from",
    "losses": "Losses",
}


def page() -> str:
    """The whole page."""
    catalog = get_catalog()
    kinds = {one.family: one.kinds for one in catalog.families}
    parts = [_BEGINNING, *(_layer(one) for one in kinds["layers"])]
    parts += [_table(title, kinds[family]) for family, title in _TABLES.items()]
    return "\n".join([*parts, _presets(catalog)])


def _layer(one: CatalogEntry) -> str:
    fields = [f"| `{field.name}` | {_cell(field.description)} | {_value(field)} |" for field in one.parameters]
    return "\n".join(
        [
            f"## `{one.kind}`\n",
            f"{one.summary} From {one.shape_in} to {one.shape_out}. Source: {one.source}\n",
            "| field | what it says | default |",
            "|---|---|---|",
            *fields,
            "",
            "```json",
            json.dumps(_network(one), ensure_ascii=False),
            "```",
            "",
        ]
    )


def _network(one: CatalogEntry) -> dict[str, object]:
    """The smallest network with the example of a kind."""
    layers = [json.loads(one.example or "{}")]
    for given in _INPUTS:
        network = {"input": given, "layers": layers}
        try:
            plan(SimulationSpec.model_validate({"network": network}))
        except SpecError:
            continue
        return {"network": network}
    raise ValueError(f"No input suits {one.kind}.")


def _table(title: str, kinds: list[CatalogEntry]) -> str:
    rows = [f"| `{one.kind}` | {_cell(one.summary)} | {_code(one.formula or '')} |" for one in kinds]
    return "\n".join([f"## {title}\n", "| kind | what it is | definition |", "|---|---|---|", *rows, ""])


def _presets(catalog: Catalog) -> str:
    rows = [f"| `{one.name}` | {_cell(one.summary)} | {_cell(one.source)} |" for one in catalog.presets]
    head = ["## Presets\n", "The values of `defaults`, which fill what layers do not say.\n"]
    return "\n".join([*head, "| name | what it draws | source |", "|---|---|---|", *rows, ""])


def _value(field: KindField) -> str:
    return "it must be given" if field.required else _code(field.default or "")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


if __name__ == "__main__":
    sys.stdout.write(f"{page().rstrip()}\n")
