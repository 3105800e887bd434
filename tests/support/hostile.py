"""Hostile inputs by name: what lies in the file, the exit status, and a part of what is said."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.reports import AS_OF, COLUMNS, NAME, root, to_csv, user

FINE, REFUSED, INCOMPLETE = 0, 2, 3
LONG_AGO = "2019-01-02T03:04:05+00:00"
HEADER = ",".join(COLUMNS)
STALE = user("bob", password_enabled="true", password_last_used=LONG_AGO,
             password_last_changed=LONG_AGO)  # fmt: skip
REPORT = to_csv(root(), user(), STALE)
LINES = REPORT.split("\n")
BASE64 = base64.b64encode(REPORT.encode()).decode()
OTHER = to_csv(root("444455556666"), user("carol", "444455556666"))

Setup = Callable[[Path], list[str]]


@dataclass(frozen=True)
class Case:
    """Bytes for one file of that name, or a setup that returns the arguments."""

    content: bytes | str | Setup
    exit_code: int
    says: str
    name: str = NAME
    arguments: tuple[str, ...] = ()


def refused(content: bytes | str | Setup, says: str, name: str = NAME, *arguments: str) -> Case:
    return Case(content, REFUSED, says, name, arguments)


def incomplete(content: bytes | str | Setup, says: str, name: str = NAME, *arguments: str) -> Case:
    return Case(content, INCOMPLETE, says, name, arguments)


def fine(content: bytes | str | Setup, says: str, name: str = NAME, *arguments: str) -> Case:
    return Case(content, FINE, says, name, arguments)


def with_cell(column: str, cell: str) -> str:
    """Return the report with one cell of the stale user changed."""
    return to_csv(root(), user(), STALE | {column: cell})


def with_line(number: int, change: Callable[[str], str]) -> str:
    """Return the report with one line (0 is the header) changed."""
    lines = list(LINES)
    lines[number] = change(lines[number])
    return "\n".join(lines)


def without(*columns: str) -> str:
    kept = tuple(column for column in COLUMNS if column not in columns)
    return to_csv(root(), user(), STALE, columns=kept)


def as_json(**fields: object) -> str:
    return json.dumps(
        {"Content": BASE64, "ReportFormat": "text/csv", "GeneratedTime": AS_OF} | fields
    )


def zip_of(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def directory_of(files: dict[str, bytes | str]) -> Setup:
    def set_up(place: Path) -> list[str]:
        folder = place / "reports"
        folder.mkdir()
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [str(folder)]

    return set_up


def several(files: dict[str, str]) -> Setup:
    def set_up(place: Path) -> list[str]:
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
        return [str(place / name) for name in files]

    return set_up


def arguments_only(*arguments: str) -> Setup:
    return lambda _: list(arguments)


def encrypted_zip(_: Path) -> bytes:
    data = bytearray(zip_of({"a.csv": REPORT}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def saved(make: Callable[[Path], bytes], name: str) -> Setup:
    def set_up(place: Path) -> list[str]:
        (place / name).write_bytes(make(place))
        return [str(place / name)]

    return set_up


def linked_to_itself(place: Path) -> list[str]:
    (place / "loop.csv").symlink_to(place / "loop.csv")
    return [str(place / "loop.csv")]


def piped(place: Path) -> list[str]:
    import os

    os.mkfifo(place / "pipe.csv")
    return [str(place / "pipe.csv")]


def named_pipe_zip(place: Path) -> list[str]:
    import os

    os.mkfifo(place / "pipe.zip")
    return [str(place / "pipe.zip")]


def dangling(place: Path) -> list[str]:
    (place / "gone.csv").symlink_to(place / "nowhere")
    return [str(place / "gone.csv")]


def same_user(count: int) -> str:
    return to_csv(root(), *[user("Same" if number % 2 else "same") for number in range(count)])


XLSX = zip_of({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"})
DUPLICATE_KEYS = '{"Content": "' + BASE64 + '", "Content": "' + BASE64 + '"}'
TABLE = "-" * 40 + "\n|          GetCredentialReport          |\n" + "+" * 40
MARKUP = "<!DOCTYPE html><html><head><title>Amazon Web Services Sign-In</title></head></html>"
AWS_ERROR = (
    "\nAn error occurred (ReportNotPresent) when calling the GetCredentialReport operation: "
    "No report exists for this account\n"
)
XML = "<GetCredentialReportResponse><Content>dXNlcg==</Content></GetCredentialReportResponse>"
SIXTEEN = tuple(
    column
    for column in COLUMNS
    if not column.startswith("access_key") or not column.endswith(("date", "region", "service"))
)

CASES: dict[str, Case] = {
    # Nothing, or nearly nothing
    "empty file": refused("", "the file is empty"),
    "blanks only": refused(" \n\t\n ", "the file is empty"),
    "one new line": refused("\n", "the file is empty"),
    "one NUL": refused(b"\0", "a NUL byte"),
    "a thousand NULs": refused(b"\0" * 1000, "a NUL byte"),
    "byte order mark only": refused(b"\xef\xbb\xbf", "the file is empty"),
    "two byte order marks": refused(b"\xef\xbb\xbf" * 2 + REPORT.encode(), "two byte order marks"),
    "header only": refused(HEADER, "a header and no rows"),
    "header and a new line": refused(HEADER + "\n", "a header and no rows"),
    "header and blank lines": refused(HEADER + "\n\n\n \n", "a header and no rows"),
    "header twice": refused(HEADER + "\n" + HEADER, "a header and no rows"),
    "one letter": refused("u", "not a credential report: it starts with 'u'"),
    "one comma": refused(",", "not a credential report: it starts with ','"),
    "one quote": refused('"', "line 1: a quote opened here is never closed"),
    "commas only": refused("," * 900, "not a credential report"),
    "no header": refused("\n".join(LINES[1:]), "no header line"),
    # Fields lost and gained
    "trailing comma on the first row": refused(with_line(1, lambda s: s + ","), "line 2, column 23: 23 fields where the header has 22; one comma too many"),
    "trailing comma on every row": refused("\n".join([LINES[0], *(s + "," for s in LINES[1:])]), "line 4, column 23"),
    "trailing comma on the header": refused(with_line(0, lambda s: s + ","), "22 fields where the header has 23; nothing from the column without a name on"),
    "trailing comma on every line": fine("\n".join(s + "," for s in LINES), "unknown columns, not used: '(no name)'"),
    "leading comma on one row": refused(with_line(3, lambda s: "," + s), "line 4, column 23"),
    "pandas index column": fine("\n".join(f"{n - 1 if n else ''},{s}" for n, s in enumerate(LINES)), "1 of 1 active credentials"),
    "a row cut in the middle": refused(with_line(3, lambda s: s[:90]), "fields where the header has 22; nothing from"),
    "a row of one field": refused(with_line(2, lambda _: "alice"), "1 field where the header has 22; nothing from `arn` on"),
    "cut after the user": refused(REPORT[: REPORT.index("bob,") + 3], "1 field where the header has 22"),
    "cut inside the header": refused(HEADER[:60], "without the column"),
    "two rows on one line": refused(LINES[0] + "\n" + LINES[1] + "\n" + LINES[2] + LINES[3], "line 3, column 23: 43 fields"),
    "a field too few everywhere": refused("\n".join([LINES[0], *(s.rpartition(",")[0] for s in LINES[1:])]), "21 fields where the header has 22"),
    "many bad rows": refused(HEADER + "\n" + "x\n" * 60, "and 40 more"),
    "very many bad rows": refused(HEADER + "\n" + "x\n" * 5000, "more"),
    "a row of commas": refused(with_line(2, lambda _: "," * 21), "the user is blank"),
    "a blank user": refused(with_cell("user", ""), "line 4, column 1: the user is blank"),
    "a user of blanks": refused(with_cell("user", "  \t"), "the user is blank"),
    "a user of one no-break space": refused(with_cell("user", "\u00a0"), "the user is blank"),
    # Quotes
    "an open quote": refused(with_line(2, lambda s: '"' + s), "line 3: a quote opened here is never closed"),
    "an open quote in the header": refused('"' + REPORT, "a quote opened here is never closed"),
    "an open quote at the end": refused(REPORT + '\n"bob', "line 5: a quote opened here is never closed"),
    "a quote that closes two lines on": refused("\n".join([LINES[0], '"' + LINES[1], LINES[2] + '"', LINES[3]]), "a quote opened here closes only in line 3"),
    "text after a closing quote": refused(with_line(2, lambda s: s.replace("alice", '"al"ice', 1)), "characters after a closing quote"),
    "a quoted new line in a name": refused(with_cell("user", "bo\nb"), "a quote opened here closes only in line 5"),
    "a quoted carriage return in a name": refused(with_cell("user", "bo\rb"), "1 field where the header has 22"),
    "everything quoted": fine("\n".join(",".join(f'"{c}"' for c in s.split(",")) for s in LINES), "1 of 1 active credentials has been unused"),
    "a quote inside a date": incomplete(with_line(3, lambda s: s.replace("2019-01-02", '2019-01-"02', 1)), "neither a date nor a known absence"),
    "single quotes around everything": refused("\n".join(",".join(f"'{c}'" for c in s.split(",")) for s in LINES), "it starts with"),
    "a field of 200,000 letters": refused(with_cell("arn", "x" * 200_000), "one cell is longer than 131072 characters"),
    # Line ends
    "CRLF": fine(REPORT.replace("\n", "\r\n") + "\r\n", "1 of 1 active credentials has been unused"),
    "CR only": fine(REPORT.replace("\n", "\r"), "1 of 1 active credentials has been unused"),
    "CR CR LF": fine(REPORT.replace("\n", "\r\r\n"), "blank lines skipped"),
    "mixed line ends": fine(REPORT.replace("\n", "\r\n", 1), "1 of 1 active credentials has been unused"),
    "blank lines between rows": fine(REPORT.replace("\n", "\n\n"), "blank lines skipped, the first at line 2"),
    "many new lines at the end": fine(REPORT + "\n" * 10, "blank lines skipped"),
    "a carriage return inside a row": refused(with_line(2, lambda s: s.replace(",", "\r", 3).replace("\r", ",", 2)), "fields where the header has 22"),
    "a line separator inside a name": fine(with_cell("user", "b\u2028b"), "b\\u2028b"),
    "a form feed inside a name": fine(with_cell("user", "b\x0cb"), "\\x0c"),
    # Encodings
    "UTF-8 with a byte order mark": fine(b"\xef\xbb\xbf" + REPORT.encode(), "1 of 1 active credentials has been unused"),
    "UTF-16 with its mark": fine(REPORT.encode("utf-16"), "1 of 1 active credentials has been unused"),
    "UTF-16, big end first": fine(b"\xfe\xff" + REPORT.encode("utf-16-be"), "1 of 1 active credentials has been unused"),
    "UTF-16 without its mark": refused(REPORT.encode("utf-16-le"), "UTF-16 without its mark"),
    "UTF-16 cut in half a letter": refused(REPORT.encode("utf-16")[:-1], "is not UTF-16"),
    "UTF-32 with its mark": fine(REPORT.encode("utf-32"), "1 of 1 active credentials has been unused"),
    "UTF-32 without its mark": refused(REPORT.encode("utf-32-le"), "a NUL byte"),
    "latin-1": refused(with_cell("user", "b\u00f6b").encode("latin-1"), "line 4, column 2: byte 0xf6 is not UTF-8"),
    "cp1252 quotes": refused(REPORT.replace("alice", "\u201calice\u201d").encode("cp1252"), "byte 0x93 is not UTF-8"),
    "cut inside a UTF-8 letter": refused((REPORT + "\n\u20ac").encode()[:-1], "is not UTF-8"),
    "overlong UTF-8": refused(REPORT.encode() + b"\n\xc0\xaf", "byte 0xc0 is not UTF-8"),
    "a surrogate in UTF-8": refused(REPORT.encode() + b"\n\xed\xa0\x80", "byte 0xed is not UTF-8"),
    "EBCDIC": refused(REPORT.encode("cp500"), "is not UTF-8"),
    "UTF-7": refused("+AHUAcwBlAHI-,arn", "not a credential report"),
    "a NUL in a name": refused(with_cell("user", "bo\0b"), "line 4, column 3: a NUL byte"),
    "a NUL at the end": refused(REPORT + "\0", "a NUL byte"),
    "random bytes": refused(bytes(range(128, 256)) * 8, "is not UTF-8"),
    "control characters in a name": fine(with_cell("user", "b\x1b[31mo\x07b"), "\\x1b[31m"),
    "a bidi override in a name": fine(with_cell("user", "b\u202eob"), "\\u202e"),
    "an escape in the header": refused("\x1b[2J" + REPORT, "without the column `user`"),
    # Delimiters and headers
    "semicolons": refused(REPORT.replace(",", ";"), "separated by semicolons"),
    "tabs": refused(REPORT.replace(",", "\t"), "separated by tabs"),
    "bars": refused(REPORT.replace(",", "|"), "separated by bars"),
    "a sep= line": refused("sep=,\n" + REPORT, "a `sep=` line"),
    "a #TYPE line": fine("#TYPE System.Object\n" + REPORT, "`#TYPE` line of PowerShell was skipped"),
    "a comment before the header": refused("# from the console\n" + REPORT, "not a credential report: it starts with '# from the console'"),
    "a title before the header": refused("Credential report\n\n" + REPORT, "it starts with 'Credential report'"),
    "capitals in the header": refused(with_line(0, str.upper), "not spelt as AWS spells them"),
    "blanks after the commas of the header": refused(with_line(0, lambda s: s.replace(",", ", ")), "not spelt as AWS spells them"),
    "words with blanks in the header": refused(with_line(0, lambda s: s.replace("_", " ")), "not a credential report"),
    "a column named twice": refused(with_line(0, lambda s: s.replace("mfa_active", "user")), "column `user` is named twice"),
    "a needed column twice": refused(with_line(0, lambda s: s.replace("mfa_active", "password_enabled")), "column `password_enabled` is named twice"),
    "without user": refused(without("user"), "without the column `user`"),
    "without password_enabled": refused(without("password_enabled"), "without the column `password_enabled`"),
    "without password_last_changed": fine(without("password_last_changed"), "without `password_last_changed`: credentials that were never used have no age there"),
    "without access_key_2_active": refused(without("access_key_2_active"), "without the column `access_key_2_active`"),
    "without three needed columns": refused(without("user", "access_key_1_active", "access_key_1_last_rotated"), "without the columns `user` and `access_key_1_active`"),
    "without arn": fine(without("arn"), "no `arn` column"),
    "without password_last_used": incomplete(without("password_last_used"), "without `password_last_used`"),
    "without key use": fine(without("access_key_1_last_used_date"), "use is not known there"),
    "16 columns": fine(to_csv(root(), user(), columns=SIXTEEN), "to April 2015, 16 columns"),
    "an unknown column": fine(to_csv(root(), user() | {"colour": "red"}, columns=(*COLUMNS, "colour")), "unknown columns, not used: 'colour'"),
    "a column named by a control character": fine(to_csv(root(), user(), columns=(*COLUMNS, "\x1b[31m")), "not used: '\\x1b[31m'"),
    "very many unknown columns": fine(to_csv(root(), user(), columns=(*COLUMNS, *(f"c{n}" for n in range(900)))), "and 890 more"),
    "too many columns": refused(to_csv(root(), user(), columns=(*COLUMNS, *(f"c{n}" for n in range(2000)))), "2022 columns, more than 1000"),
    "columns reversed": fine(to_csv(root(), user(), STALE, columns=COLUMNS[::-1]), "1 of 1 active credentials has been unused"),
    "another CSV": refused("name,amount\nrent,900\n", "not a credential report: it starts with 'name,amount'"),
    "an access advisor CSV": refused("service,policies granting permissions,last accessed\ns3,x,y\n", "not a credential report"),
    # Rows
    "a user twice": incomplete(to_csv(root(), user(), user()), "is listed more than once (here: row 2)"),
    "a user twice in another case": incomplete(same_user(4), "is listed more than once (here: row 2)"),
    "no root": fine(to_csv(user(), STALE), "no root row"),
    "two roots": refused(to_csv(root(), root()), "a second root row of account 111122223333; the first is line 2"),
    "root only": fine(to_csv(root()), "No active credentials to check"),
    "a user whose ARN is root's": fine(
        to_csv(user(), STALE | {"arn": "arn:aws:iam::111122223333:root"}),
        "user 'bob' counts as root, because the ARN says 'arn:aws:iam::111122223333:root'",
    ),
    "root whose ARN is a user's": fine(
        to_csv(user(), STALE | {"user": "<root_account>"}),
        "user '<root_account>' counts as root, but the ARN says 'arn:aws:iam::111122223333:user/bob'",
    ),
    "rows out of order": fine(to_csv(root(), STALE, user()), "out of AWS's order"),
    "name and ARN differ": fine(with_cell("user", "mallory"), "but the ARN says"),
    "an ARN of nonsense": fine(with_cell("arn", "nonsense"), "but the ARN says 'nonsense'"),
    "an account of letters": fine(to_csv(root("abc"), user("alice", "abc")), "account  unknown (reported as 'abc')"),
    "no accounts in the ARNs": fine(to_csv(root(""), user("alice", "")), "account  unknown"),
    "two accounts in one file": fine(REPORT + "\n" + OTHER.split("\n", 1)[1], "contains 2 reports or accounts"),
    "a name that is a formula": fine(with_cell("user", "=1+1"), "=1+1"),
    "a name that looks like an option": fine(with_cell("user", "--help"), "--help"),
    "names that pandas takes for nothing": fine(to_csv(root(), *[user(n) for n in ("NA", "NaN", "None", "null", "true", "007", "1e5")]), "users    8"),
    "a name of 40,000 letters": fine(with_cell("user", "b" * 40_000), "ARN says"),
    "a name with markup": fine(with_cell("user", "[/red]<b>&amp;"), "[/red]<b>&amp;"),
    "an unquoted comma in a name": fine(to_csv(root(), user("a,b")).replace('"', ""), "was put back"),
    "an unquoted comma in the path only": fine(to_csv(root(), user("ab", arn="arn:aws:iam::111122223333:user/x,y/ab")).replace('"', ""), "was put back"),
    "commas that fit nowhere": refused(with_line(2, lambda s: s.replace("N/A", "N,A", 1)), "23 fields where the header has 22"),
    # Cells
    "an American date": incomplete(with_cell("password_last_used", "4/5/2019"), "is '4/5/2019': neither a date nor a known absence"),
    "a date and a blank": incomplete(with_cell("password_last_used", LONG_AGO + " "), "neither a date nor a known absence"),
    "a date without its zone": incomplete(with_cell("password_last_used", LONG_AGO[:19]), "neither a date nor a known absence"),
    "a date of one digit": incomplete(with_cell("password_last_used", "2019-03-3"), "neither a date nor a known absence"),
    "the word now": incomplete(with_cell("password_last_used", "now"), "is 'now': neither a date"),
    "a serial number of Excel": incomplete(with_cell("password_last_used", "43467.5"), "neither a date nor a known absence"),
    "the 30th of February": incomplete(with_cell("password_last_used", "2019-02-30T00:00:00Z"), "neither a date nor a known absence"),
    "the year 0": incomplete(with_cell("password_last_used", "0000-01-01T00:00:00Z"), "neither a date nor a known absence"),
    "the year 1": fine(with_cell("password_last_used", "0001-01-01T00:00:00Z"), "1 of 1 active credentials has been unused"),
    "Arabic digits": incomplete(with_cell("password_last_used", LONG_AGO.replace("2", "\u0662")), "neither a date nor a known absence"),
    "a lost cell": incomplete(with_cell("password_last_used", ""), "is blank: neither a date nor a known absence"),
    "no N/A anywhere": fine(REPORT.replace("N/A", "").replace("no_information", ""), "so a blank use counts as never used"),
    "not_supported outside root": incomplete(with_cell("password_enabled", "not_supported"), "neither true nor false"),
    "1 for true": incomplete(with_cell("password_enabled", "1"), "is '1': neither true nor false"),
    "a German true": incomplete(with_cell("password_enabled", "WAHR"), "neither true nor false"),
    "true and a blank": incomplete(with_cell("password_enabled", "true "), "neither true nor false"),
    "a long s in false": incomplete(with_cell("password_enabled", "fal\u017fe"), "neither true nor false"),
    "a spliced row, its last use another row's": fine(
        with_cell("password_last_changed", "2024-06-12T09:00:00"),
        "`password_last_changed` is '2024-06-12T09:00:00', not a date; the verdict rests on",
    ),
    "no fallback date": incomplete(to_csv(root(), user(password_enabled="true", password_last_used="no_information")), "never used, and `password_last_changed` is 'N/A': not a date"),
    "a date after the as-of": incomplete(with_cell("password_last_used", "2026-02-02T00:00:00Z"), "is later than the as-of"),
    "a key used before it was made": fine(to_csv(root(), user(access_key_1_active="true", access_key_1_last_rotated="2026-01-01T00:00:00Z", access_key_1_last_used_date=LONG_AGO)), "the last use is older than the key"),
    "exactly on the threshold": fine(with_cell("password_last_used", "2025-11-02T12:00:00Z"), "90 days, within a day of the threshold (unused)"),
    "a second under the threshold": fine(with_cell("password_last_used", "2025-11-02T12:00:01Z"), "89 days, within a day of the threshold (current)"),
    "credentials that are not listed": fine(to_csv(root(), user() | {"additional_credentials_info": "bedrock"}, columns=(*COLUMNS, "additional_credentials_info")), "has credentials that the report does not list: 'bedrock'"),
    "the gap of 2018": incomplete(with_cell("password_last_used", "2018-05-01T00:00:00Z"), "2018-05-04", NAME, "--as-of", "2018-08-01"),
    # Appended reports
    "the same report twice": refused(REPORT + "\n" + REPORT, "a second report of account 111122223333"),
    "the same report twice, glued": refused(REPORT + REPORT, "a second report of account 111122223333"),
    "two reports appended": fine(REPORT + "\n" + OTHER, "contains 2 reports or accounts"),
    "two reports glued": fine(REPORT + OTHER, "split apart"),
    "two reports glued without the second header": fine(REPORT + OTHER.split("\n", 1)[1], "split apart"),
    "a report and a cut header": refused(REPORT + "\n" + HEADER[:100], "a second header line that is not spelt as AWS spells it"),
    "a second header without a needed column": refused(REPORT + "\n" + HEADER.replace("access_key_2_active", "x") + "\n" + LINES[2], "without the column `access_key_2_active`"),
    # JSON
    "answer of generate-credential-report": refused('{"State": "COMPLETE"}', "the answer of `generate-credential-report`"),
    "an empty object": refused("{}", "JSON without `Content`"),
    "an empty list": refused("[]", "an empty JSON list"),
    "a list of users": refused('[{"user": "bob"}]', "a report that another tool has converted"),
    "JSON null": refused("null", "not a credential report"),
    "JSON cut short": refused(as_json()[:200], "JSON that cannot be read"),
    "two answers in one file": refused(as_json() + as_json(), "(answer 2), line 2: a second report of account 111122223333"),
    "a key twice": refused(DUPLICATE_KEYS, "JSON that names a key twice"),
    "Content is null": refused(as_json(Content=None), "`Content` is not text"),
    "Content is a number": refused(as_json(Content=7), "`Content` is not text"),
    "Content is empty": refused(as_json(Content=""), "`Content` is empty"),
    "Content is not base64": refused(as_json(Content="%%%"), "base64 that is cut short, damaged"),
    "Content is cut": refused(as_json(Content=BASE64[:-3]), "base64 that is cut short, damaged"),
    "Content is two base64 texts": refused(as_json(Content=base64.b64encode(REPORT.encode() + b"x").decode() + BASE64), "base64 that is cut short, damaged"),
    "Content is base64 of nothing": refused(as_json(Content=base64.b64encode(b" ").decode()), "an empty report inside the base64"),
    "Content is base64 of a zip": refused(as_json(Content=base64.b64encode(XLSX).decode()), "an Excel workbook"),
    "Content is base64 of base64": refused(as_json(Content=base64.b64encode(BASE64.encode()).decode()), "not a credential report"),
    "Content is the CSV": fine(as_json(Content=REPORT), "1 of 1 active credentials"),
    "Content is a Python text": fine(as_json(Content=repr(REPORT.encode())), "1 of 1 active credentials"),
    "Content is two Python texts": refused(as_json(Content="b'user,arn', b'x'"), "`Content` is a damaged Python text"),
    "Content is a Python call": refused(as_json(Content="b''.join([])"), "`Content` is a damaged Python text"),
    "Content is a buffer": fine(as_json(Content={"type": "Buffer", "data": list(REPORT.encode())}), "1 of 1 active credentials"),
    "Content is a buffer of a size": refused(as_json(Content={"type": "Buffer", "data": 10**12}), "`Content` is a damaged buffer"),
    "Content has half a letter": refused(as_json(Content=REPORT + "\ud800"), "is not UTF-8"),
    "deep JSON": refused("[" * 100_000, "JSON nested too deeply, or with a number too long"),
    "a number of 5,000 digits": refused('{"Content": ' + "9" * 5_000 + "}", "JSON nested too deeply, or with a number too long"),
    "GeneratedTime is nonsense": fine(as_json(GeneratedTime="yesterday"), "GeneratedTime 'yesterday' is not a time with its zone"),
    "GeneratedTime is nonsense and the name says nothing": refused(as_json(GeneratedTime="yesterday"), "does not say when it was made", "report.json"),
    "an error of AWS as JSON": refused('{"__type": "AccessDenied", "message": "no"}', "an error message from AWS"),
    # Other containers
    "base64 on its own": fine(BASE64, "1 of 1 active credentials"),
    "base64 in lines": fine("\n".join(BASE64[n : n + 76] for n in range(0, len(BASE64), 76)), "1 of 1 active credentials"),
    "base64 with a letter lost": refused(BASE64[:80] + BASE64[81:], "base64 that is cut short, damaged"),
    "base64 with a percent sign": refused(BASE64[:80] + "%" + BASE64[80:], "base64 with characters in it that do not belong"),
    "two base64 texts": refused(base64.b64encode((REPORT + "\n").encode() + b"xx").decode() + "\n" + BASE64, "two texts"),
    "base64 of certutil": fine(f"-----BEGIN CERTIFICATE-----\n{BASE64}\n-----END CERTIFICATE-----", "1 of 1 active credentials"),
    "output text": fine(f"{BASE64}\t{AS_OF}\ttext/csv\n", "CLI --output text"),
    "output text without base64": refused(f"abc\t{AS_OF}\ttext/csv\n", "does not have exactly one base64 text"),
    "output table": refused(TABLE, "`--output table`"),
    "output yaml": fine("Content: " + BASE64 + "\nReportFormat: text/csv\n", "a credential report (CLI YAML)"),
    "an error text of AWS": refused(AWS_ERROR, "an error message, not a report: 'An error occurred (ReportNotPresent)"),
    "no credentials": refused("\nUnable to locate credentials. You can configure credentials by running aws login\n", "an error message, not a report"),
    "a login page": refused(MARKUP, "a web page (perhaps a login page)"),
    "XML of the API": refused(XML, "the raw XML answer"),
    "Excel": refused(XLSX, "an Excel workbook, not a CSV"),
    "old Excel": refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "an old Excel workbook"),
    "a zip called .csv": refused(zip_of({"a.csv": REPORT}), "a zip archive"),
    "gzip": refused(gzip.compress(REPORT.encode()), "a gzip archive"),
    "bzip2": refused(bz2.compress(REPORT.encode()), "a bzip2 archive"),
    "xz": refused(lzma.compress(REPORT.encode()), "an xz archive"),
    "PDF": refused(b"%PDF-1.7\n", "a PDF document"),
    "PNG": refused(b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a picture"),
    "Parquet": refused(b"PAR1" + b"\0" * 50, "a Parquet file"),
    "evidence as a report": refused("account_id,user,arn,credential,status,use,age_days,effective_last_used,basis,last_used,last_used_raw,set_at,service,region,mfa_active,finding_id,reason,source_file,source_line\n", "evidence that credreport wrote"),
    "a manifest as a report": refused('{"generator": "credreport", "schema_version": 2, "version": "0.2.0", "verdict": "", "parameters": {}, "inputs": [], "left_out": []}', "evidence that credreport wrote"),
    "a shell script": refused("#!/bin/sh\nrm -rf /\n", "not a credential report: it starts with '#!/bin/sh'"),
    # Zips
    "a zip of a report": fine(zip_of({NAME: REPORT}), "1 of 1 active credentials has", "r.zip"),
    "a zip that is none": refused(REPORT, "not a zip, or cut short", "r.zip"),
    "an empty zip": refused(zip_of({}), "no CSV, JSON, text or base64 file in it", "r.zip"),
    "an empty file called .zip": refused("", "not a zip, or cut short", "r.zip"),
    "a zip cut in half": refused(zip_of({NAME: REPORT})[:300], "not a zip, or cut short", "r.zip"),
    "a zip with a flipped byte": refused(zip_of({NAME: REPORT * 9}).replace(b"\x03", b"\x04", 9), "zip", "r.zip"),
    "a bomb": refused(zip_of({"a.csv": b"," * 20_000_000}), "unpacks to more than 200 times its size", "r.zip"),
    "a zip in a zip": refused(zip_of({"b.zip": zip_of({NAME: REPORT})}), "an archive inside an archive", "r.zip"),
    "a zip of paths upwards": fine(zip_of({f"../../../{NAME}": REPORT}), "1 of 1 active credentials", "r.zip"),
    "a zip of an absolute path": fine(zip_of({f"/etc/{NAME}": REPORT}), "1 of 1 active credentials", "r.zip"),
    "a zip with an encrypted file": refused(saved(encrypted_zip, "r.zip"), "encrypted with a password"),
    "a zip with pictures only": refused(zip_of({"a.png": b"\x89PNG"}), "no CSV, JSON, text or base64 file in it", "r.zip"),
    "a zip of a bad and a good report": refused(zip_of({NAME: REPORT, "b.csv": "x"}), "r.zip/b.csv, line 1, column 1: not a credential report", "r.zip"),
    "a zip of a bad and a good report, going on": incomplete(zip_of({NAME: REPORT, "b.csv": "x"}), "1 input refused and left out", "r.zip", "--keep-going"),
    "a zip member named by control characters": refused(zip_of({"a\x1b[31m.csv": "x"}), "a\\x1b[31m.csv", "r.zip"),
    # Paths
    "no such file": refused(arguments_only("nowhere.csv"), "nowhere.csv: no such file or directory"),
    "no file matches": refused(arguments_only("*.nothing"), "no file matches"),
    "an address": refused(arguments_only("https://example.org/report.csv"), "credreport works offline"),
    "an S3 address": refused(arguments_only("s3://bucket/report.csv"), "credreport works offline"),
    "an empty argument": refused(arguments_only(""), "an empty input name"),
    "an empty directory": refused(directory_of({}), "no CSV, JSON, text, base64, zip or tar file in it"),
    "a directory of pictures": refused(directory_of({"a.png": "x"}), "no CSV, JSON, text, base64, zip or tar file in it"),
    "a directory of a report and notes": refused(directory_of({NAME: REPORT, "notes.txt": "call Bob"}), "notes.txt, line 1, column 1: not a credential report"),
    "a directory of hidden files": fine(directory_of({NAME: REPORT, ".hidden.csv": "x", ".git/a.csv": "x"}), "left out: .hidden.csv"),
    "a pipe": refused(piped, "not a regular file"),
    "a pipe called .zip": refused(named_pipe_zip, "not a regular file"),
    "a device": refused(arguments_only("/dev/null"), "not a regular file"),
    "a device without an end": refused(arguments_only("/dev/zero"), "not a regular file"),
    "a link to itself": refused(linked_to_itself, "Too many levels of symbolic links"),
    "a link to nothing": refused(dangling, "No such file or directory"),
    "a name too long": refused(arguments_only("x" * 5000), "no such file or directory"),
    "larger than the limit": refused(REPORT + "\n" * 1_100_000, "larger than 1 MiB", NAME, "--max-file-size", "1"),
    # When
    "no stamp": refused(REPORT, "does not say when it was made", "report.csv"),
    "two stamps in the name": refused(REPORT, "does not say when it was made: the file's name has several times", "report-2026-01-01-2026-01-02.csv"),
    "a stamp that is no day": refused(REPORT, "does not say when it was made", "report-2026-02-30.csv"),
    "as-of of nonsense": refused(REPORT, "is neither an instant such as", NAME, "--as-of", "soon"),
    "as-of without a zone": refused(REPORT, "is neither an instant such as", NAME, "--as-of", "2026-01-31T12:00:00"),
    "as-of in the year 1": incomplete(REPORT, "could not be judged", NAME, "--as-of", "0001-01-01"),
    "as-of in the year 9999": fine(REPORT, "more than a day after the report's own stamp", NAME, "--as-of", "9999-12-31"),
    "as-of newest": incomplete(REPORT, "Every age is a lower bound", "report.csv", "--as-of", "newest"),
    "as-of newest without a date": refused(to_csv(root(password_last_changed="N/A", user_creation_time="N/A")), "does not say when it was made", "report.csv", "--as-of", "newest"),
    "two reports of one account and no stamps": refused(several({"a.csv": REPORT, "b.csv": to_csv(root(), user())}), "no stamp says which is newer", NAME, "--as-of", "2026-01-31"),
    "a copy under another name": fine(several({NAME: REPORT, "copy-2026-01-31.csv": REPORT}), "a copy of"),
    "an older report beside it": fine(several({NAME: REPORT, "r-2025-01-31.csv": OTHER.replace("444455556666", "111122223333")}), "superseded"),
    # Options
    "a threshold of 0": refused(REPORT, "give a number of days from 1 to 36500", NAME, "--unused-after", "0"),
    "a negative threshold": refused(REPORT, "give a number of days from 1 to 36500", NAME, "--unused-after", "-5"),
    "an enormous threshold": refused(REPORT, "give a number of days from 1 to 36500", NAME, "--unused-after", "9" * 30),
    "a threshold of letters": refused(REPORT, "unused-after", NAME, "--unused-after", "ninety"),
    "an unknown option": refused(REPORT, "no such option", NAME, "--nonsense"),
}  # fmt: skip
