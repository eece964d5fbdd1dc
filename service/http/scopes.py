"""What an operation needs a key for: in the document, and before a byte of the body is read."""

from collections.abc import Callable

from fastapi import Security
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase

from service.core.context import Scope, request_context
from service.core.errors import Refusal

_KEY = "A key of this service, `gv_…`; or HTTP Basic with the key as the password and any name."


class KeyNeeded(Refusal):
    """This is answered to those who have a key, and the request has none."""

    code = "key-needed"
    sentence = (
        "A key is needed for this: send `Authorization: Bearer gv_…`, or HTTP Basic with the key as the password. "
        "Whoever runs this service makes keys by `python -m service keys create`."
    )


class KeyUnknown(KeyNeeded):
    """The request has a key that is not known, or not any more."""

    code = "key-unknown"
    sentence = (
        "The header Authorization has no key that is known here; send one, once, as `Bearer gv_…` or as the password "
        "of HTTP Basic. It may have been revoked."
    )


class ScopeMissing(Refusal):
    """The key does not allow this."""

    code = "scope-missing"

    def __init__(self, scope: str, known: list[str]) -> None:
        super().__init__(f"This needs a key with the scope `{scope}`; yours has {', '.join(known) or 'none'}.")


class _Needed(SecurityBase):
    """A key with a scope."""

    def __init__(self, scope: Scope) -> None:
        self.model = HTTPBearer(description=_KEY)
        self.scheme_name = "key"
        self._scope = scope

    async def __call__(self) -> None:
        """What FastAPI asks before the endpoint."""
        self.check()

    def check(self) -> None:
        """Nothing where the caller may do this; KeyNeeded without a key, ScopeMissing with one."""
        caller = request_context().caller
        if caller.may(self._scope):
            return
        if caller.has_key:
            raise ScopeMissing(self._scope, sorted(caller.scopes))
        raise KeyNeeded


READ, SIMULATE, GRADE, TEACH, ADMIN = (
    [Security(_Needed(scope), scopes=[scope.value])]
    for scope in (Scope.READ, Scope.SIMULATE, Scope.GRADE, Scope.TEACH, Scope.ADMIN)
)
"""The `dependencies` of a route that needs a key with that scope."""


def scope_check(route: APIRoute) -> Callable[[], None]:
    """What refuses callers who may not use `route`, for a route that reads a body before its dependencies are asked."""
    needed = [one.dependency for one in route.dependencies if isinstance(one.dependency, _Needed)]

    def check() -> None:
        for one in needed:
            one.check()

    return check
