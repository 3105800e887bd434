"""Seeded damages of valid reports: each is refused, or no stale credential is lost.

    python -m tests.support.damage --seed 1 --count 100000
    python -m tests.support.damage --seed 1 --count 100000 --road both

A small report is made by chance, judged by tests/second_opinion.py, damaged in one of many ways,
and read and judged by the program. A credential that was unused must then be unused or
undetermined, or the file refused. Two things no reader can see, and each is allowed only for the
kinds that can bring it about, and only where a plain reading of the damaged text confirms it:

ROWS_GO      whole rows are gone, cut off at a row's end
CELLS_LIE    cells hold other words or dates that AWS could have written there

With `--road both` each damaged report is judged twice instead: many together as `inspect` judges
them, on the fast road where they are plain, and on the slow road alone. Whatever is said of a report
must be the same: the refusal, or its facts, counts, warnings, unused and undetermined credentials.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import io
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial

from credreport.errors import InputRefused, Problem
from credreport.instants import format_instant
from credreport.reports.containers import OwnEvidence
from credreport.reports.inputs import Stream
from credreport.reports.read import CredentialReport, read_report
from credreport.runs.survey import Question, _survey_odd, survey_batch
from tests.support.batch import instant, judged
from tests.support.reports import AS_OF, NAME, root, to_csv, user
from tests.support.second_opinion import (
    ENABLED,
    FALLBACK,
    LAST_USED,
    SLOTS,
    STALE,
    date_of,
    is_root,
    judge_report,
    opinion,
    rows_of,
)

NOW = instant()
BATCH = 1005  # fifteen reports, damaged in every way
judge_once = lru_cache(maxsize=100)(judge_report)
rows_once = lru_cache(maxsize=100)(rows_of)
OUTCOMES = ("refused", "kept", "rows gone", "cells lie", "MISSED", "CRASHED")
Damage = Callable[[random.Random, str], bytes]
DAMAGES: dict[str, Damage] = {}
ROWS_GO = {
    "cut anywhere", "cut at a row's end", "cut in front", "row lost", "chunk lost",
    "chunk doubled", "two quotes", "line end lost", "base64 damaged", "JSON damaged", "three bytes",
}  # fmt: skip
CELLS_LIE = {
    "digit of a date", "cells of a row swapped", "cells of a column swapped", "cell overwritten",
    "column shuffled", "header cells swapped", "bit flipped", "byte replaced", "three bytes",
    "byte lost", "byte added", "chunk lost", "chunk doubled", "cells cut to a width",
    "base64 damaged", "JSON damaged", "word of a cell", "rows mixed", "letters swapped",
}  # fmt: skip


# A report by chance


def make_report(chance: random.Random) -> str:
    """Return a report as AWS could have written it, with at least one credential that is unused."""
    ending = chance.choice(["Z", "+00:00"])
    account = f"{chance.randrange(10**12):012d}"
    while True:
        rows = [root(account)] if chance.random() < 0.95 else []
        rows += [_make_user(chance, name, account, ending) for name in _names(chance)]
        text = to_csv(*rows)
        if any(found.status == "unused" for row in judge_once(text, NOW) for found in row.values()):
            return text


def _names(chance: random.Random) -> list[str]:
    pool = ["alice", "bob", "NA", "null", "ci-deploy", "=1+1", "-x", "007", "true", "x@y.example",
            "nan", "root", "a.b", "no_information", "Zed", "1e5"]  # fmt: skip
    return sorted(chance.sample(pool, chance.randint(2, 6)), key=str.lower)


def _age(chance: random.Random) -> int:
    edge = 90 * 86_400
    near = [edge, edge + 1, edge - 1, edge + 86_399, edge - 86_400]
    return chance.choice([*near, chance.randrange(2 * edge), chance.randrange(edge, 20 * edge)])


def _make_user(chance: random.Random, name: str, account: str, ending: str) -> dict[str, str]:
    def spelt(age: int) -> str:
        return format_instant(NOW - timedelta(seconds=age)).replace("Z", ending)

    cells = {
        "user_creation_time": spelt(40 * 90 * 86_400),
        "mfa_active": chance.choice(["true", "false"]),
    }
    for slot in SLOTS:
        state = chance.choice(["absent", "off", "never", "used", "used"])
        if state == "absent":
            continue
        used = _age(chance)
        made = used + chance.choice([0, 60, chance.randrange(10**7)])
        if slot == "password" and chance.random() < 0.3:
            made = _age(chance)  # a reset after the last use
        cells[ENABLED[slot]] = "false" if state == "off" else "true"
        cells[FALLBACK[slot]] = spelt(made)
        never = "no_information" if slot == "password" else "N/A"
        cells[LAST_USED[slot]] = never if state == "never" else spelt(used)
        if slot != "password" and state != "never":
            cells[f"{slot}_last_used_region"] = chance.choice(["us-east-1", "N/A"])
            cells[f"{slot}_last_used_service"] = chance.choice(["s3", "iam"])
    return user(name, account, **cells)


# The damages


def damage(name: str) -> Callable[[Damage], Damage]:
    def keep(function: Damage) -> Damage:
        DAMAGES[name] = function
        return function

    return keep


def _table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def _written(table: list[list[str]], ending: str = "\n") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator=ending).writerows(table)
    return buffer.getvalue().removesuffix(ending).encode("utf-8", "surrogatepass")


def _some_row(chance: random.Random, table: list[list[str]]) -> list[str]:
    return table[chance.randrange(1, len(table))]


def _on_a_line(change: Callable[[str], str]) -> Damage:
    def apply(chance: random.Random, text: str) -> bytes:
        lines = text.split("\n")
        number = chance.randrange(1, len(lines))
        lines[number] = change(lines[number])
        return "\n".join(lines).encode()

    return apply


def _on_letters(change: Callable[[random.Random, bytearray, int], object]) -> Damage:
    def apply(chance: random.Random, text: str) -> bytes:
        data = bytearray(text.encode())
        change(chance, data, chance.randrange(len(data)))
        return bytes(data)

    return apply


def _on_text(change: Callable[[random.Random, str], str]) -> Damage:
    return lambda chance, text: change(chance, text).encode("utf-8", "surrogatepass")


DAMAGES |= {
    "trailing comma": _on_a_line(lambda line: line + ","),
    "leading comma": _on_a_line(lambda line: "," + line),
    "trailing comma on every row": _on_text(lambda _, text: text.replace("\n", ",\n") + ","),
    "trailing comma on the header": _on_text(lambda _, text: text.replace("\n", ",\n", 1)),
    "trailing comma on all but the header": _on_text(
        lambda _, text: "\n".join(
            line + "," if number else line for number, line in enumerate(text.split("\n"))
        )
    ),
    "cut anywhere": _on_text(lambda chance, text: text[: chance.randrange(1, len(text))]),
    "cut in front": _on_text(lambda chance, text: text[chance.randrange(1, len(text)) :]),
    "bit flipped": _on_letters(
        lambda chance, data, at: data.__setitem__(at, data[at] ^ 1 << chance.randrange(8))
    ),
    "byte replaced": _on_letters(
        lambda chance, data, at: data.__setitem__(at, chance.randrange(256))
    ),
    "byte lost": _on_letters(lambda _, data, at: data.pop(at)),
    "byte added": _on_letters(lambda chance, data, at: data.insert(at, chance.randrange(256))),
    "NUL": _on_letters(lambda _, data, at: data.insert(at, 0)),
    "quote": _on_letters(lambda _, data, at: data.insert(at, ord('"'))),
    "carriage return": _on_letters(lambda _, data, at: data.insert(at, 13)),
    "new line": _on_letters(lambda _, data, at: data.insert(at, 10)),
}


@damage("rows mixed")
def _rows_mixed(chance: random.Random, text: str) -> bytes:
    """One row is lost, and one has cells of all the others."""
    table = _table(text)
    mixed = [chance.choice(cells) for cells in zip(*table[1:], strict=True)]
    del table[chance.randrange(1, len(table))]
    return _written([*table, mixed])


@damage("letters swapped")
def _letters_swapped(chance: random.Random, text: str) -> bytes:
    at = chance.randrange(len(text) - 1)
    return (text[:at] + text[at + 1] + text[at] + text[at + 2 :]).encode()


@damage("three bytes")
def _three_bytes(chance: random.Random, text: str) -> bytes:
    data = bytearray(text.encode())
    for _ in range(3):
        data[chance.randrange(len(data))] = chance.choice(b'0123456789,"\n :TZ-+truefalsN/A')
    return bytes(data)


@damage("two quotes")
def _two_quotes(chance: random.Random, text: str) -> bytes:
    places = [match.end() for match in re.finditer("[,\n]|^", text)]
    for at in sorted((chance.choice(places), chance.choice(places) - 1), reverse=True):
        text = text[: max(at, 0)] + '"' + text[max(at, 0) :]
    return text.encode()


@damage("chunk lost")
def _chunk_lost(chance: random.Random, text: str) -> bytes:
    at = chance.randrange(len(text))
    return (text[:at] + text[at + chance.randint(2, 300) :]).encode()


@damage("chunk doubled")
def _chunk_doubled(chance: random.Random, text: str) -> bytes:
    at = chance.randrange(len(text))
    end = at + chance.randint(2, 300)
    return (text[:end] + text[at:]).encode()


@damage("cut at a row's end")
def _cut_at_row_end(chance: random.Random, text: str) -> bytes:
    lines = text.split("\n")
    return "\n".join(lines[: chance.randint(1, len(lines) - 1)]).encode()


@damage("row lost")
def _row_lost(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    del table[chance.randrange(1, len(table))]
    return _written(table)


@damage("header lost")
def _header_lost(_: random.Random, text: str) -> bytes:
    return text.partition("\n")[2].encode()


@damage("row doubled")
def _row_doubled(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    table.insert(chance.randint(1, len(table)), list(_some_row(chance, table)))
    return _written(table)


@damage("header doubled")
def _header_doubled(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    table.insert(chance.randint(1, len(table)), table[0])
    return _written(table)


@damage("rows swapped")
def _rows_swapped(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    one, two = chance.randrange(1, len(table)), chance.randrange(len(table))
    table[one], table[two] = table[two], table[one]
    return _written(table)


@damage("columns in another order")
def _columns_shuffled(chance: random.Random, text: str) -> bytes:
    columns = list(zip(*_table(text), strict=True))
    chance.shuffle(columns)
    return _written([list(row) for row in zip(*columns, strict=True)])


@damage("column lost")
def _column_lost(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    at = chance.randrange(len(table[0]))
    return _written([row[:at] + row[at + 1 :] for row in table])


@damage("columns lost")
def _columns_lost(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    lost = set(chance.sample(range(len(table[0])), chance.randint(2, 8)))
    return _written([[c for at, c in enumerate(row) if at not in lost] for row in table])


@damage("field lost")
def _field_lost(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    row = table[chance.randrange(len(table))]
    del row[chance.randrange(len(row))]
    return _written(table)


@damage("field lost in every row")
def _field_lost_everywhere(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    at = chance.randrange(len(table[0]))
    return _written([table[0], *(row[:at] + row[at + 1 :] for row in table[1:])])


@damage("field added")
def _field_added(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    row = table[chance.randrange(len(table))]
    row.insert(chance.randint(0, len(row)), chance.choice(["", "N/A", "x", "false", *row]))
    return _written(table)


@damage("field moved")
def _field_moved(chance: random.Random, text: str) -> bytes:
    """One field too few in one row and one too many in the next: the sums still agree."""
    table = _table(text)
    one, two = chance.sample(table[1:], 2)
    two.insert(chance.randint(0, len(two)), one.pop(chance.randrange(len(one))))
    return _written(table)


@damage("cells of a row swapped")
def _cells_swapped(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    row = _some_row(chance, table)
    one, two = chance.sample(range(len(row)), 2)
    row[one], row[two] = row[two], row[one]
    return _written(table)


@damage("cells of a column swapped")
def _cells_of_a_column_swapped(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    at = chance.randrange(len(table[0]))
    one, two = _some_row(chance, table), _some_row(chance, table)
    one[at], two[at] = two[at], one[at]
    return _written(table)


@damage("column shuffled")
def _column_shuffled(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    at = chance.randrange(len(table[0]))
    cells = [row[at] for row in table[1:]]
    chance.shuffle(cells)
    for row, cell in zip(table[1:], cells, strict=True):
        row[at] = cell
    return _written(table)


@damage("cell overwritten")
def _cell_overwritten(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    row = _some_row(chance, table)
    row[chance.randrange(len(row))] = chance.choice(row)
    return _written(table)


@damage("digit of a date")
def _digit_of_a_date(chance: random.Random, text: str) -> bytes:
    match = chance.choice(list(re.finditer(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}", text)))
    at = chance.choice([match.start() + n for n, c in enumerate(match[0]) if c.isdigit()])
    return (text[:at] + chance.choice("0123456789") + text[at + 1 :]).encode()


def _respell(chance: random.Random) -> Callable[[str], str]:
    return chance.choice(
        [
            lambda c: c.replace("T", " "),
            lambda c: c[:19],
            lambda c: c[:10],
            lambda c: f"{c[5:7]}/{c[8:10]}/{c[:4]}",
            lambda c: f"{c[8:10]}.{c[5:7]}.{c[:4]} {c[11:16]}",
            lambda c: f"{int(c[5:7])}/{int(c[8:10])}/{c[2:4]} {c[11:16]}",
            lambda c: f"{c[:8]}{int(c[8:10])}",
            lambda c: c.replace("-", ""),
            lambda c: c.lower(),
            lambda c: f" {c}",
            lambda c: f"{c} ",
            lambda c: f"{c[:16]}{c[19:]}",
            lambda c: str(int(c[:4]) * 18),
            lambda _: "now",
            lambda _: "today",
            lambda _: "NaT",
            lambda c: f"{c[:19]}.000000{c[19:]}",
            lambda c: f"{c[:19]}+0000",
            lambda c: f"{c[:19]}UTC",
            lambda c: c.replace("-", "\u2011"),
            lambda c: c.translate({48 + n: 0x660 + n for n in range(10)}),
        ]
    )


@damage("a date in another spelling")
def _date_respelt(chance: random.Random, text: str) -> bytes:
    table, change = _table(text), _respell(chance)
    row = _some_row(chance, table)
    dates = [at for at, cell in enumerate(row) if date_of(cell)]
    at = chance.choice(dates)
    row[at] = change(row[at])
    return _written(table)


@damage("all dates in another spelling")
def _dates_respelt(chance: random.Random, text: str) -> bytes:
    change = _respell(chance)
    return _written([[change(c) if date_of(c) else c for c in row] for row in _table(text)])


def _reword(chance: random.Random) -> Callable[[str], str]:
    words = [
        ("TRUE", "FALSE"), ("True", "False"), ("1", "0"), ("yes", "no"), ("WAHR", "FALSCH"),
        ("true ", "false "), ("t", "f"), ("on", "off"), ("", ""), ("1.0", "0.0"), ("N/A", "N/A"),
        ("not_supported", "not_supported"), ("x", ""), ("true;", "false;"), ("fal\u017fe", "fal\u017fe"),
    ]  # fmt: skip
    yes, no = chance.choice(words)
    return lambda cell: {"true": yes, "false": no}.get(cell, cell)


@damage("a boolean in other words")
def _boolean_reworded(chance: random.Random, text: str) -> bytes:
    table, change = _table(text), _reword(chance)
    row = _some_row(chance, table)
    at = chance.choice([at for at, cell in enumerate(row) if cell in ("true", "false")])
    row[at] = change(row[at])
    return _written(table)


@damage("all booleans in other words")
def _booleans_reworded(chance: random.Random, text: str) -> bytes:
    change = _reword(chance)
    return _written([[change(cell) for cell in row] for row in _table(text)])


def _unsay(chance: random.Random) -> str:
    return chance.choice(["", "nan", "None", "n/a", "-", "NULL", "N/A ", "#N/A", "NA", "never"])


@damage("all N/A in other words")
def _absences_reworded(chance: random.Random, text: str) -> bytes:
    table, word = _table(text), _unsay(chance)
    rows = [
        row[:1] + [word if c in ("N/A", "no_information") else c for c in row[1:]] for row in table
    ]
    return _written(rows)


@damage("an N/A in other words")
def _absence_reworded(chance: random.Random, text: str) -> bytes:
    table, word = _table(text), _unsay(chance)
    row = _some_row(chance, table)
    places = [at for at, cell in enumerate(row) if at and cell in ("N/A", "no_information")]
    if places:
        row[chance.choice(places)] = word
    return _written(table)


@damage("word of a cell")
def _word_of_a_cell(chance: random.Random, text: str) -> bytes:
    """Any cell says any word that stands elsewhere in reports."""
    table = _table(text)
    row = _some_row(chance, table)
    words = ["true", "false", "N/A", "no_information", "not_supported", "", AS_OF, "<root_account>"]
    row[chance.randrange(len(row))] = chance.choice(words)
    return _written(table)


@damage("cells emptied")
def _cells_emptied(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    share = chance.random()
    return _written(
        [table[0], *([c if chance.random() > share else "" for c in row] for row in table[1:])]
    )


@damage("cells cut to a width")
def _cells_cut(chance: random.Random, text: str) -> bytes:
    table, width = _table(text), chance.randint(1, 30)
    return _written([table[0], *([cell[:width] for cell in row] for row in table[1:])])


@damage("blanks around cells")
def _padded(chance: random.Random, text: str) -> bytes:
    blank = chance.choice([" ", "\t", "\u00a0", "\u200b", "\ufeff", "\x1f"])
    table = _table(text)
    start = chance.randint(0, 1)
    return _written([*table[:start], *([blank + c + blank for c in row] for row in table[start:])])


@damage("an invisible letter")
def _invisible(chance: random.Random, text: str) -> bytes:
    at = chance.randrange(len(text))
    letter = chance.choice(
        "\u200b\u200e\u202e\u2060\ufeff\u00ad\u0301\x1b\x7f\x85\u2028\x0b\x0c\x1c"
    )
    return (text[:at] + letter + text[at:]).encode()


@damage("header renamed")
def _header_renamed(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    at = chance.randrange(len(table[0]))
    name = table[0][at]
    table[0][at] = chance.choice(
        [name.upper(), name.title(), f" {name}", f"{name} ", name.replace("_", " "), name[:-1], "",
         f"{name}_2", name.replace("1", "3"), "password_last_used", "mfa_active", "user"]
    )  # fmt: skip
    return _written(table)


@damage("header cells swapped")
def _header_swapped(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    one, two = chance.sample(range(len(table[0])), 2)
    table[0][one], table[0][two] = table[0][two], table[0][one]
    return _written(table)


@damage("header in capitals")
def _header_in_capitals(_: random.Random, text: str) -> bytes:
    header, rest = text.split("\n", 1)
    return f"{header.upper()}\n{rest}".encode()


@damage("line in front")
def _line_in_front(chance: random.Random, text: str) -> bytes:
    line = chance.choice(
        ["sep=,", "#TYPE x", "Credential report", ",,,", "", '""', "\ufeff", "x,y"]
    )
    return f"{line}\n{text}".encode()


@damage("line end lost")
def _line_end_lost(chance: random.Random, text: str) -> bytes:
    at = chance.choice([match.start() for match in re.finditer("\n", text)])
    return (text[:at] + chance.choice(["", ",", " ", '"']) + text[at + 1 :]).encode()


@damage("line ends")
def _line_ends(chance: random.Random, text: str) -> bytes:
    return text.replace(
        "\n", chance.choice(["\r\n", "\r", "\n\n", "\r\r\n", "\n\r", "\u2028"])
    ).encode()


@damage("lines sorted")
def _lines_sorted(_: random.Random, text: str) -> bytes:
    return "\n".join(sorted(text.split("\n"))).encode()


@damage("encoding")
def _encoded(chance: random.Random, text: str) -> bytes:
    codec = chance.choice(
        ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "cp500", "latin-1"]
    )
    name = chance.choice(["alice", "\u00e4lice"])
    return text.replace("alice", name).encode(codec)


@damage("encoding mark twice")
def _marked_twice(chance: random.Random, text: str) -> bytes:
    return b"\xef\xbb\xbf" * chance.randint(1, 3) + text.encode()


@damage("delimiter")
def _delimiter(chance: random.Random, text: str) -> bytes:
    return text.replace(
        ",", chance.choice([";", "\t", "|", ", ", ",,", " ", "\uff0c", ",\n"])
    ).encode()


@damage("everything quoted")
def _quoted(chance: random.Random, text: str) -> bytes:
    left, right = chance.choice(['""', "''", ('"', '" '), (' "', '"'), "\u201c\u201d"])
    lines = [",".join(f"{left}{c}{right}" for c in row) for row in _table(text)]
    return "\n".join(lines).encode()


@damage("saved by pandas")
def _saved_by_pandas(chance: random.Random, text: str) -> bytes:
    table = _table(text)
    swap = {"true": "True", "false": "False", "N/A": "", "no_information": ""}
    if chance.random() < 0.5:
        del swap["no_information"]
    rows = [["", *table[0]]]
    rows += [
        [str(n), row[0], *(swap.get(c, c) for c in row[1:])] for n, row in enumerate(table[1:])
    ]
    return _written(rows)


@damage("the report again")
def _again(chance: random.Random, text: str) -> bytes:
    return (text + chance.choice(["", "\n", "\r\n", "\n\n", ","]) + text).encode()


@damage("another report behind it")
def _another(chance: random.Random, text: str) -> bytes:
    other = make_report(chance)
    if chance.random() < 0.3:
        other = other.partition("\n")[2]
    return (text + chance.choice(["", "\n", "\r\n", "\n\n"]) + other).encode()


@damage("another report before it, cut")
def _after_a_cut(chance: random.Random, text: str) -> bytes:
    other = make_report(chance)
    return (other[: chance.randrange(1, len(other))] + chance.choice(["", "\n"]) + text).encode()


@damage("base64 damaged")
def _base64_damaged(chance: random.Random, text: str) -> bytes:
    data = bytearray(base64.b64encode(text.encode()))
    at = chance.randrange(len(data))
    match chance.randrange(7):
        case 0:
            data[at] = chance.choice(b"ABCDabcd0123+/=%\n")
        case 1:
            del data[at]
        case 2:
            del data[at:]
        case 3:
            data.insert(at, chance.choice(b"ABCDabcd0123+/=%\n "))
        case 4:
            data += bytes(data)
        case 5:
            del data[:at]
        case _:
            del data[at : at + 4 * chance.randint(1, 30)]
    return bytes(data)


@damage("JSON damaged")
def _json_damaged(chance: random.Random, text: str) -> bytes:
    content = base64.b64encode(text.encode()).decode()
    content = chance.choice([content, text, repr(text.encode())])
    data = bytearray(json.dumps({"Content": content, "GeneratedTime": AS_OF}).encode())
    for _ in range(chance.randint(0, 2)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.choice(b'ABCabc012+/=%",:{}\\n ')
            case 1:
                del data[at]
            case 2:
                del data[at:]
            case _:
                data.insert(at, chance.choice(b'ABCabc012+/=%",:{}\\n '))
        if not data:
            return b""
    return bytes(data)


# What became of it


@dataclass(frozen=True)
class Trial:
    """One report and its damage."""

    number: int
    kind: str
    text: str
    data: bytes


def make_trial(seed: int, number: int) -> Trial:
    """Return the trial of that number: the same seed and number give the same trial.

    Every report is damaged in every way before the next is made.
    """
    report, way = divmod(number, len(DAMAGES))
    kind = list(DAMAGES)[way]
    text = make_once(seed, report)
    return Trial(number, kind, text, DAMAGES[kind](random.Random(f"{seed}/{number}"), text))


@lru_cache(maxsize=1)
def make_once(seed: int, number: int) -> str:
    return make_report(random.Random(f"{seed}/report {number}"))


@dataclass
class Result:
    """How many trials of each kind ended how, and those that must not be."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    bad: list[tuple[Trial, str]] = field(default_factory=list)

    def add(self, trial: Trial, outcome: str, why: str = "") -> None:
        self.counts[trial.kind][outcome] += 1
        if outcome in ("MISSED", "CRASHED"):
            self.bad.append((trial, why))

    def merge(self, other: Result) -> None:
        for kind, counts in other.counts.items():
            self.counts[kind].update(counts)
        self.bad += other.bad

    def total(self) -> Counter[str]:
        return sum(self.counts.values(), Counter())


@dataclass(frozen=True)
class Row:
    """What the program says of one slot of one row."""

    place: int
    user: str
    slot: str
    status: str


def run(seed: int, start: int, count: int, road: str = "slow") -> Result:
    """Make, damage, read and judge so many reports."""
    result = Result()
    for first in range(start, start + count, BATCH):
        numbers = range(first, min(first + BATCH, start + count))
        ROADS[road]([make_trial(seed, number) for number in numbers], result)
    return result


def _run_both(trials: list[Trial], result: Result) -> None:
    """Hold what is said of each report on the fast road against what the slow one says."""
    streams = [Stream(NAME, trial.data) for trial in trials]
    answers = survey_batch(streams, Question(NOW))
    slow = _survey_odd(streams, Question(NOW))
    for trial, answer, expected in zip(trials, answers, slow, strict=True):
        if answer != expected:
            result.add(trial, "MISSED", f"{answer} is not {expected}")
        else:
            is_refused = any(isinstance(each, Problem) for each in answer)
            result.add(trial, "refused" if is_refused else "kept")


def _run_batch(trials: list[Trial], result: Result) -> None:
    reports: list[CredentialReport] = []
    owners: list[int] = []
    for number, trial in enumerate(trials):
        try:
            found = read_report(Stream(NAME, trial.data))
        except InputRefused:
            result.add(trial, "refused")
        except OwnEvidence:
            result.add(trial, "MISSED", "taken for evidence")
        except Exception as error:
            result.add(trial, "CRASHED", repr(error))
        else:
            reports += found
            owners += [number] * len(found)
    if not reports:
        return
    rows: dict[int, list[Row]] = {owner: [] for owner in owners}
    table = judged(reports, NOW)
    columns = (
        table[name].tolist() for name in ("report", "source_line", "user", "credential", "status")
    )
    for report, line, name, slot, status in zip(*columns, strict=True):
        rows[owners[report]].append(Row(line, name, slot, status))
    for owner, found_rows in rows.items():
        trial = trials[owner]
        result.add(trial, *_outcome(trial, found_rows))


ROADS = {"slow": _run_batch, "both": _run_both}


def _outcome(trial: Trial, found: list[Row]) -> tuple[str, str]:
    """Return what became of the credentials that were unused before the damage."""
    truth = rows_once(trial.text)
    verdicts = judge_once(trial.text, NOW)
    places = sorted({row.place for row in found})
    ordinal = {place: number for number, place in enumerate(places)}
    same_length = len(places) == len(truth) and len(found) == 3 * len(truth)
    flagged = {(row.user, row.slot) for row in found if row.status in STALE}
    flagged_at = {(ordinal[row.place], row.slot) for row in found if row.status in STALE}
    outcome = "kept"
    for number, (row, opinions) in enumerate(zip(truth, verdicts, strict=True)):
        for slot, thought in opinions.items():
            if thought.status != "unused" or (row["user"], slot) in flagged:
                continue
            if same_length and (number, slot) in flagged_at:
                continue
            excuse = _excuse(trial, number, row["user"], slot, len(found) // 3)
            if (excuse == "rows gone" and trial.kind in ROWS_GO) or (
                excuse == "cells lie" and trial.kind in CELLS_LIE
            ):
                outcome = excuse
            else:
                return "MISSED", f"{row['user']} {slot}: {excuse or 'no excuse'}"
    return outcome, ""


def _excuse(trial: Trial, number: int, name: str, slot: str, rows_found: int) -> str:
    """Read the damaged text plainly: is the row gone, or do its cells tell something else?"""
    text = _plain_text(trial.data)
    if text is None:
        return ""
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    table = [row for row in csv.reader(lines) if row]
    header = table[0]
    if any(len(row) != len(header) for row in table) or len(set(header) - {""}) < len(header) - 1:
        return ""
    rows = [dict(zip(header, row, strict=True)) for row in table[1:] if row != header]
    if rows_found < len(rows):
        return ""  # the program itself dropped a row
    mine = [row for row in rows if row["user"] == name]
    if not mine and len(rows) == len(rows_of(trial.text)):
        mine = [rows[number]]
    if not mine:
        return "rows gone"
    words = {cell for row in rows for key, cell in row.items() if key != "user"}
    blank = not words & {"N/A", "no_information"}
    return "cells lie" if all(_is_plausible(row, slot, blank=blank) for row in mine) else ""


def _is_plausible(row: dict[str, str], slot: str, *, blank: bool) -> bool:
    """Whether AWS could have written it so, and it is then no stale credential."""
    used, set_cell = row.get(LAST_USED[slot]), row[FALLBACK[slot]]
    words = ("N/A", "no_information", *([""] if blank else []))
    known = row[ENABLED[slot]].lower() in ("true", "false")
    legal = used is None or used in words or date_of(used) is not None
    # Beside a last use that is a date the other cell decides nothing; unreadable, it is warned of.
    legal_set = set_cell in words or date_of(set_cell) is not None or date_of(used) is not None
    thought = opinion(row, slot, NOW, blank_is_absence=blank)
    if thought.status in STALE:
        return False
    return (
        is_root(row)
        or (known and thought.status in ("inactive", "absent"))
        or (known and legal and legal_set)
    )


def _plain_text(data: bytes) -> str | None:
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        text = data.decode("utf-8-sig")
        if text.startswith("{"):
            content = json.loads(text)["Content"]
            if content.startswith(("b'", 'b"')):
                return str(eval(content, {"__builtins__": {}}).decode())
            return content if "," in content else base64.b64decode(content).decode()
        if "," not in text:
            return base64.b64decode("".join(text.split()), validate=True).decode()
    except (ValueError, KeyError, binascii.Error, SyntaxError):
        return None
    return text


# The command


def lines_of(result: Result) -> Iterator[str]:
    """Yield the table of counts."""
    yield f"{'kind':38}" + "".join(f"{name:>11}" for name in ("damages", *OUTCOMES))
    for kind, counts in [*result.counts.items(), ("total", result.total())]:
        numbers = [counts.total(), *(counts[name] for name in OUTCOMES)]
        yield f"{kind:38}" + "".join(f"{number:>11}" for number in numbers)


def run_parallel(seed: int, count: int, workers: int, road: str) -> Result:
    """Spread the trials over processes: the counts are the same for any number of them."""
    whole = Result()
    size = -(-count // max(workers * 8, 1))
    starts = range(0, count, size)
    sizes = [min(size, count - start) for start in starts]
    with ProcessPoolExecutor(workers) as pool:
        for part in pool.map(partial(run, seed, road=road), starts, sizes):
            whole.merge(part)
    return whole


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print one trial and its end")
    parser.add_argument("--road", choices=ROADS, default="slow", help="`both`: compare the two")
    options = parser.parse_args()
    if options.show is not None:
        trial = make_trial(options.seed, options.show)
        result = run(options.seed, options.show, 1, options.road)
        for part in (trial.kind, trial.text, repr(trial.data), result.total(), *result.bad):
            say(f"{part}\n")
        return 0
    started = time.monotonic()
    result = run_parallel(options.seed, options.count, options.workers, options.road)
    say("\n".join(lines_of(result)))
    for trial, why in result.bad[:20]:
        say(f"--seed {options.seed} --show {trial.number}: {trial.kind}: {why}")
    say(f"seed {options.seed}, {options.count} damages, {time.monotonic() - started:.0f} s")
    return 1 if result.bad else 0


if __name__ == "__main__":
    sys.exit(main())
