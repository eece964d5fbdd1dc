"""The names that this service goes by, and the origins whose pages may ask it to change something."""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address

from service.core.errors import Refusal
from service.core.settings import Settings, listed

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_HOST = 300
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(:[0-9]*)?")


class UnknownHost(Refusal):
    """The request is for a name that this service does not go by, as one is whose name was pointed at it elsewhere."""

    code = "unknown-host"
    sentence = (
        "This service does not go by the name in the header Host. "
        "An operator adds names to GRADIENT_VERDICT_ALLOWED_HOSTS; addresses and localhost are always known."
    )


class ForeignOrigin(Refusal):
    """A page of another origin wants to change something."""

    code = "foreign-origin"
    sentence = (
        "A page of another origin may not do this from a browser. "
        "An operator adds origins to GRADIENT_VERDICT_CORS_ORIGINS; programs send neither Origin nor Sec-Fetch-Site."
    )


class Names:
    """The names that a service goes by, and the origins that a setting lets in.

    Any address is a name of it: no foreign name is an address, so that none can be pointed here.
    """

    def __init__(self, settings: Settings) -> None:
        names = ["localhost", "*.localhost", settings.host.lower(), *listed(settings.allowed_hosts)]
        self._all = "*" in names
        self._names = frozenset(names)
        self._endings = tuple(name[1:] for name in names if name.startswith("*."))
        self._is_known = lru_cache(256)(self._find)
        self._origins = frozenset(one.encode() for one in listed(settings.cors_origins))

    def fault(self, method: str, asked: Mapping[bytes, bytes]) -> Refusal | None:
        """Why a request with these headers is refused: UnknownHost, ForeignOrigin, or nothing."""
        host = asked.get(b"host")
        if host is not None and not self._known(host):
            return UnknownHost()
        changes = method not in _SAFE or b"access-control-request-method" in asked
        return ForeignOrigin() if changes and self._is_foreign(asked, host) else None

    def _is_foreign(self, asked: Mapping[bytes, bytes], host: bytes | None) -> bool:
        """Whether it is a browser that asks, for a page that is not this service's and that no setting names."""
        origin, site = asked.get(b"origin"), asked.get(b"sec-fetch-site")
        if origin is None and site is None:
            return False
        if b"*" in self._origins or (origin is not None and origin.lower() in self._origins):
            return False
        if site is not None:
            return site not in (b"same-origin", b"none")
        return origin is not None and origin.partition(b"://")[2].lower() != (host or b"").lower()

    def _known(self, host: bytes) -> bool:
        return self._all or (len(host) <= _LONGEST_HOST and self._is_known(host))

    def _find(self, host: bytes) -> bool:
        parts = _HOST.fullmatch(host.decode("latin-1").lower())
        if parts is None:
            return False
        name = parts[1]
        with suppress(ValueError):
            ip_address(name.strip("[]"))
            return True
        return name in self._names or name.endswith(self._endings)
