"""The catalog: what a specification may be made of."""

from fastapi import APIRouter

from service.http.catalog import Catalog, catalog

router = APIRouter(prefix="/v1/catalog", tags=["catalog"])


@router.get("", summary="List every kind of every family")
def get_catalog() -> Catalog:  # in a thread: the first call proves the bounds
    """Every activation, initializer, loss, layer, policy and kind of data: parameters, formula, derivative, bounds."""
    return catalog()
