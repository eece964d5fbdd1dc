"""Imports: the file of another program's model in, its specification out, and the report of it where it is wanted."""

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from service.core.errors import DeadlineExceeded, WorkerFailed, WorkerNotStarted
from service.core.kinds import members
from service.core.payload import Payload
from service.http.examples import example
from service.http.requests import Services, ServicesDep
from service.http.responses import reported
from service.http.routes.simulations import report_headers
from service.http.scopes import SIMULATE
from service.http.uploads import BINARY, FileDep, FileRoute
from service.imports.base import Imported, Options, Source, WeightValues
from service.imports.bounded import import_json, limit_reached
from service.nn.losses import Loss
from service.nn.presets import PresetName
from service.simulation.estimate import Limits
from service.simulation.results import SimulationReport
from service.simulation.spec import SimulationSpec

_JSON = "application/json"
_READING_SECONDS = 20.0
_USUAL_SECONDS = 0.5
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, with nothing around it: no form, no archive.",
        "content": {
            BINARY: {"schema": {"type": "string", "format": "binary", "description": "A file of any such kind."}},
            _JSON: {
                "schema": {"type": "object", "description": "Keras' JSON, or the config.json of Hugging Face."},
                "examples": example("models"),
            },
        },
    }
}

if TYPE_CHECKING:
    LossName = str
else:
    LossName = StrEnum("LossName", {kind.kind_name().upper(): kind.kind_name() for kind in members(Loss)})
    LossName.__doc__ = "The kinds of losses."

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=FileRoute, dependencies=SIMULATE)


class ImportAnswer(Imported):
    """A model of another program as a specification, with its report where `simulate` was said."""

    report: SimulationReport | SkipJsonSchema[None] = None
    """What `POST /v1/simulations` answers to the specification; left out unless `simulate=true`."""


_From = Annotated[Source, Path(description="The program that the model comes from.")]
_Sizes = Annotated[
    Annotated[str, Field(pattern="^[1-9][0-9]{0,8}(x[1-9][0-9]{0,8}){0,3}$")] | SkipJsonSchema[None],
    Query(
        alias="input",
        description="The sizes of one input where the file leaves them open, channels last: `32x32x3` for an image, "
        "`128x16` for a sequence of features, `784` for features, `128` for steps of tokens.",
    ),
]
_Preset = Annotated[
    PresetName | SkipJsonSchema[None],
    Query(alias="preset", description="What is drawn where the file does not say it; the catalog has what each fills."),
]
_Loss = Annotated[
    LossName | SkipJsonSchema[None],
    Query(alias="loss", description="The kind of the loss, in place of the file's."),
]
_Values = Annotated[
    WeightValues,
    Query(description="Whether weights are drawn as the file says, or are those that it holds, where it does."),
]
_Simulate = Annotated[bool, Query(description="Whether the specification is simulated, and its report answered, too.")]


async def _options(
    sizes: _Sizes = None, preset: _Preset = None, loss: _Loss = None, values: _Values = WeightValues.DRAWN
) -> Options:
    given = tuple(int(size) for size in sizes.split("x")) if sizes else ()
    return Options(given, preset, loss, values)


@router.post(
    "/{source}",
    summary="Import a model",
    response_model=ImportAnswer,
    responses=reported("/report"),
    openapi_extra=_BODY,
)
async def create_import(
    source: _From,
    file: FileDep,
    options: Annotated[Options, Depends(_options)],
    services: ServicesDep,
    simulate: _Simulate = False,
) -> Response:
    """Read a model of Keras, PyTorch, ONNX or Hugging Face wholly or not at all, and say what was assumed.

    Keras: `to_json()`, a `.keras` or `.h5` file, or the model.json of TensorFlow.js. PyTorch: a `.pt2` file of
    `torch.export`. Hugging Face: the config.json. Nothing of a file is run, and what is not understood is refused with
    all its places (`not-understood`). Sizes that the file leaves open are asked for (`input-needed`). With
    `simulate=true` the answer has the report of the specification, as `POST /v1/simulations` makes it.
    """
    text, specification = await _read(source, file, options, services)
    if not simulate:
        return Response(text, media_type=_JSON)
    answer = await services.archive.answer(specification)
    whole = text.removesuffix(b"}") + b',"report":' + answer.report + b"}"
    return Response(whole, media_type=_JSON, headers=report_headers(answer))


async def _read(
    source: Source, file: FileDep, options: Options, services: Services
) -> tuple[bytes, Payload[SimulationSpec]]:
    """What a worker process makes of the file; one that it takes too long or dies of is refused like any other."""
    seconds = min(_READING_SECONDS, services.settings.sync_deadline_seconds)
    try:
        task = partial(import_json, source, file, options, Limits.of(services.settings))
        return await services.pool.run(task, seconds, cost_seconds=_USUAL_SECONDS)
    except DeadlineExceeded as error:
        raise limit_reached(error.sentence) from None
    except WorkerNotStarted:
        raise
    except WorkerFailed:
        raise limit_reached("The process that read this file died of it.") from None
