"""A zip that strangers send: its list of entries is bounded before it is read, and so is what an entry unpacks to."""

import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from typing import BinaryIO, NoReturn
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from service.imports.base import Fault, NotUnderstood

_LARGEST_DIRECTORY = 4 << 20
_END_OF_DIRECTORY = 22
_LONGEST_COMMENT = 0xFFFF
_ZIP64_RECORDS = 76  # the record in front of the end, and what says where it is
_IN_ZIP64 = 0xFFFFFFFF
_UNREADABLE = (BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, RuntimeError)


class Entries:
    """The entries of a zip by their names; NotUnderstood where it is none, or has two of one name."""

    def __init__(self, data: BinaryIO) -> None:
        with _reading("The file cannot be read as a zip archive."):
            _check_directory(data)
            self._zip = ZipFile(data)
            entries = self._zip.infolist()
        self._entries = {one.filename: one for one in entries}
        if len(self._entries) < len(entries):
            ((name, count),) = Counter(one.filename for one in entries).most_common(1)
            _refuse(f"The archive has {count} entries called {name[:100]}, where one is read.")

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def size(self, name: str) -> int:
        """How many bytes the archive says that an entry unpacks to."""
        return self._entries[name].file_size

    def unpacked(self, name: str, most: int) -> bytes:
        """What an entry unpacks to, of which there may be `most` bytes, whatever the archive says of them."""
        shown = name[:100]
        entry = self._entries.get(name)
        if entry is None:
            _refuse(f"The archive has no {shown}, where one is read.")
        found = b"" if entry.file_size > most else self._read(entry, shown, most + 1)
        if max(len(found), entry.file_size) > most:
            _refuse(f"{shown} in the archive is longer than {most >> 20} MiB, which is the most that is read.")
        return found

    def _read(self, entry: ZipInfo, shown: str, count: int) -> bytes:
        if entry.flag_bits & 0x1:
            _refuse(f"{shown} in the archive is encrypted.")
        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            _refuse(f"{shown} in the archive is packed in a way that is not read.")
        with _reading(f"{shown} cannot be read out of the archive."), self._zip.open(entry) as file:
            return file.read(count)


@contextmanager
def _reading(refusal: str) -> Iterator[None]:
    """Refuse what is no zip; failures of the machine, such as of its disk, are raised as they are."""
    try:
        yield
    except OSError as error:
        if error.errno not in (None, EINVAL):  # EINVAL: a place before the beginning
            raise
        _refuse(refusal)
    except _UNREADABLE:
        _refuse(refusal)


def _check_directory(data: BinaryIO) -> None:
    """BadZipFile where the list of entries is longer than is read, before anything is made of it."""
    end = data.seek(0, 2)
    data.seek(max(0, end - _END_OF_DIRECTORY - _LONGEST_COMMENT - _ZIP64_RECORDS))
    tail = data.read()
    place = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[place + 12 : place + 16], "little")
    if size == _IN_ZIP64:  # which is where `zipfile` looks for it
        size = int.from_bytes(tail[place - 36 : place - 28], "little")
    if place < 0 or size > _LARGEST_DIRECTORY:
        raise BadZipFile
    data.seek(0)


def _refuse(sentence: str) -> NoReturn:
    raise NotUnderstood.of([Fault("", sentence)])
