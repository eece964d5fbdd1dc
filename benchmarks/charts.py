"""How long charts take from a running service, in every format, after the first: `make bench-charts`."""

import json
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402 - the root is on the path only now
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from examples.running_service import running_service  # noqa: E402
from service.charts.chart import ChartFormat  # noqa: E402
from service.charts.kinds import CHARTS  # noqa: E402

TIMES = 7
NETWORKS = {
    "course, 2 layers": "stanh_sigmoid.json",
    "course, 20 layers": "deep_exu_sigmoid.json",
    "200 layers": "deep_exu_sigmoid.json",
}
MORE = {"200 layers": 200}


def made(client: httpx.Client, name: str) -> str:
    """Where the report on a network is."""
    spec = json.loads((ROOT / "examples" / "course" / NETWORKS[name]).read_text(encoding="utf-8"))
    if name in MORE:
        spec["network"]["layers"][0]["times"] = MORE[name]
    answer = client.post("/v1/simulations", json={**spec, "include": ["histograms"]})
    return str(answer.raise_for_status().headers["location"])


def milliseconds(client: httpx.Client, url: str) -> float:
    """The median of several, the first left out, from request to the last byte."""
    seconds, answers = [], set()
    for _ in range(1 + TIMES):
        started = perf_counter()
        answers.add(client.get(url).raise_for_status().content)
        seconds.append(perf_counter() - started)
    if len(answers) > 1:
        raise RuntimeError(f"{url}: the same report gave other bytes")
    return 1e3 * median(seconds[1:])


def main() -> None:
    """Print a table."""
    table = Table(title="milliseconds a chart over HTTP, median of 7 after the first")
    for column in ("chart", *(f"{network}: {kind}" for network in NETWORKS for kind in ChartFormat)):
        table.add_column(column, justify="right")
    with running_service() as url, httpx.Client(base_url=url, timeout=120) as client:
        places = [made(client, name) for name in NETWORKS]
        for chart in CHARTS:
            urls = [f"{place}/chart.{kind}?chart={chart}" for place in places for kind in ChartFormat]
            table.add_row(chart, *(f"{milliseconds(client, one):.0f}" for one in urls))
        pages = [f"{milliseconds(client, f'{place}/report.html'):.0f}" for place in places]
    Console(width=150).print(table)
    Console().print(f"report.html: {', '.join(pages)} ms")


if __name__ == "__main__":
    main()
