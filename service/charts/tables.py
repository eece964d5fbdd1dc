"""A report → tables for spreadsheets and data frames, and its gradients as arrays."""

import csv
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO
from types import UnionType
from typing import Any, get_args

import numpy as np

from service.charts.folding import outline
from service.core.arrays import Float64Array
from service.core.errors import GradientsNotIncluded
from service.core.kinds import Model
from service.core.payload import Payload
from service.simulation.gradients import LayerGradients
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport

_NOT_IN_A_CELL = {"histograms", "log10_state_gradient"}
_OUTLINE = ("depth", "block", "alike")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a formula begins with in some spreadsheet."""


def layers_csv(report: SimulationReport) -> str:
    """A row for each layer from input to output, below a row of names, as RFC 4180 has it; null is an empty cell.

    A spread takes a column for each of its fields, such as `log10_delta_norm_median`; a shape is its sizes with `x`
    between them. The last columns are to group by: how deep a layer is in others, the number of the one around it, and
    for layers that repeat that of the first of them.
    """
    places = (dict(zip(_OUTLINE, place, strict=True)) for place in outline(report))
    rows = [
        {**dict(_cells("", LayerStatistics, layer)), **place}
        for layer, place in zip(report.layers, places, strict=True)
    ]
    return b"".join(map(csv_line, [[*rows[0]], *([*row.values()] for row in rows)])).decode()


def layers_table(payload: Payload[SimulationReport], _processes: int = 1) -> str:
    """`layers_csv` of a report that is not read yet."""
    return layers_csv(payload.read())


def gradients_file(payload: Payload[SimulationReport], _processes: int = 1) -> bytes:
    """`gradients_npz` of a report that is not read yet; GradientsNotIncluded."""
    return gradients_npz(payload.read())


def csv_line(cells: Sequence[Any]) -> bytes:
    """`cells` as a line of CSV (RFC 4180); None is an empty cell.

    A text that a spreadsheet would run as a formula has an apostrophe before it, which says that it is a text.
    """
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(map(_inert, cells))
    return text.getvalue().encode()


def gradients_npz(report: SimulationReport) -> bytes:
    """The gradients of a report as NumPy's .npz; GradientsNotIncluded where it has none.

    `3/weights` are those of layer 3, of their own shape, such as (fan_in, fan_out); `3/bias`, (fan_out,); and so all
    other parameters by their names. `3/delta` and `3/derivative` are (samples, units). All are float64; NaN stands
    for what overflowed. What a layer does not have is left out.
    """
    if report.gradients is None:
        raise GradientsNotIncluded
    arrays = {
        f"{layer.index}/{name}": values
        for layer, gradients in zip(report.layers, report.gradients, strict=True)
        for name, values in _arrays(gradients)
    }
    file = BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _arrays(gradients: LayerGradients) -> Iterator[tuple[str, Float64Array]]:
    """The arrays of a layer by their names; None becomes NaN."""
    for parameter in gradients.parameters:
        yield parameter.name, parameter.array
    yield "delta", np.array(gradients.delta, dtype=np.float64)
    if gradients.derivative is not None:
        yield "derivative", np.array(gradients.derivative, dtype=np.float64)


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _cells(prefix: str, record: type[Model], model: Model | None) -> Iterator[tuple[str, Any]]:
    """The columns of a `record`, each with its cell; those of a record inside begin with its name, null or not."""
    for name, field in record.model_fields.items():
        value, inside = getattr(model, name, None), _record_in(field.annotation)
        if name in _NOT_IN_A_CELL:
            continue
        if inside is not None:
            yield from _cells(f"{prefix}{name}_", inside, value)
        else:
            yield f"{prefix}{name}", "x".join(map(str, value)) if isinstance(value, list) else value


def _record_in(annotation: Any) -> type[Model] | None:
    """The record that a field of this type holds, or null in its place; None where it holds something else."""
    options = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, Model)), None)
