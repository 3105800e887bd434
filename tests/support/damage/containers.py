"""What reports are saved in, and a plain reading of the files with the standard library alone."""

from __future__ import annotations

import ast
import base64
import csv
import gzip
import io
import json
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.support.damage.registry import Chance
from tests.support.reports import AS_OF, NAME
from tests.support.second_opinion import date_of

Save = Callable[[Chance, Sequence[str]], bytes]
# The time in the name of a report, as its digits stand there.
_NAMED = re.compile("([0-9]{4}-[0-9]{2}-[0-9]{2}T)([0-9]{2})-([0-9]{2})-([0-9]{2})")
_MARKS = {"user", "password_enabled", "access_key_1_active"}


@dataclass(frozen=True)
class Container:
    """A way to save reports: the file's name, whether it takes several, and how often it is tried."""

    name: str
    file: str
    save: Save
    takes_several: bool
    share: int


CONTAINERS: dict[str, Container] = {}


def _saved_as(
    name: str, ending: str = "csv", *, several: bool = False, share: int = 1
) -> Callable[[Save], Save]:
    def keep(save: Save) -> Save:
        file = NAME.replace("csv", ending)
        CONTAINERS[name] = Container(name, file, save, several, share)
        return save

    return keep


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _base64(text: str) -> str:
    return base64.b64encode(encode(text)).decode()


def _wrapped(text: str, width: int) -> list[str]:
    letters = _base64(text)
    return [letters[at : at + width] for at in range(0, len(letters), width)]


def _answer(content: str) -> dict[str, str]:
    return {"Content": content, "GeneratedTime": AS_OF, "ReportFormat": "text/csv"}


@_saved_as("CSV", share=14)
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return encode(texts[0])


@_saved_as("CSV, CRLF and a mark")
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return b"\xef\xbb\xbf" + encode(texts[0].replace("\n", "\r\n") + "\r\n")


@_saved_as("UTF-16")
def _(chance: Chance, texts: Sequence[str]) -> bytes:
    mark, codec = chance.choice([(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
    return mark + texts[0].encode(codec, "surrogatepass")


@_saved_as("JSON", "json", share=2)
def _(chance: Chance, texts: Sequence[str]) -> bytes:
    indent = chance.choice([None, 4])
    return json.dumps(_answer(_base64(texts[0])), indent=indent).encode()


@_saved_as("JSON, text", "json")
def _(chance: Chance, texts: Sequence[str]) -> bytes:
    return json.dumps(_answer(texts[0]), ensure_ascii=chance.random() < 0.5).encode(
        "utf-8", "surrogatepass"
    )


@_saved_as("JSON, Python text", "json")
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return json.dumps(_answer(repr(encode(texts[0])))).encode()


@_saved_as("JSON string", "json")
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return json.dumps(texts[0]).encode()


@_saved_as("JSON list", "json", several=True)
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return json.dumps([_answer(_base64(text)) for text in texts]).encode()


@_saved_as("base64", "b64")
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return _base64(texts[0]).encode()


@_saved_as("base64, wrapped", "b64")
def _(chance: Chance, texts: Sequence[str]) -> bytes:
    width, end = chance.choice([(76, "\n"), (64, "\r\n")])
    return end.join([*_wrapped(texts[0], width), ""]).encode()


@_saved_as("base64 with BEGIN and END", "b64")
def _(_: Chance, texts: Sequence[str]) -> bytes:
    lines = _wrapped(texts[0], 64)
    return "\r\n".join(
        ["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]
    ).encode()


@_saved_as("--output text", "txt", several=True)
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return "".join(f"{_base64(text)}\t{AS_OF}\ttext/csv\n" for text in texts).encode()


def _members(texts: Sequence[str]) -> list[tuple[str, bytes]]:
    return [(f"{number}/{NAME}", encode(text)) for number, text in enumerate(texts)]


def _zipped(texts: Sequence[str], method: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in _members(texts):
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return target.getvalue()


@_saved_as("zip, stored", "zip", several=True)
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return _zipped(texts, zipfile.ZIP_STORED)


@_saved_as("zip, deflated", "zip", several=True)
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return _zipped(texts, zipfile.ZIP_DEFLATED)


def _tarred(texts: Sequence[str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in _members(texts):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


@_saved_as("tar", "tar", several=True)
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return _tarred(texts)


@_saved_as("tar.gz", "tar.gz", several=True)
def _(_: Chance, texts: Sequence[str]) -> bytes:
    return gzip.compress(_tarred(texts), 1, mtime=0)


# Read plainly


@dataclass(frozen=True)
class Opened:
    """The texts of the reports in a file, and the times that stand beside them."""

    texts: tuple[str, ...]
    times: tuple[datetime | None, ...] = ()


def open_plainly(data: bytes) -> Opened | None:
    """Return what a plain reader of JSON, base64, zip and tar finds; None where it finds a fault."""
    try:
        if data[:4] == b"PK\3\4":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return _all_of([archive.read(member) for member in archive.infolist()])
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        if data[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                files = [archive.extractfile(member) for member in archive.getmembers()]
                if len(data) not in _sizes_of_a_tar(archive.offset):
                    return None
                opened = _all_of([file.read() for file in files if file])
                # The sum over a header does not see its bytes change places, those of the name too.
                named = [_NAMED.search(member.name) for member in archive.getmembers()]
                times = [date_of("{}{}:{}:{}Z".format(*each.groups())) for each in named if each]
                return opened and Opened(opened.texts, (*opened.times, *times))
        return _open_text(_decoded(data))
    except (
        ValueError, LookupError, SyntaxError, TypeError, AttributeError, EOFError, OSError, RecursionError,
        zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError,
    ):  # fmt: skip
        return None


def _sizes_of_a_tar(end: int) -> tuple[int, int]:
    """Return the sizes of a tar of which the two blocks of zeros begin here: with these, or a whole record."""
    least = end + 2 * tarfile.BLOCKSIZE
    return least, -(-least // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def _all_of(parts: Sequence[bytes]) -> Opened | None:
    opened = [open_plainly(part) for part in parts]
    known = [each for each in opened if each]
    if len(known) < len(opened):
        return None
    return Opened(
        tuple(text for each in known for text in each.texts),
        tuple(time for each in known for time in each.times),
    )


def _decoded(data: bytes) -> str:
    if data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return data.decode("utf-32")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _open_text(text: str) -> Opened:
    start = text.lstrip()[:1]
    if "," not in text.strip().split("\n")[0][:40] and re.search(r"\s{256}", text):
        raise ValueError("a gap")
    if start in ("{", "["):
        answers = json.loads(text)
        answers = answers if isinstance(answers, list) else [answers]
        return Opened(
            tuple(_content(answer["Content"]) for answer in answers),
            tuple(
                date_of(answer["GeneratedTime"].strip().replace(" ", "T"))
                for answer in answers
                if "GeneratedTime" in answer
            ),
        )
    if start == '"' and text.rstrip().endswith('"') and text.count("\n") < 2:
        return Opened((_content(json.loads(text)),))
    if "\ttext/csv" in text:
        fields = [line.split("\t") for line in text.splitlines() if line.strip()]
        return Opened(
            tuple(_content(cells[0]) for cells in fields),
            tuple(date_of(cells[1].strip().replace(" ", "T")) for cells in fields),
        )
    text = re.sub("-----(BEGIN|END) [A-Z0-9 ]+-----", "", text)
    return Opened((_content(text),))


def _content(text: str) -> str:
    if text.startswith(("b'", 'b"')):
        return str(ast.literal_eval(text).decode())
    if "," in text:
        return text
    return base64.b64decode("".join(text.split()), validate=True).decode()


def rows_in(text: str) -> list[dict[str, str]] | None:
    """Return the rows below each header of a text; None where one is wider or narrower than it.

    Passed over: the line of types of PowerShell, and columns without a name.
    """
    lines = [line for line in re.split(r"\r\n|\r|\n", text.lstrip("\ufeff")) if line.strip()]
    if lines and lines[0].startswith("#TYPE "):
        del lines[0]
    header: list[str] = []
    rows: list[dict[str, str]] = []
    for record in csv.reader(lines):
        if len(record) < 2 and not "".join(record).strip():
            continue
        for cells in _parted(header, record) if header else [record]:
            if set(cells) >= _MARKS or not header:
                header = cells
                names = [name for name in header if name]
                if not set(header) >= _MARKS or len(set(names)) < len(names):
                    return None
            elif len(cells) == len(header):
                rows.append(dict(zip(header, cells, strict=True)))
            else:
                return None
    return rows


def _parted(header: list[str], cells: list[str]) -> list[list[str]]:
    """Return the rows on a line: without the commas in a name, and apart where a line end is lost.

    The ARN tells both: it ends with the name. What stands before the name ends the row before it.
    """
    width = len(header)
    if len(cells) <= width or header[:2] != ["user", "arn"]:
        return [cells]
    for size in range(1, 4):
        for end in range(2 * size, 2 * size + 4):
            name, arn = ",".join(cells[:size]), ",".join(cells[size:end])
            if end > 2 and arn.startswith("arn:") and arn.rpartition("/")[2] == name:
                return _parted(header, [name, arn, *cells[end:]])
    last, rest = cells[width - 1], cells[width:]
    user = "user" if rest[0] == "arn" else rest[0].rpartition("/")[2]
    user = "<root_account>" if rest[0].endswith(":root") else user
    if not last.endswith(user):
        return [cells]
    return [[*cells[: width - 1], last.removesuffix(user)], *_parted(header, [user, *rest])]
