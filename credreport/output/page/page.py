"""Evidence -> one self-contained page: complete without JavaScript, and it never makes a request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files as resources

import pandas as pd

from credreport import __version__
from credreport.evidence.evidence import Block, Column, Evidence, Sheet
from credreport.files import whole
from credreport.output.formats import Files
from credreport.output.pictures import Options, picture_files
from credreport.reports.normalise import to_texts
from credreport.text import escape_text

# For the rows of all sheets together: with the rest, the page stays below a megabyte.
MAX_ROWS_BYTES = 700_000
_MOST_CHOICES = 12
_NARROW = 20
_RESULTS = {"PASS": ' class="pass"', "FAIL": ' class="fail"'}


def write_html(evidence: Evidence, options: Options, _: Files) -> Files:
    """Return the page. A sheet too long for it is cut at a row's end, and the page says so."""
    return {f"{evidence.stem}.html": "".join(_page(evidence, options)).encode()}


def shown(text: object) -> str:
    """Return the text escaped for HTML, with everything unprintable written out."""
    return escape(escape_text(str(text)))


def _page(evidence: Evidence, options: Options) -> Iterator[str]:
    sheets = [sheet for sheet in evidence.sheets if not sheet.table.empty]
    style = _resource("page.css") + "".join(map(_column_styles, sheets))
    script = _resource("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{shown(evidence.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    yield f'<header>\n<p class="about">{shown(evidence.heading)}</p>\n<h1>{shown(evidence.title)}</h1>\n'
    for line in evidence.sentences:
        yield f'<p class="verdict">{shown(line)}</p>\n'
    yield "</header>\n"
    titles = ["Summary", "Charts", *(sheet.title for sheet in evidence.sheets), "Inputs", "Method"]
    links = "".join(f'<li><a href="#{_anchor(title)}">{shown(title)}</a></li>' for title in titles)
    yield f'<nav aria-label="On this page">\n<ul>{links}</ul>\n</nav>\n<main>\n'
    yield from _summary(evidence)
    yield from _charts(evidence, options)
    spare = MAX_ROWS_BYTES
    for sheet in evidence.sheets:
        # Half of what is left, so that a long sheet leaves room for those after it.
        rows, count = _rows(sheet, spare // 2)
        spare -= len(rows)
        yield from _sheet(sheet, rows, count, evidence.stem)
    yield from _section("Inputs", _blocks("Inputs", evidence.inputs.blocks))
    method = Block("", ("Section", "Text"), evidence.method)
    yield from _section("Method", _blocks("Method", [method]))
    yield (
        f"</main>\n<footer><p>credreport {shown(__version__)}. Every row is in "
        f"{shown(evidence.stem)}.xlsx, or in the CSV beside it that the page names: --format xlsx "
        f"writes them.</p></footer>\n<script>{script}</script>\n"
        "</body>\n</html>\n"
    )


def _summary(evidence: Evidence) -> Iterator[str]:
    facts = "".join(
        f"<dt>{shown(label)}</dt><dd{_RESULTS.get(text, '')}>{shown(text)}</dd>"
        for label, text in evidence.facts
    )
    blocks = _blocks("Summary", evidence.summary.blocks)
    yield from _section("Summary", [f"<dl>{facts}</dl>\n", *blocks])


def _charts(evidence: Evidence, options: Options) -> Iterator[str]:
    drawn = picture_files(evidence, "svg", options).values()
    figures = []
    for picture, svg in zip(evidence.pictures, drawn, strict=True):
        data = base64.b64encode(whole(svg)).decode("ascii")
        text = f"{picture.alt_text or picture.captions.title} {picture.captions.caption}"
        figures.append(
            f'<figure><img alt="{shown(text)}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{shown(picture.title)}</figcaption></figure>\n"
        )
    figures += [f"<p>{shown(reason)}</p>\n" for reason in evidence.not_drawn]
    yield from _section("Charts", figures)


def _section(title: str, parts: Iterable[str], kind: str = "") -> Iterator[str]:
    yield f'<section id="{_anchor(title)}"{kind}>\n<h2>{shown(title)}</h2>\n'
    yield from parts
    yield "</section>\n"


def _blocks(title: str, blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if block.heading:
            yield f"<h3>{shown(block.heading)}</h3>\n"
        if block.table.empty:
            yield f"<p>{shown(block.words)}</p>\n"
            continue
        heads = "".join(f'<th scope="col">{shown(header)}</th>' for header in block.headers)
        rows = "".join(_to_rows((block.table[name] for name in block.table), block.missing))
        yield _table(f"{title}: {block.heading}" if block.heading else title, heads, rows)


def _sheet(sheet: Sheet, rows: str, count: int, stem: str) -> Iterator[str]:
    if sheet.table.empty:
        yield from _section(sheet.title, [f"<p>{shown(sheet.words)}</p>\n"])
        return
    heads = "".join(
        f'<th scope="col"{" data-filter" * _is_choice(sheet, column)}>{shown(column.header)}</th>'
        for column in _columns(sheet)
    )
    parts = [_table(sheet.title, heads, rows)]
    if count < len(sheet.table):
        parts.append(
            f'<p class="more">The first {count:,} of {len(sheet.table):,} rows; '
            f"{shown(stem)}.xlsx has all of them.</p>\n"
        )
    if sheet.elsewhere:
        parts.append(f'<p class="more">{shown(sheet.elsewhere)}</p>\n')
    yield from _section(sheet.title, parts, ' class="data"')


def _table(label: str, heads: str, rows: str) -> str:
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{shown(label)}">\n<table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _rows(sheet: Sheet, most_bytes: int) -> tuple[str, int]:
    """Return as many rows as fit into `most_bytes`, and their number."""
    rows = []
    size = 0
    for row in _to_rows(sheet.table[column.source] for column in _columns(sheet)):
        size += len(row.encode())
        if size > most_bytes:
            break
        rows.append(row)
    return "".join(rows), len(rows)


def _to_rows(columns: Iterable[pd.Series], missing: str = "") -> Iterator[str]:
    """Yield a row of HTML for each row of the columns; HTML needs no end tags for these."""
    for cells in zip(*(_to_cells(column, missing) for column in columns), strict=True):
        yield f"<tr><td>{'<td>'.join(cells)}\n"


def _to_cells(column: pd.Series, missing: str) -> Sequence[str]:
    """Return the cells as HTML, `missing` in place of what is not there (an empty text is)."""
    gaps = column.isna().tolist()
    texts = [missing if gap else text for gap, text in zip(gaps, to_texts(column), strict=True)]
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return [text.replace("T", " ").removesuffix("Z") for text in texts]
    cells = {text: shown(text) for text in set(texts)}
    return [cells[text] for text in texts]


def _columns(sheet: Sheet) -> list[Column]:
    return [column for column in sheet.columns if not column.is_for_auditor]


def _is_choice(sheet: Sheet, column: Column) -> bool:
    """Whether a column has few enough distinct texts for a list to choose from."""
    return column.kind == "text" and 1 < sheet.table[column.source].nunique() <= _MOST_CHOICES


def _column_styles(sheet: Sheet) -> str:
    """Return the style of its columns: numbers aligned right, narrow columns not wrapped."""
    styles = []
    for place, column in enumerate(_columns(sheet), start=1):
        cell = f"#{_anchor(sheet.title)} td:nth-child({place})"
        if column.kind == "number":
            styles.append(f"{cell} {{ text-align: right; }}\n")
        elif column.kind == "date" or max(column.width, column.widest) <= _NARROW:
            styles.append(f"{cell} {{ white-space: nowrap; }}\n")
        else:
            styles.append(f"@media screen {{ {cell} {{ min-width: {column.width}ch; }} }}\n")
    return "".join(styles)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _resource(name: str) -> str:
    return resources(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"sha256-{digest}"
