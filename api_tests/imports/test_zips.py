"""Zips that strangers send: whatever is wrong with one is a refusal, and a large one of several gibibytes is read."""

import io
import warnings
import zipfile
from contextlib import suppress
from errno import EIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.imports.base import NotUnderstood
from service.imports.zips import Entries

TEXT = b'{"x": 1}' * 100


def packed(how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        archive.writestr("a.json", TEXT)
        archive.writestr("b/c.bin", bytes(range(256)))
    return out.getvalue()


def read_all(data: bytes) -> dict[str, bytes]:
    entries = Entries(io.BytesIO(data))
    return {name: entries.unpacked(name, 1 << 20) for name in entries}


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_are_read_as_they_were_packed(how: int) -> None:
    assert read_all(packed(how)) == {"a.json": TEXT, "b/c.bin": bytes(range(256))}


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(packed()) - 1), st.integers(0, 255)), min_size=1, max_size=4), st.booleans()
)
def test_a_zip_with_any_bytes_changed_is_read_or_refused(changes: list[tuple[int, int]], cut: bool) -> None:
    data = bytearray(packed())
    for place, byte in changes:
        data[place] = byte
    with suppress(NotUnderstood):
        read_all(bytes(data[: changes[0][0]] if cut else data))


def test_a_broken_stream_is_a_refusal() -> None:
    data = bytearray(packed())
    begin = data.find(b"a.json") + len("a.json")
    data[begin : begin + 4] = b"\xff" * 4
    with pytest.raises(NotUnderstood, match=r"a\.json cannot be read out of the archive"):
        read_all(bytes(data))


def test_the_list_of_entries_in_the_form_of_large_archives_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    assert read_all(packed()) == {"a.json": TEXT, "b/c.bin": bytes(range(256))}


def listed(directory: int, count: int = 70) -> bytearray:
    """A zip with so many entries, whose list takes so many bytes: 46 of each, and its name."""
    length, more = divmod(directory - 46 * count, count)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number:0{length + (number < more)}d}", b"")
    return bytearray(out.getvalue())


@pytest.mark.parametrize("in_zip64", [False, True])
@pytest.mark.parametrize("more", [0, 1])
def test_a_list_of_entries_of_more_than_four_mebibytes_is_refused_unread(
    more: int, in_zip64: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_zip64:
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = listed((4 << 20) + more)
    if in_zip64:
        end = data.rfind(b"PK\x05\x06")
        data[end + 12 : end + 16] = b"\xff" * 4
    assert zipfile.ZipFile(io.BytesIO(bytes(data))).namelist()
    if more:
        with pytest.raises(NotUnderstood, match="cannot be read as a zip archive"):
            Entries(io.BytesIO(bytes(data)))
    else:
        assert len(list(Entries(io.BytesIO(bytes(data))))) == 70


def test_a_comment_of_any_length_behind_the_list_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    out = io.BytesIO(packed())
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"c" * 0xFFFF
    data = bytearray(out.getvalue())
    end = data.rfind(b"PK\x05\x06")
    data[end + 12 : end + 16] = b"\xff" * 4  # so that the size is in the record in front of the end
    assert read_all(bytes(data)) == {"a.json": TEXT, "b/c.bin": bytes(range(256))}


def test_of_names_that_stand_there_twice_one_is_told() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("once", "twice", "twice"):
            archive.writestr(name, b"")
    with pytest.raises(NotUnderstood, match="The archive has 2 entries called twice, where one is read"):
        Entries(io.BytesIO(out.getvalue()))


@pytest.mark.parametrize(("most", "fits"), [(256, True), (255, False)])
def test_an_entry_may_be_as_long_as_is_read(most: int, fits: bool) -> None:
    entries = Entries(io.BytesIO(packed()))
    if fits:
        assert len(entries.unpacked("b/c.bin", most)) == 256
    else:
        with pytest.raises(NotUnderstood, match=r"b/c\.bin in the archive is longer than"):
            entries.unpacked("b/c.bin", most)


def test_an_entry_that_is_longer_than_the_archive_says_is_refused() -> None:
    data = bytearray(packed())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.find(mark)
        data[place + offset : place + offset + 4] = (16).to_bytes(4, "little")
    with pytest.raises(NotUnderstood, match=r"a\.json"):
        read_all(bytes(data))


def test_a_packing_that_takes_much_memory_is_not_read() -> None:
    with pytest.raises(NotUnderstood, match=r"a\.json in the archive is packed in a way that is not read"):
        read_all(packed(zipfile.ZIP_LZMA))


def test_a_failure_of_the_machine_is_not_said_of_the_file() -> None:
    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(EIO, "the disk fails")

    with pytest.raises(OSError, match="the disk fails"):
        Entries(Broken(packed()))
