"""The same reports in the forms that people hold: each copy says what the first says.

    python -m benchmarks.resave DIRECTORY TARGET FORM

A form is what a spreadsheet or a script makes of AWS's bytes, or what the command line prints.
"""

from __future__ import annotations

import argparse
import base64
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

_BOM = "\ufeff"


def _by_excel(text: str) -> str:
    rows = text.replace(",true", ",TRUE").replace(",false", ",FALSE")
    return _BOM + rows.replace("\n", "\r\n") + "\r\n"


def _by_pandas(text: str) -> str:
    return text.replace(",true", ",True").replace(",false", ",False") + "\n"


def _quoted(text: str) -> str:
    return _write(list(csv.reader(io.StringIO(text))), csv.QUOTE_ALL)


def _reordered(text: str) -> str:
    return _write([row[::-1] for row in csv.reader(io.StringIO(text))], csv.QUOTE_MINIMAL)


def _write(rows: list[list[str]], quoting: int) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


def _elsewhere(text: str) -> str:
    """Return it with names beyond ASCII, as those of a directory synchronised into IAM."""
    return text.replace("chen", "chén").replace("hana", "花")


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _in_json(text: str) -> str:
    answer = {
        "Content": _in_base64(text),
        "ReportFormat": "text/csv",
        "GeneratedTime": "2026-09-30T12:00:00+00:00",
    }
    return json.dumps(answer, indent=4)


FORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    "by Excel": (".csv", _by_excel),
    "by pandas": (".csv", _by_pandas),
    "all quoted": (".csv", _quoted),
    "columns reversed": (".csv", _reordered),
    "names beyond ASCII": (".csv", _elsewhere),
    "base64": (".b64", _in_base64),
    "JSON": (".json", _in_json),
}


def resave(directory: Path, target: Path, form: str) -> None:
    """Write every report of a directory into another, in that form."""
    target.mkdir(parents=True, exist_ok=True)
    suffix, change = FORMS[form]
    for path in directory.glob("*.csv"):
        text = change(path.read_text(encoding="utf-8"))
        (target / path.name).with_suffix(suffix).write_text(text, encoding="utf-8", newline="")


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("form", choices=FORMS)
    options = parser.parse_args()
    resave(options.directory, options.target, options.form)


if __name__ == "__main__":
    main()
