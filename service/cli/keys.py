"""`keys`: make, list and take back the keys of a service, in the file that it reads by itself when it changes."""

import fcntl
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.table import Table

from service.cli.console import REFUSED, output
from service.core.context import ANONYMOUS, Scope
from service.core.keys import Key, Keys, KeysUnreadable, digest_of, new_key
from service.core.settings import Settings

_NO_FILE = "Say which file: --file keys.json, or GRADIENT_VERDICT_API_KEYS_FILE as the service has it."


def change_keys(args: Namespace) -> int:
    """Do what `args.action` says with the file of keys, and return the exit status."""
    path = args.file or (Path(named) if (named := Settings().api_keys_file) else None)
    if path is None:
        sys.stderr.write(f"{_NO_FILE}\n")
        return REFUSED
    try:
        _ACTIONS[args.action](path.resolve(), args)
    except KeysUnreadable as error:
        sys.stderr.write(f"{error.sentence}\n")
        return REFUSED
    return 0


def _create(path: Path, args: Namespace) -> None:
    key = None if args.name == ANONYMOUS else new_key()
    digest = None if key is None else digest_of(key)
    scopes = [scope for scope in Scope if scope in args.scope]
    with _alone(path):
        keys = Keys.read(path).keys if path.exists() else []
        if any(one.name == args.name for one in keys):
            raise KeysUnreadable(f"There is a key named {args.name} already; revoke it first, or take another name.")
        Keys(keys=[*keys, Key(name=args.name, sha256=digest, scopes=scopes)]).write(path)
    if key is not None:
        sys.stdout.write(f"{key}\n")
        sys.stderr.write(f"This is shown once: {path} has its SHA-256 alone. Send it as `Authorization: Bearer …`.\n")


def _list(path: Path, _: Namespace) -> None:
    table = Table("name", "scopes", "quotas", box=None, pad_edge=False)
    for key in Keys.read(path).keys:
        quotas = ", ".join(f"{name} {value:g}" for name, value in key.quotas if value is not None)
        table.add_row(key.name, ", ".join(key.scopes), quotas)
    output().print(table)


def _revoke(path: Path, args: Namespace) -> None:
    with _alone(path):
        keys = Keys.read(path).keys
        left = [key for key in keys if key.name != args.name]
        if len(left) == len(keys):
            raise KeysUnreadable(f"There is no key named {args.name} in {path}.")
        Keys(keys=left).write(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While no other such command changes a file of the same folder."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise KeysUnreadable(f"The folder {path.parent} cannot be opened: {error.strerror}.") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


_ACTIONS: dict[str, Callable[[Path, Namespace], None]] = {"create": _create, "list": _list, "revoke": _revoke}
