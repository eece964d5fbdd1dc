"""What is deprecated of /v1, and how that is told: in the document, and by headers (RFC 9745, RFC 8594)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import Scope


@dataclass(frozen=True)
class Deprecated:
    """Since when an operation or a parameter is deprecated and until when it is answered, in UTC."""

    since: datetime
    until: datetime
    instead: str
    """What to use in its place, as a sentence."""
    page: str = "/docs"
    """Where that is explained."""


class Deprecations:
    """What is deprecated, by its name: an operation's, or `operation?parameter` for a parameter of its query."""

    def __init__(self, named: Mapping[str, Deprecated]) -> None:
        self._named = named

    def mark(self, document: dict[str, Any]) -> None:
        """Say it in `document`, an OpenAPI document."""
        parts = dict(_parts(document))
        for name, old in self._named.items():
            until = f"Deprecated; it is answered until {old.until.date()}. {old.instead}"
            description = f"{parts[name].get('description', '')}\n\n{until}".strip()
            parts[name] |= {"deprecated": True, "description": description}

    def tell(self, scope: Scope, headers: MutableHeaders) -> None:
        """Say it in the `headers` of the answer to the request `scope`: what of it is answered the shortest."""
        found = sorted(self._used(scope), key=lambda old: old.until) if self._named else []
        for old in found[:1]:
            headers["Deprecation"] = f"@{int(old.since.timestamp())}"
            headers["Sunset"] = format_datetime(old.until, usegmt=True)
            headers.append("Link", f'<{old.page}>; rel="deprecation"; type="text/html"')

    def _used(self, scope: Scope) -> Iterator[Deprecated]:
        operation = getattr(scope.get("route"), "name", "")
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        names = [operation, *(f"{operation}?{parameter}" for parameter in query)]
        return (self._named[name] for name in names if name in self._named)


def _parts(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations and the parameters of `document`, by their names here."""
    for operation in (one for path in document["paths"].values() for one in path.values()):
        yield operation["operationId"], operation
        parameters = operation.get("parameters", [])
        yield from ((f"{operation['operationId']}?{one['name']}", one) for one in parameters)


DEPRECATED = Deprecations({})
"""What is deprecated now; docs/engineers.md says for how long it stays."""
