"""Where a model is judged: in this process, or by a service at an address."""

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from pydantic import TypeAdapter, ValidationError

from service.charts.chart import Theme
from service.core.errors import Refusal
from service.core.settings import Settings
from service.imports.base import Imported, Options, Source
from service.imports.sources import imported
from service.simulation.estimate import Limits
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.studies.prescriptions.results import Prescriptions
from service.studies.prescriptions.search import prescribe

_Answer = TypeVar("_Answer")

_SECONDS = 300.0
_KEY = "GRADIENT_VERDICT_KEY"
_MOST_OF_A_SENTENCE = 2_000


class ServiceRefused(Refusal):
    """The service refuses a request, cannot be reached, or answers what this version does not read."""

    code = "service-refused"


class Judge(ABC):
    """Reads files, simulates specifications, and draws their reports."""

    @abstractmethod
    def imported(self, source: Source, path: Path, options: Options) -> Imported:
        """The model in a file; NotUnderstood, InputNeeded, OSError, or ServiceRefused with the same sentence."""

    @abstractmethod
    def report(self, spec: SimulationSpec) -> SimulationReport:
        """The report on a specification; SpecError, or ServiceRefused with the same sentence."""

    @abstractmethod
    def prescriptions(self, spec: SimulationSpec) -> Prescriptions:
        """The changes that mend a network, each of them simulated."""

    @abstractmethod
    def chart(self, report: SimulationReport, theme: Theme) -> bytes | None:
        """The gradient over the layers as SVG; None where it cannot be drawn."""


class InProcess(Judge):
    """Judges in this process, with nothing else running."""

    def imported(self, source: Source, path: Path, options: Options) -> Imported:
        """The model in a file, read here."""
        return imported(source, path, options)

    def report(self, spec: SimulationSpec) -> SimulationReport:
        """The report, by this process alone: one that is forked from a notebook or beside threads may not return."""
        return simulate(spec)

    def prescriptions(self, spec: SimulationSpec) -> Prescriptions:
        """The changes that mend it, likewise by this process alone."""
        return prescribe(spec, Limits.of(Settings()))

    def chart(self, report: SimulationReport, theme: Theme) -> bytes | None:
        """The picture; None where what draws is not installed."""
        try:
            from service.charts.chart import ChartFormat  # noqa: PLC0415 - and what draws, where it draws alone
            from service.charts.kinds.gradient import GradientChart  # noqa: PLC0415
            from service.charts.rendering import draw_report  # noqa: PLC0415
        except ModuleNotFoundError:
            return None
        return draw_report([report], GradientChart.name, theme, ChartFormat.SVG)


class AtService(Judge):
    """Judges by the service at `url`, such as http://127.0.0.1:8000.

    Where it wants a key, the environment variable GRADIENT_VERDICT_KEY has it.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ServiceRefused(f"{url} is no address of a service; it begins with http:// or https://.")
        self._url = url.rstrip("/")

    def imported(self, source: Source, path: Path, options: Options) -> Imported:
        """The model in a file, which is sent as it is."""
        said = {
            "input": "x".join(map(str, options.input)),
            "preset": options.defaults,
            "loss": options.loss,
            "values": options.values,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        with path.open("rb") as file:
            length = path.stat().st_size
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
            return self._read(Imported, Request(f"{self._url}/v1/imports/{source}?{query}", file, headers))

    def report(self, spec: SimulationSpec) -> SimulationReport:
        """The report, as the service has it or makes it."""
        return self._read(SimulationReport, self._posted("/v1/simulations", spec))

    def prescriptions(self, spec: SimulationSpec) -> Prescriptions:
        """The changes that mend a network, each of them simulated."""
        return self._read(Prescriptions, self._posted("/v1/prescriptions", spec))

    def chart(self, report: SimulationReport, theme: Theme) -> bytes | None:
        """The picture that the service draws; None where it has the report no more."""
        digest = quote(report.digest, safe="")
        try:
            return self._answer(Request(f"{self._url}/v1/simulations/{digest}/chart.svg?theme={theme}"))
        except ServiceRefused:
            return None

    def _posted(self, path: str, spec: SimulationSpec) -> Request:
        body = spec.model_dump_json(exclude_unset=True).encode()
        return Request(f"{self._url}{path}", body, {"Content-Type": "application/json"})

    def _read(self, kind: type[_Answer], request: Request) -> _Answer:
        try:
            return TypeAdapter(kind).validate_json(self._answer(request))
        except ValidationError:
            raise ServiceRefused(f"The service at {self._url} is of another version: its answer is not read.") from None

    def _answer(self, request: Request) -> bytes:
        """The body of the answer; ServiceRefused with the sentence of the problem."""
        key = os.environ.get(_KEY, "").strip()
        if key:
            request.add_unredirected_header("Authorization", f"Bearer {key}")  # no other host is sent the key
        with self._refusing(), urlopen(request, timeout=_SECONDS) as answer:
            found: bytes = answer.read()
            return found

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            with error:
                raise ServiceRefused(_sentence(error.read()) or f"The service answers {error.code}.") from None
        except (OSError, HTTPException) as error:
            raise ServiceRefused(f"The service at {self._url} cannot be reached: {error}.") from None


def _sentence(problem: bytes) -> str:
    """What a problem (RFC 9457) says, with the place of each fault; empty where it is none."""
    try:
        found: Any = json.loads(problem)
        faults = [f"{one['pointer']}: {one['detail']}" for one in found["errors"] if one["pointer"]]
        return "\n".join([str(found["detail"]), *faults])[:_MOST_OF_A_SENTENCE]
    except (ValueError, LookupError, TypeError):
        return ""
