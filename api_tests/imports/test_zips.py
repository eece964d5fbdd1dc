"""Zips that strangers send: whatever is wrong with one is a refusal, and a large one of several gibibytes is read."""

import io
import zipfile
from contextlib import suppress

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


@pytest.mark.parametrize("in_zip64", [False, True])
def test_a_list_of_entries_of_more_than_four_mebibytes_is_refused_unread(in_zip64: bool) -> None:
    data = bytearray(packed())
    end = data.rfind(b"PK\x05\x06")
    size = ((4 << 20) + 1).to_bytes(4, "little")
    if in_zip64:
        record = bytearray(b"PK\x06\x06" + b"\0" * 52)
        record[40:48] = size + b"\0" * 4
        data[end:end] = record + b"PK\x06\x07" + b"\0" * 16
        end, size = end + 76, b"\xff" * 4
    data[end + 12 : end + 16] = size
    with pytest.raises(NotUnderstood, match="cannot be read as a zip archive"):
        Entries(io.BytesIO(bytes(data)))
