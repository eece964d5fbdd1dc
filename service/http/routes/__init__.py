"""Routes: a file for each resource, found by reading the folder."""

from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter

_ORDER = (
    "simulations",
    "imports",
    "studies",
    "trainings",
    "analyses",
    "gradings",
    "sweeps",
    "jobs",
    "results",
    "adapters",
    "catalog",
    "operations",
)


def routers() -> list[APIRouter]:
    """The `router` of every file that has one, in the order of the document: files that it does not name come last."""
    names = dict.fromkeys([*_ORDER, *sorted(module.name for module in iter_modules(__path__))])
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return [module.router for module in modules if hasattr(module, "router")]
