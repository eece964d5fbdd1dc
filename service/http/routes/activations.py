"""Activations: a function in, all that is known of it out."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response

from service.http.dependencies import ThePool
from service.http.examples import ACTIVATIONS
from service.http.limits import StrictRoute
from service.theory.facts import ActivationProfile, ProfileSpec
from service.theory.profile import profile_json

router = APIRouter(prefix="/v1/activations", tags=["activations"], route_class=StrictRoute)


@router.post("/profile", summary="Profile an activation", response_model=ActivationProfile)
async def create_activation_profile(
    spec: Annotated[ProfileSpec, Body(openapi_examples=ACTIVATIONS)], pool: ThePool
) -> Response:
    """Derivative, certified bounds, kinks, saturation, Gaussian moments and critical initialisations of any activation.

    A built-in one, or your own as a formula in plain text or LaTeX. Bounds are enclosures found by ball arithmetic: the
    truth lies in `[low, high]` for certain, and where the search ended before they were narrow `certified` says so.
    """
    return Response(await pool.run(partial(profile_json, spec)), media_type="application/json")
