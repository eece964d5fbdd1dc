"""The table of layers in a terminal: short where there are many, and never without what findings name."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from api_tests.networks import Json, report
from service.__main__ import main
from service.charts.folding import MOST_ROWS
from service.cli.layers_table import layers_table
from service.simulation.results import SimulationReport

SMALL: Json = {"data": {"samples": 2}, "trials": 2}
TANH: Json = {"kind": "tanh"}


def _block(name: str, units: int = 8) -> Json:
    layers = [{"kind": "layer_norm", "name": f"{name}.norm"}, {"kind": "dense", "units": units, "name": f"{name}.up"}]
    return {"kind": "residual", "name": name, "layers": layers}


def _encoder(blocks: int) -> Json:
    """Blocks with names of their own, and a head."""
    layers = [_block(f"encoder.layer.{number}") for number in range(blocks)]
    return {"features": 8, "layers": [*layers, {"kind": "dense", "units": 2, "name": "head"}]}


def _printed(found: SimulationReport, width: int = 120, whole: bool = False) -> str:
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(layers_table(found, width, whole))
    return captured.get()


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]


def _without_findings(found: SimulationReport) -> SimulationReport:
    return found.model_copy(update={"findings": []})


def test_what_repeats_is_a_row_with_the_least_and_the_most_of_its_numbers() -> None:
    found = _without_findings(report(_encoder(20), **SMALL))
    rows = _rows(_printed(found))
    names = [row[1] for row in rows]
    assert names.count("least") == names.count("most") == 3
    at = names.index("encoder.layer.0–19: residual × 20")
    assert rows[at][0] == "1–60"
    middle, least, most = (float(rows[at + step][3].replace("−", "-")) for step in range(3))
    medians = [layer.log10_delta_norm.median or 0.0 for layer in found.layers if layer.kind == "residual"]
    assert (least, most) == pytest.approx((min(medians), max(medians)), abs=0.006)
    assert least <= middle <= most
    assert {".norm: layer norm", ".up: dense linear"} <= set(names)
    assert rows[-1][1] == "head: dense linear"
    assert "60 layers have no row of their own, +n of them inside one; --all-layers gives them one." in _printed(found)


def test_all_layers_have_a_row_where_that_is_asked_for_or_they_are_few() -> None:
    many, few = report(_encoder(20), **SMALL), report(_encoder(4), **SMALL)
    for found, whole in ((many, True), (few, False), (few, True)):
        text = _printed(found, 200, whole)
        assert [row[0] for row in _rows(text)] == [str(layer.index) for layer in found.layers]
        assert [row[1] for row in _rows(text)[:3]] == [
            "encoder.layer.0.norm: layer norm",
            "encoder.layer.0.up: dense linear",
            "encoder.layer.0: residual",
        ]
        assert "--all-layers" not in text


def test_blocks_say_how_many_layers_inside_are_left_out_where_all_would_be_too_many() -> None:
    layers = [_block(f"stage{units}", units) for units in range(8, 34)]
    for one, units in zip(layers, range(8, 34), strict=True):
        one["shortcut"] = [{"kind": "dense", "units": units}]
    found = _without_findings(report({"features": 8, "layers": layers}, **SMALL))
    rows = _rows(_printed(found))
    assert len(rows) == 26 <= MOST_ROWS < len(found.layers)
    assert [row[1] for row in rows] == [f"stage{units}: residual (+3)" for units in range(8, 34)]


def test_a_layer_that_a_finding_names_has_a_row_wherever_it_is() -> None:
    known = report(_encoder(20), **SMALL)
    named = "/network/layers/7/layers/1"
    some = [one.model_copy(update={"path": named}) for one in known.findings[:1]]
    found = known.model_copy(update={"findings": some})
    assert some, "a network that has a finding"
    rows = {row[1]: row[0] for row in _rows(_printed(found))}
    assert rows["encoder.layer.7.up: dense linear"] == "! 23"
    assert "! is what a finding names" in _printed(found)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_a_table_is_no_wider_than_the_terminal_and_says_which_columns_it_leaves_out(width: int) -> None:
    found = report(_encoder(20), **SMALL)
    for whole in (True, False):
        text = _printed(found, width, whole)
        assert max(map(len, text.splitlines())) <= width
        heads = next(line for line in text.splitlines() if line.startswith("┃"))
        shown = {head.strip() for head in heads.split("┃")[1:-1]}
        assert {"layer", "kind", "δ", "gain", "∇W"} <= shown
        said = " ".join(text.split())
        assert all(
            name in shown or f"Without room: {name}" in said or f", {name}" in said for name in ("shape", "slope")
        )
        assert (width == 200) == ("Without room" not in text)
        assert not any("…" in cell for row in _rows(text) for cell in row[2:])


def test_the_command_line_folds_and_has_an_option_that_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "encoder.json"
    spec: Any = {"network": _encoder(20), **SMALL}
    path.write_text(json.dumps(spec), encoding="utf-8")
    assert main(["simulate", str(path)]) == 0
    assert "residual × 20" in capsys.readouterr().out
    assert main(["simulate", str(path), "--all-layers"]) == 0
    assert "encoder.layer.19.norm" in capsys.readouterr().out
