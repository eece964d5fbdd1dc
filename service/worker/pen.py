"""What runs inside the drawing process; its parent imports nothing that draws."""

import gzip
import os
import signal

from service.charts.names import ChartFormat, ChartName, Theme
from service.results import SimulationReport
from service.simulation.crew import die_with_parent


def arm() -> int:
    """Bind this process to its parent's life, load what draws, and say its number."""
    for ending in (signal.SIGINT, signal.SIGTERM):  # to the whole group; the parent decides, and dies last
        signal.signal(ending, signal.SIG_IGN)
    die_with_parent()
    import service.report_page.page  # noqa: F401, PLC0415 - here, so that no deadline pays for it
    from service.charts.chart import prepare  # noqa: PLC0415

    prepare()
    return os.getpid()


def draw(reports: list[bytes], name: ChartName, theme: Theme, wanted: ChartFormat) -> bytes:
    """A chart of `reports`, which are JSON, as a file."""
    from service.charts.chart import drawn  # noqa: PLC0415 - loaded by `arm`

    return drawn([SimulationReport.model_validate_json(report) for report in reports], name, theme, wanted)


def write(report: bytes) -> bytes:
    """The report page of `report`, which is JSON."""
    from service.report_page.page import page  # noqa: PLC0415 - loaded by `arm`

    return page(SimulationReport.model_validate_json(report)).encode()


def vega() -> bytes:
    """The script that draws charts in a browser, packed by gzip."""
    from service.charts.chart import script  # noqa: PLC0415 - loaded by `arm`

    return gzip.compress(script().encode(), mtime=0)
