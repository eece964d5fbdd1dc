"""Ways to break a database as disks and operators do, that work for root in a container as for anybody."""

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

NOBODY = 65534


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write to `folder` and what is in it; root becomes nobody meanwhile, for it may do everything."""
    inside = [folder, *folder.iterdir()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in inside}
    user = os.geteuid()
    try:
        for path in inside:
            path.chmod(0o555 if path.is_dir() else 0o444)
        if user == 0:
            os.seteuid(NOBODY)
        yield
    finally:
        os.seteuid(user)
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def no_more_pages(pages: int) -> Iterator[None]:
    """Every connection that SQLite opens meanwhile finds the disk full after so many pages."""

    def limit(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    event.listen(Pool, "connect", limit)
    try:
        yield
    finally:
        event.remove(Pool, "connect", limit)


@contextmanager
def tiny_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A file system of that size at `folder`; the test is skipped where none may be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
