"""The file of keys: who may do what. It has the SHA-256 of every key and no key, and is read again when it changes."""

import hmac
import logging
import os
import secrets
from collections import Counter
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from service.core.context import ANONYMOUS, KEY_NAME, Caller, Quotas, Scope
from service.core.errors import MalformedJson, Refusal
from service.core.kinds import Model
from service.core.settings import Settings
from service.core.strict_json import loads
from service.core.validation import faults_of

_PREFIX = "gv_"
_RANDOM_BYTES = 32
_OTHERS = 0o077  # the bits of a mode that let others than its owner touch a file
_log = logging.getLogger("service.keys")

_Stamp = tuple[int, int, int, int]
_NOBODY: tuple[str, Caller | None] = ("0" * 64, None)


class KeysUnreadable(Refusal):
    """The file of keys is none, or cannot be read or written."""

    code = "keys-unreadable"


class Exposed(Refusal):
    """The service would answer everybody who reaches it, without keys."""

    code = "exposed"


class Key(Model):
    """One key, or, as `anonymous`, what is allowed without one."""

    name: Annotated[str, Field(pattern=KEY_NAME)]
    """Whose it is: the owner of all that is made with it."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """The SHA-256 of the key; null of `anonymous` alone."""
    scopes: Annotated[list[Scope], Field(min_length=1)]
    """What it allows."""
    quotas: Quotas = Quotas()
    """How much it may ask for, where that differs from the settings."""

    @model_validator(mode="after")
    def _has_a_digest(self) -> "Key":
        if (self.sha256 is None) != (self.name == ANONYMOUS):
            sentence = "every key has its `sha256`, and `anonymous` has none"
            raise PydanticCustomError("key_digest", "{sentence}", {"sentence": sentence})
        return self

    def caller(self) -> Caller:
        """Who asks with this key."""
        return Caller(self.name, frozenset(self.scopes), quotas=self.quotas)


class Keys(Model):
    """All keys of a service."""

    keys: list[Key]
    """The keys, each with a name of its own."""

    @model_validator(mode="after")
    def _different(self) -> "Keys":
        for field in ("name", "sha256"):
            count = Counter(getattr(key, field) for key in self.keys)
            twice = [number for number, key in enumerate(self.keys) if count[getattr(key, field)] > 1]
            if twice:
                facts = {"numbers": " and ".join(map(str, twice)), "field": field}
                raise PydanticCustomError("key_twice", "keys {numbers} have the same {field}", facts)
        return self

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """The keys in a file; KeysUnreadable."""
        try:
            body = loads(path.read_bytes())
            return cls.model_validate(body)
        except OSError as error:
            raise KeysUnreadable(f"The file of keys {path} cannot be read: {error.strerror}.") from None
        except MalformedJson as error:
            raise KeysUnreadable(f"The file of keys {path} cannot be read: {error.sentence}") from None
        except ValidationError as error:
            first = faults_of(error.errors()[:1], body)[0]
            raise KeysUnreadable(f"The file of keys {path} is none: {first.pointer or '/'}: {first.detail}") from None

    def write(self, path: Path) -> None:
        """Put the keys in place of the file, at once and for its owner alone; KeysUnreadable where that fails."""
        text = self.model_dump_json(indent=2, exclude_defaults=True) + "\n"
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                os.chown(fresh, path.stat().st_uid, path.stat().st_gid)
            fresh.replace(path)
        except OSError as error:
            raise KeysUnreadable(f"The file of keys {path} cannot be written: {error.strerror}.") from None
        finally:
            fresh.unlink(missing_ok=True)


class KeyFile:
    """Who has which key, by the file at `path` as it is now; KeysUnreadable where it cannot be read at first.

    Afterwards the last good one holds while the file is broken, and the log says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._seen()
        self._take(Keys.read(path))

    def caller(self, key: str | None) -> Caller | None:
        """Who has that key, or may ask without one; None where nobody has it, or a key is needed."""
        self._refresh()
        if key is None:
            return self._anonymous
        digest = digest_of(key)
        known, caller = self._callers.get(digest, _NOBODY)  # no guesser can steer a digest towards a known one
        return caller if hmac.compare_digest(known, digest) else None

    def _refresh(self) -> None:
        stamp = self._seen()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._take(Keys.read(self._path))
        except KeysUnreadable as error:
            _log.error("%s The keys that were read before still hold.", error.sentence)

    def _take(self, read: Keys) -> None:
        callers = {key.name: key.caller() for key in read.keys}
        digests = {key.sha256: callers[key.name] for key in read.keys if key.sha256 is not None}
        self._callers = {digest: (digest, caller) for digest, caller in digests.items()}
        self._anonymous = callers.get(ANONYMOUS)
        _log.info("%d keys are read from %s", len(digests), self._path)
        if self._stamp[-1] & _OTHERS:
            _log.warning("Others than its owner may read or write %s; `chmod 600` it.", self._path)

    def _seen(self) -> _Stamp:
        try:
            status = self._path.stat()
        except OSError:
            return (0, 0, 0, 0)
        return (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)


def digest_of(key: str) -> str:
    """What a file of keys has of a key."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> str:
    """A key that nobody can guess."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a service that listens on `host`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_exposure(settings: Settings) -> None:
    """Raise Exposed where everybody would reach a service that has no keys, unless that is what is wanted."""
    if settings.api_keys_file or settings.allow_anonymous or is_loopback(settings.host):
        return
    raise Exposed(
        f"No key is needed here, and others than this machine reach {settings.host}: they could do everything. "
        "Make keys by `python -m service keys create NAME --scope admin --file keys.json` and set "
        "GRADIENT_VERDICT_API_KEYS_FILE=keys.json; or set GRADIENT_VERDICT_ALLOW_ANONYMOUS=true where something else "
        "says who may come in."
    )
