"""The query of a request: parameters that no operation has, or that come twice, are refused; and pages by links."""

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Annotated, get_origin

from fastapi import Depends, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from service.core.errors import Refusal
from service.core.payload import MOST_FAULTS
from service.core.validation import FieldError

_CLOSE = 0.6
"""How alike two names must be, from 0 to 1, for one to be taken for a slip of the other."""
_LONGEST_NAME = 100


class FaultyQuery(Refusal):
    """The query is at fault."""

    faults: Sequence[FieldError] = ()

    def __init__(self, parameters: Sequence[tuple[str, str]]) -> None:
        """What is wrong, by the names of the parameters."""
        super().__init__(parameters[0][1])
        told = parameters[:MOST_FAULTS]
        self.faults = [FieldError(pointer="", parameter=name, code=self.code, detail=why) for name, why in told]


class UnknownParameter(FaultyQuery):
    """The operation has no such parameter."""

    code = "unknown-parameter"


class RepeatedParameter(FaultyQuery):
    """A parameter that takes one value has several."""

    code = "repeated-parameter"


async def check_query(request: Request) -> None:
    """Nothing where the operation has every parameter of the query; UnknownParameter, or RepeatedParameter."""
    route = request.scope.get("route")
    if not request.scope["query_string"] or not isinstance(route, APIRoute) or not route.include_in_schema:
        return
    known = _parameters(route)
    times = Counter(name for name, _ in request.query_params.multi_items())
    unknown = [(name[:_LONGEST_NAME], _unknown(name, list(known))) for name in times if name not in known]
    if unknown:
        raise UnknownParameter(unknown)
    repeated = [(name, count) for name, count in times.items() if count > 1 and not known[name]]
    if repeated:
        sentence = "The parameter `{}` is there {} times; it takes one value."
        raise RepeatedParameter([(name, sentence.format(name, count)) for name, count in repeated])


def _parameters(route: APIRoute) -> dict[str, bool]:
    """The query's parameters of `route`, and whether they take several values."""
    fields = [field for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query)]
    return {field.alias: get_origin(field.field_info.annotation) is list for field in fields}


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=_CLOSE)
    meant = f"; did you mean `{close[0]}`?" if close else "."
    listed = ", ".join(f"`{one}`" for one in sorted(known))
    return f"There is no such parameter here{meant} {f'Known are {listed}.' if known else 'There is none at all.'}"


async def _links(request: Request, response: Response) -> Callable[[str | None], None]:
    def link(next_cursor: str | None) -> None:
        first = request.url.remove_query_params("cursor")
        pages = {"first": first}
        if next_cursor is not None:
            pages["next"] = first.include_query_params(cursor=next_cursor)
        told = (f'<{page.path}{page.query and "?"}{page.query}>; rel="{name}"' for name, page in pages.items())
        response.headers["Link"] = ", ".join(told)

    return link


PageLinks = Annotated[Callable[[str | None], None], Depends(_links)]
"""What says in the header Link (RFC 8288) where the first page of a list is, and the next by its cursor, if any."""
