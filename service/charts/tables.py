"""A report → tables for spreadsheets and data frames."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from service.core.kinds import Model
from service.simulation.results import LayerStatistics, SimulationReport

_NOT_IN_A_CELL = {"histograms"}
_RUN = ("=", "+", "-", "@", "\t", "\r")
"""What a formula begins with in some spreadsheet."""


def layers_csv(report: SimulationReport) -> str:
    """A row for each layer from input to output, below a row of names, as RFC 4180 has it; null is an empty cell.

    A spread takes a column for each of its fields, such as `log10_delta_norm_median`; a shape is its sizes with `x`
    between them.
    """
    text = StringIO()
    rows = [dict(_cells("", layer)) for layer in report.layers]
    writer = csv.DictWriter(text, columns(), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def csv_line(cells: Sequence[Any]) -> bytes:
    """`cells` as a line of CSV (RFC 4180); None is an empty cell.

    A text that a spreadsheet would run as a formula has an apostrophe before it, which says that it is a text.
    """
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(map(_inert, cells))
    return text.getvalue().encode()


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RUN) else cell


def columns() -> list[str]:
    """The names of the columns."""
    return list(_names("", LayerStatistics))


def _names(prefix: str, model: type[Model]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Model):
            yield from _names(f"{prefix}{name}_", inner)
        elif name not in _NOT_IN_A_CELL:
            yield f"{prefix}{name}"


def _cells(prefix: str, model: Model) -> Iterator[tuple[str, Any]]:
    for name, value in model:
        if isinstance(value, Model) and name not in _NOT_IN_A_CELL:
            yield from _cells(f"{prefix}{name}_", value)
        elif name not in _NOT_IN_A_CELL:
            yield f"{prefix}{name}", "x".join(map(str, value)) if isinstance(value, list) else value
