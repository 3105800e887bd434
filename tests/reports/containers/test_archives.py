"""Zips and tar archives: every member is read, or the archive is refused."""

from __future__ import annotations

import base64
import gzip
import io
import random
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from credreport.errors import Problem
from credreport.reports import inputs as sources
from credreport.reports.containers import members, tars, zips
from credreport.reports.containers.archives import open_archive
from credreport.reports.containers.members import (
    EMPTY_FOLDER,
    ArchiveRefused,
    Member,
    Take,
    refuse_many_paths,
    take_from,
)
from credreport.reports.containers.tars import _to_member, tar_members, unpack_gzip
from credreport.reports.containers.zips import (
    _enlarge,
    _Entry,
    _extra_fields,
    _find_directory,
    _read_directory,
    _wrong,
    zip_members,
)
from credreport.reports.inputs import Skipped, Stream
from tests.support.reports import open_inputs, root, to_csv, user

FILES = {
    f"{account}.csv": to_csv(root(account), user("bob", account)).encode()
    for account in ("111122223333", "222233334444", "333344445555")
}


class Pipe(io.RawIOBase):
    """What a zip is streamed into, as `zip - …` does: its headers cannot be mended later."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def zipped(
    method: int = zipfile.ZIP_DEFLATED, *, comment: bytes = b"", large: bool = False
) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.comment = comment
        archive.writestr("folder/", b"")
        for name, data in FILES.items():
            with archive.open(name, "w", force_zip64=large) as file:
                file.write(data)
    return target.getvalue()


def streamed(*, large: bool = False) -> bytes:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            with archive.open(name, "w", force_zip64=large) as file:
                file.write(data)
    return bytes(pipe.data)


def with_large_end(data: bytes) -> bytes:
    """Return a zip with the end record of large zips, as some write it always."""
    _, _, _, here, total, length, offset, _ = struct.unpack("<4s4H2LH", data[-22:])
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, here, total, length, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(data) - 22, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, length, 0xFFFFFFFF, 0)
    return data[:-22] + record + locator + end


ZIPS = {
    "stored": zipped(zipfile.ZIP_STORED),
    "deflated": zipped(),
    "with a comment": zipped(comment=b"the commit, as git writes it"),
    "with sizes for large files": zipped(large=True),
    "streamed": streamed(),
    "streamed, with sizes for large files": streamed(large=True),
    "with the end record of large zips": with_large_end(zipped()),
}


def _files(members: Sequence[Member], take: Take) -> dict[str, bytes]:
    return {member.name: member.read(take) for member in members if member.left_out != EMPTY_FOLDER}


def unzip(data: bytes) -> dict[str, bytes]:
    """Return the files of a zip. Raises ArchiveRefused."""
    file = io.BytesIO(data)
    take = take_from(file)
    members = zip_members(file)
    if any(member.wrong for member in members):
        raise ArchiveRefused("one member")
    return _files(members, take)


def refusal(data: bytes) -> str:
    with pytest.raises(ArchiveRefused) as caught:
        unzip(data)
    return str(caught.value)


@pytest.mark.parametrize("kind", ZIPS)
def test_a_zip_is_read_however_it_was_made(kind: str) -> None:
    assert unzip(ZIPS[kind]) == FILES
    with zipfile.ZipFile(io.BytesIO(ZIPS[kind])) as second_opinion:
        assert {name for name in second_opinion.namelist() if name[-1] != "/"} == set(FILES)


@pytest.mark.parametrize("kind", ZIPS)
def test_no_damaged_byte_takes_a_member_away(kind: str) -> None:
    """Each byte of the directory in turn, and some of the others."""
    whole, chance = ZIPS[kind], random.Random(11)
    directory = range(whole.index(b"PK\x01\x02"), len(whole))
    for place in [*directory, *chance.sample(range(directory.start), 200)]:
        damaged = bytearray(whole)
        damaged[place] ^= chance.randrange(1, 256)
        try:
            assert unzip(bytes(damaged)) == FILES, f"seed 11, byte {place}"
        except ArchiveRefused:
            continue


@pytest.mark.parametrize("kind", ZIPS)
def test_a_zip_that_is_cut_short_anywhere_is_refused(kind: str) -> None:
    for size in range(0, len(ZIPS[kind]), 7):
        assert refusal(ZIPS[kind][:size])


def test_what_lies_before_behind_or_between_is_refused() -> None:
    whole = ZIPS["deflated"]
    assert "perhaps another zip" in refusal(whole + zipped(zipfile.ZIP_STORED))
    assert "lies before it" in refusal(b"#!/bin/sh\n" + whole)
    assert "bytes after its end record" in refusal(whole + b"\n")
    start = whole.index(b"PK\x01\x02")
    end = bytearray(whole[start:])
    end[-6:-2] = struct.pack("<L", start + 4)
    assert "belong to no member" in refusal(whole[:start] + b"gap!" + bytes(end))


def test_two_members_of_one_name_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", "2")
    assert refusal(target.getvalue()) == "2 members are called 'a.csv'"


def named_twice(name: str, *unicode_names: str) -> bytes:
    """Return a zip of a member whose directory entry, and whose header, name it once more in Unicode."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        member = zipfile.ZipInfo(name)
        for place, again in enumerate(unicode_names):
            # The header is written first, the directory with what is there when the zip is closed.
            field = b"\1" + struct.pack("<L", zlib.crc32(name.encode())) + again.encode()
            member.extra = struct.pack("<2H", 0x7075, len(field)) + field
            if place == 0:
                archive.writestr(member, "1")
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "again", "shown"),
    [
        ("a_2026-01-31.csv", "a_2026-01-31.csv", "a_2026-01-31.csv"),
        ("Pr?fung_2026-01-31.csv", "Prüfung_2026-01-31.csv", "Prüfung_2026-01-31.csv"),
        ("Pr#U00fcfung.csv", "Prüfung.csv", "Prüfung.csv"),
    ],
)
def test_a_name_in_unicode_gives_back_the_letters_that_the_other_lost(
    name: str, again: str, shown: str
) -> None:
    assert list(unzip(named_twice(name, again))) == [shown]


@pytest.mark.parametrize(
    "names",
    [
        ["a_2026-01-31.csv", "a_2026-09-30.csv"],
        ["a_2026-01-31.csv", "a12026-01-31.csv"],
        ["a.csv", "a.png"],
        ["a.csv", ".git/a.csv"],
        ["a?.csv", "aü.csv", "aö.csv"],
    ],
)
def test_a_member_with_two_names_is_refused(names: Sequence[str]) -> None:
    assert re.search("two names|do not agree", refusal(named_twice(*names)))


def change(data: bytes, mark: bytes, offset: int, form: str, value: int) -> bytes:
    """Return the zip with a number changed in its first record with that mark."""
    changed = bytearray(data)
    struct.pack_into(form, changed, data.index(mark) + offset, value)
    return bytes(changed)


@pytest.mark.parametrize(
    ("mark", "offset", "form", "value", "says"),
    [
        (b"PK\x05\x06", 4, "<H", 1, "one part of a multi-part zip"),
        (b"PK\x05\x06", 8, "<H", 3, "one part of a multi-part zip"),
        (b"PK\x05\x06", 8, "<L", 0x00030003, "its end record counts 3 members"),
        (b"PK\x05\x06", 12, "<L", 9, "its directory is not where its end record says"),
        (b"PK\x01\x02", 0, "<L", 9, "entry 1 of its directory is damaged"),
        (b"PK\x01\x02", 28, "<H", 99, "entry 2 of its directory is damaged"),
        (b"PK\x01\x02", 34, "<H", 1, "one part of a multi-part zip"),
        (b"PK\x01\x02", 42, "<L", 1, "belong to no member"),
        (b"PK\x01\x02", 46, "<B", 0, "do not agree"),
        (b"PK\x03\x04", 0, "<L", 9, "does not begin where its directory says"),
        (b"PK\x03\x04", 8, "<H", 12, "do not agree"),
        (b"PK\x03\x04", 14, "<L", 1, "do not agree"),
    ],
)
def test_what_is_said_twice_is_said_the_same_way(
    mark: bytes, offset: int, form: str, value: int, says: str
) -> None:
    assert says in refusal(change(ZIPS["stored"], mark, offset, form, value))


def test_the_two_end_records_agree() -> None:
    whole = ZIPS["with the end record of large zips"]
    assert "damaged" in refusal(change(whole, b"PK\x06\x06", 4, "<Q", 45))
    assert "do not agree" in refusal(change(whole, b"PK\x05\x06", 10, "<H", 2))
    assert "missing" in refusal(change(whole, b"PK\x06\x07", 8, "<Q", 2**40))
    assert "missing" in refusal(change(whole, b"PK\x06\x06", 0, "<L", 9))
    assert "missing" in refusal(whole[-42:])
    assert "damaged" in refusal(change(whole, b"PK\x06\x07", 4, "<L", 1))
    assert "damaged" in refusal(change(whole, b"PK\x06\x07", 16, "<L", 2))
    assert unzip(change(whole, b"PK\x06\x07", 16, "<L", 0)) == FILES


def test_the_sizes_behind_a_member_agree_too() -> None:
    whole = ZIPS["streamed"]
    assert "sizes after a member" in refusal(change(whole, b"PK\x07\x08", 4, "<L", 1))
    assert "do not agree" in refusal(change(whole, b"PK\x03\x04", 14, "<L", 1))
    without_mark = whole.replace(b"PK\x07\x08", b"")
    assert refusal(without_mark)


def test_members_that_share_bytes_or_a_directory_with_content_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a/", b"x" * 10)
    assert "longer than it can be" in refusal(target.getvalue())
    whole = bytearray(ZIPS["stored"])
    second = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 1)
    struct.pack_into("<L", whole, second + 42, 0)
    assert "two members share the bytes from 0 on" in refusal(bytes(whole))


@pytest.mark.parametrize(
    ("packed", "is_refused"), [(b"\x03\x00", False), (b"x" * 32, False), (b"x" * 33, True)]
)
def test_a_directory_that_says_it_is_empty_has_no_bytes(packed: bytes, is_refused: bool) -> None:
    header = struct.pack("<5H3L2H", 20, 0, 8, 0, 0x21, 0, len(packed), 0, 2, 0)
    member = b"PK\x03\x04" + header + b"a/" + packed
    entry = b"PK\x01\x02\x14\x00" + header + b"\0" * 14 + b"a/"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(member), 0)
    if is_refused:
        assert refusal(member + entry + end) == "'a/' is longer than it can be"
    else:
        assert unzip(member + entry + end) == {}


def test_a_checksum_of_zero_is_one_where_none_follows() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", "1")
    whole = target.getvalue()
    assert unzip(whole) == {"a.csv": b"1"}
    assert "do not agree" in refusal(change(whole, b"PK\x03\x04", 14, "<L", 0))


@pytest.mark.parametrize(
    ("name", "flags"), [("Prüfung.csv".encode(), 0x800), (b"Pr\x81fung.csv", 0)]
)
def test_a_name_is_in_utf_8_or_in_the_code_page_of_the_first_pcs(name: bytes, flags: int) -> None:
    for encrypted in (0, 1):
        assert _Entry(name, flags | encrypted, 0, 0, 0, 0, 0).shown == "Prüfung.csv"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("A" * len(name), "1")
    whole = target.getvalue().replace(b"A" * len(name), name)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole = change(whole, mark, place, "<H", flags)
    assert list(unzip(whole)) == ["Prüfung.csv"]


def test_the_longest_comment_hides_no_end_record() -> None:
    assert unzip(zipped(comment=b"x" * 0xFFFF)) == FILES


def test_a_number_is_read_from_the_field_for_large_zips_where_it_is_not_in_its_place() -> None:
    numbers = struct.pack("<2Q", 7 << 32, 8 << 32)
    full = 0xFFFFFFFF
    assert list(_enlarge({1: numbers}, full, 5, full)) == [7 << 32, 5, 8 << 32]
    assert list(_enlarge({1: numbers[:15]}, full, full)) == [7 << 32, full]
    assert list(_enlarge({}, full, 5)) == [full, 5]


def test_the_fields_behind_a_name_are_read_one_by_one() -> None:
    two = struct.pack("<2H3s2H1sB", 1, 3, b"abc", 0x7075, 1, b"d", 9)
    assert _extra_fields(two) == {1: b"abc", 0x7075: b"d"}


def test_an_entry_of_a_directory_is_whole() -> None:
    entry = b"PK\x01\x02" + bytes(42)
    nameless = _Entry(b"", 0, 0, 0, 0, 0, 0)
    assert list(_read_directory(entry * 2, 2)) == [nameless] * 2
    with pytest.raises(ArchiveRefused, match="entry 2 of its directory is damaged"):
        list(_read_directory(entry + entry[:45], 2))


def test_how_much_a_directory_holds_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_MEMBERS", 4)
    assert unzip(ZIPS["stored"]) == FILES
    monkeypatch.setattr(zips, "MAX_MEMBERS", 3)
    assert refusal(ZIPS["stored"]) == "4 files in one zip, more than 3"

    def find(length: int) -> tuple[int, int, int]:
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, length, 0, 0)
        return _find_directory(take_from(io.BytesIO(bytes(length) + end)), length + len(end))

    assert find(20 << 20) == (0, 20 << 20, 1)
    with pytest.raises(ArchiveRefused, match="its directory is longer than 20 MiB"):
        find((20 << 20) + 1)


def test_a_directory_of_very_many_entries_is_not_read() -> None:
    data = change(ZIPS["stored"], b"PK\x05\x06", 8, "<L", 0xEA60EA60)
    assert refusal(data) == "60000 files in one zip, more than 20000"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_way_of_packing_is_named(method: int, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(method))
    first, *_ = open_inputs([str(tmp_path)])
    assert "compressed in a way that is not supported" in str(first)


def test_members_are_read_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(ZIPS["deflated"])
    items = list(sources.find_inputs([str(path)]))
    assert {type(item) for item in items} == {sources.Unread}
    assert {item.read().data for item in items if isinstance(item, sources.Unread)} == set(  # type: ignore[union-attr]
        FILES.values()
    )


def test_a_member_is_dated_by_its_directories_and_by_its_archive(tmp_path: Path) -> None:
    path = tmp_path / "2026-06-30.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("2026-09-30/b.csv", "x")
    stamps = [item.place_stamp for item in open_inputs([str(path)]) if isinstance(item, Stream)]
    assert [(f"{stamp.instant:%m-%d}", stamp.origin) for stamp in stamps if stamp] == [
        ("06-30", "archive name"), ("09-30", "directory name"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "member", "stamp"),
    [
        ("2026-06-30/a.zip", "31.12.2025/a.csv", "06-30"),
        ("2026-06-30/a.zip", "30.09.2026/a.csv", None),
        ("2026-06-30/a 2026-09.zip", "a.csv", None),
        ("in/a 2026-06-30.zip", "2026/09/a.csv", None),
        ("in/a 2026-06-30.zip", "2026\\09\\a.csv", None),
        ("2026-09-30/a 2026-06-30.zip", "b 31.07.2026/a.csv", "09-30"),
    ],
)
def test_a_place_dates_no_member_where_a_nearer_one_has_a_later_date(
    tmp_path: Path, path: str, member: str, stamp: str | None
) -> None:
    (tmp_path / path).parent.mkdir()
    with zipfile.ZipFile(tmp_path / path, "w") as archive:
        archive.writestr(member, "x")
    (item,) = open_inputs([str(tmp_path)])
    found = item.place_stamp if isinstance(item, Stream) else None
    assert (f"{found.instant:%m-%d}" if found else None) == stamp


# Tar archives


def tarred(
    add: Callable[[tarfile.TarFile], None] | None = None, kind: int = tarfile.PAX_FORMAT
) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if add:
            add(archive)
    return target.getvalue()


def untar(data: bytes) -> dict[str, bytes]:
    take = take_from(io.BytesIO(data))
    return _files(tar_members(take, len(data)), take)


def tar_refusal(data: bytes) -> str:
    with pytest.raises(ArchiveRefused) as caught:
        untar(data)
    return str(caught.value)


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_tar_is_read(kind: int, tmp_path: Path) -> None:
    data = tarred(kind=kind)
    assert untar(data) == FILES
    for name, content in (
        ("a.tar", data),
        ("b.tar.gz", gzip.compress(data)),
        ("c.tgz", gzip.compress(data)),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        found = {
            item.name: item.data for item in open_inputs([str(path)]) if isinstance(item, Stream)
        }
        assert found == {f"{name}/{inner}": csv for inner, csv in FILES.items()}


def test_no_damaged_header_of_a_tar_takes_a_member_away() -> None:
    whole, chance = tarred(), random.Random(11)
    headers = [
        place for place in range(0, len(whole), 512) if whole[place + 257 : place + 262] == b"ustar"
    ]
    for place in [start + chance.randrange(512) for start in headers for _ in range(60)]:
        damaged = bytearray(whole)
        damaged[place] ^= chance.randrange(1, 256)
        try:
            assert untar(bytes(damaged)) == FILES, f"seed 11, byte {place}"
        except ArchiveRefused:
            continue


def test_a_tar_that_is_cut_short_or_joined_to_another_is_refused() -> None:
    whole = tarred()
    for size in range(0, len(whole.rstrip(b"\0")) + 513, 512):
        assert tar_refusal(whole[:size])
    assert "several archives were joined" in tar_refusal(whole + whole)
    assert "not a tar" in tar_refusal(b"user,arn\n" * 100)


def test_a_tar_ends_with_two_blocks_of_zeros() -> None:
    whole = tarred()
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    members, _ = open_archive("a.tar", io.BytesIO(whole[: end + 1024]), 0)
    assert [member.name for member in members] == ["folder/", *FILES]
    with pytest.raises(ArchiveRefused, match="damaged or cut short after 4 members"):
        open_archive("a.tar", io.BytesIO(whole[: end + 1023]), 0)
    assert "cut short" in tar_refusal(whole[: end + 1536])


def test_a_tar_without_the_blocks_of_a_member_is_refused() -> None:
    whole = tarred()
    starts = [place for place in range(0, len(whole), 512) if whole[place + 257 :][:5] == b"ustar"]
    for start, end in pairwise(starts):
        assert "cut short" in tar_refusal(whole[:start] + whole[end:])


def test_a_tar_ends_with_the_zeros_of_one_record_at_most() -> None:
    def add(archive: tarfile.TarFile) -> None:
        for number in range(20):
            info = tarfile.TarInfo(f"{number}.csv")
            info.size = 1000
            archive.addfile(info, io.BytesIO(b"x" * 1000))

    whole = tarred(add)
    starts = [place for place in range(0, len(whole), 512) if whole[place + 257 :][:5] == b"ustar"]
    for start in starts:  # the members from here on are lost
        lost = whole[:start].ljust(len(whole), b"\0")
        if start + 1024 <= len(whole) - tarfile.RECORDSIZE:
            assert "cut short" in tar_refusal(lost)
        else:  # so it is written where there never were more
            assert len(untar(lost)) == starts.index(start) - 1
    assert sum(start + 1024 > len(whole) - tarfile.RECORDSIZE for start in starts) == 3


@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGLINK, tarfile.GNUTYPE_LONGNAME]
)
@pytest.mark.parametrize("report", [*FILES.values(), base64.b64encode(FILES["111122223333.csv"])])
def test_a_report_that_another_type_makes_a_header_is_refused(kind: bytes, report: bytes) -> None:
    def add(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo("b.csv")
        info.size, info.type = len(report), kind
        archive.addfile(info, io.BytesIO(report))
        archive.addfile(tarfile.TarInfo("c.csv"))

    said = tar_refusal(tarred(add, tarfile.GNU_FORMAT))
    # Newer releases of Python end at such a header, and the archive does not end there.
    assert said.startswith(("a report in the headers of '", "damaged or cut short after 4 members"))


@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize("place", ["the archive", "comment", "extra"])
def test_a_report_beside_the_members_of_a_zip_is_refused(
    place: str, is_whole: bool, is_wide: bool
) -> None:
    report = FILES["111122223333.csv"]
    if not is_whole:
        report = report.partition(b"\n")[2]
    if is_wide:
        report = report.decode().encode("utf-16")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("b.csv")
        if place == "the archive":
            archive.comment = report
        elif place == "comment":
            info.comment = report
        else:
            info.extra = struct.pack("<2H", 0x6375, len(report)) + report
        archive.writestr(info, FILES["222233334444.csv"])
    assert refusal(packed.getvalue()) == "a report in its directory or a comment"


def test_a_report_in_the_header_of_a_member_alone_is_refused() -> None:
    report = FILES["111122223333.csv"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("b.csv")
        info.extra = struct.pack("<2H", 0x6375, len(report)) + report
        archive.writestr(info, FILES["222233334444.csv"])
        info.extra = b""  # the directory is written last
    assert refusal(packed.getvalue()) == "a report in the header of 'b.csv'"


def test_a_long_name_of_a_tar_is_cut_in_its_refusal() -> None:
    def add(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo("long")
        info.size, info.type = 90 + len(",password_enabled,"), tarfile.GNUTYPE_LONGNAME
        archive.addfile(info, io.BytesIO(b"x" * 90 + b",password_enabled,"))
        archive.addfile(tarfile.TarInfo("c.csv"))

    said = tar_refusal(tarred(add, tarfile.GNU_FORMAT))
    assert said == f"a report in the headers of {'x' * 80!r}"


def test_two_members_of_a_tar_of_one_name_are_refused() -> None:
    def again(archive: tarfile.TarFile) -> None:
        archive.addfile(tarfile.TarInfo("111122223333.csv"))

    assert tar_refusal(tarred(again)) == "2 members are called '111122223333.csv'"


def test_steps_that_lead_nowhere_are_no_directory_and_make_no_other_name() -> None:
    def dotted(archive: tarfile.TarFile) -> None:
        archive.addfile(tarfile.TarInfo("./a/./b.csv"))

    def again(archive: tarfile.TarFile) -> None:
        archive.addfile(tarfile.TarInfo("./111122223333.csv"))

    assert untar(tarred(dotted)) == FILES | {"a/b.csv": b""}
    assert tar_refusal(tarred(again)) == "2 members are called '111122223333.csv'"


def test_the_reports_of_a_tar_of_the_current_directory_are_read(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        (tmp_path / "here").mkdir()
        (tmp_path / "here/r.csv").write_bytes(FILES["111122223333.csv"])
        archive.add(tmp_path / "here", arcname=".")
    found = [
        item.name for item in open_inputs([str(tmp_path / "a.tar")]) if isinstance(item, Stream)
    ]
    assert found == ["a.tar/r.csv"]


def test_a_size_that_leaves_out_the_end_of_a_file_is_refused() -> None:
    content = b"123456789"

    def short(headers: dict[str, str], size: int) -> str:
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
            info = tarfile.TarInfo("a.csv")
            info.size, info.pax_headers = size, headers
            archive.addfile(info)
            archive.fileobj.write(content.ljust(512, b"\0"))
            archive.offset += 512
        return tar_refusal(target.getvalue())

    assert short({}, 8) == short({"size": "8"}, 9) == "'a.csv' does not end where its size says"

    target = io.BytesIO()
    everywhere = {"size": "9"}  # of every member
    with tarfile.open(
        fileobj=target, mode="w", format=tarfile.PAX_FORMAT, pax_headers=everywhere
    ) as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = 1024
        archive.addfile(info, io.BytesIO(bytes(1024)))
    assert tar_refusal(target.getvalue()) == "'a.csv' does not end where its size says"


def test_links_and_devices_of_a_tar_are_left_out_by_name(tmp_path: Path) -> None:
    def add(archive: tarfile.TarFile) -> None:
        for name, kind in (
            ("l.csv", tarfile.SYMTYPE),
            ("h.csv", tarfile.LNKTYPE),
            ("f.csv", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd\n"
            archive.addfile(info)

    (tmp_path / "a.tar").write_bytes(tarred(add))
    skipped = [item for item in open_inputs([str(tmp_path)]) if isinstance(item, Skipped)]
    assert [(item.name, item.why, item.is_doubt) for item in skipped] == [
        ("a.tar/l.csv", "a link to '/etc/passwd\\n', not followed", True),
        ("a.tar/h.csv", "a link to '/etc/passwd\\n', not followed", True),
        ("a.tar/f.csv", "neither a file nor a directory", True),
    ]


def test_so_are_links_of_a_zip(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("latest.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("111122223333.csv", FILES["111122223333.csv"])
        archive.writestr(link, "111122223333.csv")
    report, skipped = open_inputs([str(tmp_path)])
    assert isinstance(report, Stream)
    assert skipped == Skipped("a.zip/latest.csv", "a link, not followed", is_doubt=True)


@pytest.mark.parametrize(
    ("content", "is_link"),
    [
        (b"x" * 4096, True),
        (b"x" * 4097, False),
        (b"x\ny", False),
        (b"x\ry", False),
        (FILES["111122223333.csv"], False),
    ],
)
def test_but_not_where_it_cannot_be_a_path(
    tmp_path: Path, content: bytes, *, is_link: bool
) -> None:
    """One damaged byte makes a link of a report."""
    link = zipfile.ZipInfo("latest.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, content)
        archive.writestr("b.csv", content)
    (found, _) = open_inputs([str(tmp_path)])
    assert isinstance(found, Skipped) == is_link


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (tarfile.SYMTYPE, "a link to 'x', not followed"),
        (tarfile.CHRTYPE, "neither a file nor a directory"),
    ],
)
def test_what_is_left_out_of_a_tar_has_no_bytes(kind: bytes, why: str) -> None:
    info = tarfile.TarInfo("a.csv")
    info.type, info.linkname, info.size, info.offset_data = kind, "x", 9, 512
    assert _to_member(info) == Member("a.csv", 0, 0, 0, left_out=why)


def test_a_sparse_member_is_refused() -> None:
    info = tarfile.TarInfo("a.csv")
    info.type = tarfile.GNUTYPE_SPARSE
    info.sparse = [(0, 1)]  # type: ignore[assignment]
    assert _to_member(info).wrong.startswith("stored as a sparse file")


def with_size(size: int, kind: bytes) -> bytes:
    """Return a tar whose first header gives that size in base 256."""
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = (size % 256**12 | 1 << 95).to_bytes(12, "big")
    header[156:157], header[148:156] = kind, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(10_240 - 512)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"0", b"S", b"D"])
@pytest.mark.parametrize("size", [-(2**64), -(2**63), -512, -4096, 2**62, 2**70])
def test_a_size_that_no_file_has_is_refused(kind: bytes, size: int) -> None:
    assert tar_refusal(with_size(size, kind))


def test_why_a_size_of_no_file_is_refused() -> None:
    for size, kind, why in (
        (-(2**64), b"x", "a header below zero, or headers of one file longer than 64 KiB"),
        (-512, b"0", "'a' ends outside the archive"),
        (2**62, b"0", "'a' ends outside the archive"),
    ):
        assert why in tar_refusal(with_size(size, kind))
    assert "below zero" not in tar_refusal(with_size(0, b"x"))


def test_the_members_and_headers_of_a_tar_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def name_it(length: int, letter: str = "x") -> Callable[[tarfile.TarFile], None]:
        return lambda archive: archive.addfile(tarfile.TarInfo(letter * length))

    def note_it(length: int) -> Callable[[tarfile.TarFile], None]:
        info = tarfile.TarInfo("a.md")
        info.pax_headers = {"note": "x" * length}
        return lambda archive: archive.addfile(info)

    # Two headers of a block and one of 63 KiB, with its length, its name and two marks.
    just, more = (tarred(note_it((63 << 10) - room)) for room in (12, 11))
    assert list(untar(just)) == [*FILES, "a.md"]
    assert "headers of one file longer than 64 KiB" in tar_refusal(more)
    few, many = (tarred(name_it(length, "1"), tarfile.GNU_FORMAT) for length in (255, 256))
    assert list(untar(few)) == [*FILES, "1" * 255]
    assert "a header with a number of more than 255 digits" in tar_refusal(many)
    monkeypatch.setattr(tars, "MAX_MEMBERS", 2)
    assert tar_refusal(tarred()) == "more than 2 files in one archive"


def with_global_headers(headers: Sequence[dict[str, str]]) -> bytes:
    """Return a tar with each of the headers before a file of its own."""
    parts = (
        tarfile.TarInfo.create_pax_global_header(each) + tarfile.TarInfo(f"{number}.md").tobuf()
        for number, each in enumerate(headers)
    )
    data = b"".join(parts)
    return data + bytes(1024 + -(len(data) + 1024) % 10_240)


@pytest.mark.parametrize("are_apart", [False, True])
def test_the_headers_of_all_files_of_a_tar_are_few(are_apart: bool) -> None:
    """As tarfile reads them for each."""
    headers = {f"key-{number:02}": "x" * 26 for number in range(32)}
    whole = [{key: value} for key, value in headers.items()] if are_apart else [headers]
    assert untar(with_global_headers(whole))
    assert untar(with_global_headers([*whole, *whole]))  # the same again
    assert tar_refusal(with_global_headers([*whole, {"k": ""}])) == (
        "headers of all its files together longer than 1 KiB"
    )


def test_a_name_in_an_archive_is_as_long_as_a_path_may_be() -> None:
    def named(length: int) -> list[bytes]:
        zip_file = io.BytesIO()
        with zipfile.ZipFile(zip_file, "w") as archive:
            archive.writestr("x" * length, b"")
        return [
            zip_file.getvalue(),
            tarred(lambda archive: archive.addfile(tarfile.TarInfo("x" * length))),
            tarred(lambda archive: archive.addfile(_link("a", "x" * length))),
        ]

    zip_file, tar, links = named(4_096)
    assert list(unzip(zip_file)) == ["x" * 4_096]
    assert list(untar(tar)) == [*FILES, "x" * 4_096]
    assert list(untar(links)) == [*FILES, "a"]
    zip_file, tar, links = named(4_097)
    why = f"{'x' * 80!r} begins a path of more than 4096 letters"
    assert [refusal(zip_file), tar_refusal(tar), tar_refusal(links)] == [why] * 3


def _link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def test_the_names_in_an_archive_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = [Member("x" * 4_096)] * 2_048
    refuse_many_paths(letters)
    with pytest.raises(ArchiveRefused, match="^its names are longer than 8 MiB together$"):
        refuse_many_paths([*letters, Member("x")])
    folders = [Member("a/" * 1_000)] * 200
    refuse_many_paths([*folders, Member("x")])
    for name in ("a/b", "a\\b"):
        with pytest.raises(ArchiveRefused, match="^its names have more than 200000 directories"):
            refuse_many_paths([*folders, Member(name)])
    monkeypatch.setattr(members, "MAX_FOLDERS", 0)  # all of them have the member `folder/`
    for name, data in (
        ("a.zip", zipped()),
        ("a.tar", tarred()),
        ("a.tgz", gzip.compress(tarred())),
    ):
        with pytest.raises(ArchiveRefused, match="its names have more than 0 directories"):
            open_archive(name, io.BytesIO(data), 10**9)


def _gzipped(data: bytes, length: int) -> bytes:
    """Return a gzip of a given length, by a long name in its header."""
    bare = gzip.compress(data)
    head = bare[:3] + bytes([0x08]) + bare[4:10]
    return head + b"n" * (length - len(bare) - 1) + b"\0" + bare[10:]


def test_what_a_gzip_unpacks_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = io.BytesIO(gzip.compress(bytes(3_000_000)))
    with pytest.raises(ArchiveRefused, match="unpacks to more than 1 MiB"):
        unpack_gzip(bomb, 10**9)
    monkeypatch.setattr(tars, "RATIO_FREE_BYTES", 10)
    with pytest.raises(ArchiveRefused, match="unpacks to more than"):
        unpack_gzip(io.BytesIO(gzip.compress(b"x" * 100)), 50)


def test_what_a_gzip_unpacks_to_is_bounded_by_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tars, "RATIO_FREE_BYTES", 0)
    monkeypatch.setattr(tars, "MAX_RATIO", 10)
    just, more = (_gzipped(b"x" * size, length=100) for size in (1000, 1001))
    assert len(unpack_gzip(io.BytesIO(just), 1000)) == 1000
    for data, room in ((more, 1001), (just, 999)):
        with pytest.raises(ArchiveRefused, match="unpacks to more than 0 MiB"):
            unpack_gzip(io.BytesIO(data), room)


def test_zeros_behind_a_gzip_may_be_one_that_was_joined_to_it() -> None:
    first, second = gzip.compress(b"user,arn\n"), gzip.compress(b"")
    whole = first + second
    assert bytes(unpack_gzip(io.BytesIO(whole), 100).take(0, 100)) == b"user,arn\n"
    for lost in (len(second), 18, 4096):
        for rest in (b"", first):
            with pytest.raises(ArchiveRefused, match="damaged, or not a gzip"):
                unpack_gzip(io.BytesIO(first + bytes(lost) + rest), 100)
    with pytest.raises(ArchiveRefused, match="cut short"):
        unpack_gzip(io.BytesIO(whole[:-1]), 100)


def test_the_refusal_of_a_tar_quotes_nothing_of_a_file_in_it() -> None:
    def add(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo("a.csv")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))

    data = b"alice.secret,arn:aws:iam::111122223333:user/alice.secret\n" * 20
    assert tar_refusal(tarred(add)) == "not a tar that can be read"


def test_a_damaged_gzip_is_refused() -> None:
    whole, chance = gzip.compress(tarred(), mtime=0), random.Random(11)
    for place in chance.sample(range(10, len(whole)), 200):
        damaged = bytearray(whole)
        damaged[place] ^= chance.randrange(1, 256)
        with pytest.raises(ArchiveRefused):
            unpack_gzip(io.BytesIO(damaged), 10**9)


def test_what_was_unpacked_travels_to_another_process_as_bytes(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tarred()))
    items = [item for item in sources.find_inputs([str(path)]) if isinstance(item, sources.Unread)]
    moved = pickle.loads(pickle.dumps(items))
    assert [item.data for item in moved] == list(FILES.values())
    zip_path = tmp_path / "a.zip"
    zip_path.write_bytes(ZIPS["stored"])
    packed = list(sources.find_inputs([str(zip_path)]))
    assert pickle.loads(pickle.dumps(packed)) == packed


def test_a_member_that_is_not_what_was_promised_is_refused() -> None:
    take = take_from(io.BytesIO(b"abc"))
    with pytest.raises(ArchiveRefused, match="its size or checksum differs"):
        Member("a", 0, 2, 3).read(take)
    with pytest.raises(ArchiveRefused, match="damaged inside the archive"):
        Member("a", 0, 3, 3, is_deflated=True).read(take)


def test_a_packed_member_has_its_size_and_fills_its_bytes() -> None:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = deflate.compress(b"abcd") + deflate.flush()
    take = take_from(io.BytesIO(packed + b"x"))
    assert Member("a", 0, len(packed), 4, is_deflated=True).read(take) == b"abcd"
    for longer, size in ((0, 3), (0, 2), (0, 5), (1, 4), (-1, 4)):
        with pytest.raises(ArchiveRefused, match="damaged inside the archive"):
            Member("a", 0, len(packed) + longer, size, is_deflated=True).read(take)


@pytest.mark.parametrize(
    ("packed_size", "size", "wrong"),
    [
        (1, 1_048_576, ""),
        (1, 1_048_577, "unpacks to more than 200 times its size"),
        (10_000, 2_000_000, ""),
        (10_000, 2_000_001, "unpacks to more than 200 times its size"),
    ],
)
def test_a_member_may_be_two_hundred_times_as_long_or_a_mebibyte(
    packed_size: int, size: int, wrong: str
) -> None:
    assert _wrong(_Entry(b"a.csv", 0, 8, 0, packed_size, size, 0)) == wrong


def test_an_archive_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").mkdir()
    (tmp_path / "a.tar/b.tar").symlink_to(tmp_path / "nowhere")
    (problem,) = open_inputs([str(tmp_path / "a.tar/b.tar")])
    assert isinstance(problem, Problem)
