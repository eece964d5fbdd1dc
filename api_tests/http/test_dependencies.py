"""What endpoints are handed, and how."""

from collections.abc import Iterator
from inspect import iscoroutinefunction, isroutine

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from service.main import create_app


def within(dependant: Dependant) -> Iterator[Dependant]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from within(dependency)


def test_no_dependency_of_any_route_takes_a_thread() -> None:
    found = [
        dependency.call
        for route in iter_route_contexts(create_app().routes)
        for dependency in within(getattr(route, "dependant", Dependant()))
    ]
    assert len(found) >= 30
    called = [call if isroutine(call) else getattr(call, "__call__", call) for call in found]  # noqa: B004
    assert [call for call in called if not iscoroutinefunction(call)] == []
