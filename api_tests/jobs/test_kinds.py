"""What holds for every kind of job, those too that are found later."""

import inspect
from importlib import import_module

import pytest

from service.jobs.work import WORKS
from service.store.schema import JOBS


@pytest.mark.parametrize("name", list(WORKS))
def test_the_name_of_a_kind_has_room_in_the_database(name: str) -> None:
    assert 0 < len(name) <= JOBS.c.kind.type.length
    assert WORKS[name].kind == name


@pytest.mark.parametrize("name", list(WORKS))
def test_a_result_says_its_kind_its_number_and_its_error(name: str) -> None:
    fields = WORKS[name].result.model_fields
    assert {"kind", "index", "error"} <= set(fields)
    assert not fields["error"].is_required() or type(None) in fields["error"].annotation.__args__  # type: ignore[union-attr]
    others = [work.result.model_fields["kind"].default for work in WORKS.values() if work.kind != name]
    assert fields["kind"].default not in others


@pytest.mark.parametrize("name", [name for name, work in WORKS.items() if work.chart is not None])
def test_what_draws_a_chart_is_found_and_takes_what_the_renderer_hands_it(name: str) -> None:
    chart = WORKS[name].chart
    assert chart is not None
    module, _, function = chart.draw.partition(":")
    drawn = getattr(import_module(module), function)
    assert list(inspect.signature(drawn).parameters) == ["request", "lines", "theme", "wanted"]
