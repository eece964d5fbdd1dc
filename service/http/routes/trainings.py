"""Trainings: a specification and rates in, what a few hundred steps make of it out."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from service.charts.chart import ChartFormat, Theme
from service.core.payload import Payload
from service.http.dependencies import RequesterDep
from service.http.examples import example_requests
from service.http.requests import ServicesDep, StrictRoute
from service.http.responses import ACCEPTED, Png, Responses, Svg, VegaLite, answered_or_accepted
from service.http.scopes import SIMULATE
from service.jobs.job import Job
from service.studies.training import Training, TrainingSpec

router = APIRouter(prefix="/v1/trainings", tags=["studies"], route_class=StrictRoute, dependencies=SIMULATE)

_LONGER: Responses = {202: {**ACCEPTED[202], "model": Job, "description": "It takes longer, and is a job now."}}
_Spec = Annotated[Payload[TrainingSpec], Body(openapi_examples=example_requests("trainings"))]
_On = Annotated[Theme, Query(description="The ground it stands on.")]


@router.post("", summary="Train a network", response_model=Training, responses=_LONGER)
async def create_training(payload: _Spec, services: ServicesDep, requester: RequesterDep) -> Response:
    """Train a network for up to 2,000 steps at one to twelve rates, and compare what comes of it with its verdict.

    Gradient descent (with momentum) or Adam, as PyTorch has them, on the data of the specification: its distributions,
    rows that are sent (`explicit`), or data that can be learned: `blobs`, `spirals`, the labels of a `teacher`. Loss,
    accuracy, depth ratio and dead units are told along the steps, over the trials at each rate; a loss that is no
    finite number is an outcome. What takes longer than is answered at once becomes a job (202), with an item for each
    rate: its progress is at `links.events`, its chart at `links.chart`.
    """
    return answered_or_accepted(await services.trainings.answer(payload, requester))


@router.post("/chart.json", summary="Draw a training as Vega-Lite", response_model=VegaLite)
async def create_training_chart(payload: _Spec, services: ServicesDep, theme: _On = Theme.LIGHT) -> Response:
    """Loss, accuracy and depth ratio along the steps, a line for each rate, as a Vega-Lite specification with its data.

    For trainings that are answered at once; those of jobs are drawn by the job.
    """
    drawn = await services.trainings.chart(payload, services.renderer, theme, ChartFormat.JSON)
    return Response(drawn, media_type="application/json")


@router.post("/chart.svg", summary="Draw a training as SVG", response_class=Svg)
async def create_training_chart_svg(payload: _Spec, services: ServicesDep, theme: _On = Theme.LIGHT) -> Svg:
    """The chart that `chart.json` describes, drawn; the same training gives the same bytes."""
    return Svg(await services.trainings.chart(payload, services.renderer, theme, ChartFormat.SVG))


@router.post("/chart.png", summary="Draw a training as PNG", response_class=Png, responses=Png.documented)
async def create_training_chart_png(payload: _Spec, services: ServicesDep, theme: _On = Theme.LIGHT) -> Png:
    """The same, as a picture of points: one and a half times its size, for sharp screens."""
    return Png(await services.trainings.chart(payload, services.renderer, theme, ChartFormat.PNG))
