"""What is found by reading a folder: nothing takes the place of another."""

from typing import Any

import pytest

from service.charts.chart import Chart
from service.charts.kinds import CHARTS
from service.grading.formats import FORMATS, Format
from service.jobs.work import WORKS, JobWork


@pytest.mark.parametrize(("found", "base"), [(CHARTS, Chart), (FORMATS, Format), (WORKS, JobWork)])
def test_no_two_classes_of_a_folder_have_one_name(found: dict[str, Any], base: type) -> None:
    classes = [kind for kind in base.__subclasses__() if kind.__module__.startswith("service.")]
    assert {type(one) for one in found.values()} == set(classes)
