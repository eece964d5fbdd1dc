"""What the page weighs, and how soon it shows something."""

import json

from api_tests.page.conftest import Open
from api_tests.page.laboratory import ARTEFACTS, DEFAULT

LARGEST_BYTES = 1_500_000
TRANSFERRED = """performance.getEntriesByType("resource").reduce((sum, { transferSize }) => sum + transferSize,
  performance.getEntriesByType("navigation")[0].transferSize)"""
FIRST = "performance.getEntriesByName('change-to-chart').map(({ startTime, duration }) => startTime + duration)[0]"


def test_the_page_is_light(open_page: Open) -> None:
    page = open_page()
    page.shows(DEFAULT)
    page.rest_is_drawn()
    transferred, first = page.page.evaluate(TRANSFERRED), page.page.evaluate(FIRST)
    found = {"transferred_bytes": transferred, "first_chart_milliseconds": first}
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "page.json").write_text(json.dumps(found), encoding="utf-8")
    assert 50_000 < transferred < LARGEST_BYTES
