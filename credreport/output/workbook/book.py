"""Evidence -> the workbook: its sheets in their order. Values only, no formula."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.drawing.image import Image
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.styles import Border, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from credreport import __version__
from credreport.decisions.decision import SIGN_OFF, SIGN_OFF_LINES
from credreport.errors import OutputError
from credreport.evidence.evidence import Block, Evidence, Page, Sheet, SignOff
from credreport.output.charts import COLOURS
from credreport.output.csv_file import table_files
from credreport.output.formats import Files
from credreport.output.pictures import Options
from credreport.output.workbook.cells import (
    BAD_FILL,
    BOLD,
    GOOD_FILL,
    HEADING,
    INK,
    LINE_HEIGHT,
    LINE_SPARE,
    LINK,
    TITLE,
    TOP,
    WRAP,
    broken,
    put,
    write_block,
    write_header,
)
from credreport.output.workbook.layout import add_sheet
from credreport.output.workbook.paper import fits_a_page, set_up_page
from credreport.output.workbook.sheetxml import Stream, count_rows, finish, safe_text
from credreport.schema import JUDGED_KINDS
from credreport.text import plural

_CHART_ROWS = 13
_CHART_COLUMN = 5  # from 0: the first that no table with a chart reaches
# In the units of drawings, 360,000 a centimetre.
_CHART_BELOW = 18_000
_CHART_SIZE = 3_240_000, 1_944_000
# The height of a heading's row and of a blank one, in lines.
_HEADING_SHARE, _BLANK_SHARE = 1.25, 0.66
# Two links are side by side if all of them are shorter than this.
_LINK_LETTERS = 38
# Letters of a bold heading that fit into a unit of width.
_HEADING_LETTERS = 0.85


def write_xlsx(evidence: Evidence, options: Options, _: Files) -> Files:
    """Return the workbook, and as CSV what is too long for a sheet."""
    pictures = (
        (picture.title, options.artist.draw(picture, "png")) for picture in evidence.pictures
    )
    long = [sheet.in_full for sheet in evidence.sheets if sheet.in_full]
    return {
        f"{evidence.stem}.xlsx": to_xlsx(evidence, pictures),
        **table_files(evidence, long, options),
    }


def to_xlsx(evidence: Evidence, pictures: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the workbook's bytes: the same evidence and pictures give the same bytes.

    `pictures` are titles and PNGs for the sheet Charts, asked for when the sheets before it are made.
    The result is read back and its rows counted; raises OutputError where a table is longer than a
    sheet can be.
    """
    book = Workbook()
    book.properties.creator = f"credreport {__version__}"
    book.properties.title = safe_text(evidence.title)
    book.remove(book.worksheets[0])
    alt_texts = _add_summary(book, evidence)
    streams: dict[int, Stream] = {}
    for sheet in evidence.sheets:
        stream = add_sheet(book, sheet)
        if stream:
            streams[len(book.worksheets)] = stream
    alt_texts += _add_pictures(book, evidence, pictures)
    _add_page(book, "Inputs", evidence.inputs, 1)
    _add_method(book, evidence.method.itertuples(index=False, name=None))
    return finish_book(book, streams, alt_texts, evidence.as_of)


class _Skeleton(zipfile.ZipFile):
    """An archive whose times are not the clock's: no zip can have one before 1980."""

    def writestr(self, name: str, data: bytes | str) -> None:  # type: ignore[override]
        super().writestr(zipfile.ZipInfo(name), data)


def finish_book(
    book: Workbook, streams: Mapping[int, Stream], alt_texts: Sequence[str], modified: datetime
) -> bytes:
    """Set up the pages, stream the rows in, read the result back and return its bytes.

    `streams` by sheet number; `modified` is written as the workbook's time of change.
    """
    for place, sheet in enumerate(book.worksheets):
        set_up_page(sheet, is_portrait=place == 0)
    skeleton = io.BytesIO()
    ExcelWriter(book, _Skeleton(skeleton, "w", strict_timestamps=False)).save()
    workbook = finish(skeleton.getvalue(), streams, alt_texts, modified)
    counted = count_rows(workbook)
    for number, stream in streams.items():
        if counted[number] != len(stream) + 1:
            title = book.worksheets[number - 1].title
            message = (
                f"the sheet {title} came back with {counted[number] - 1} of {len(stream)} rows"
            )
            raise OutputError(message)
    return workbook


def _add_summary(book: Workbook, evidence: Evidence) -> list[str]:
    """Add the first sheet; return the alt texts of its charts."""
    sheet = book.create_sheet("Summary")
    widths = evidence.summary.widths
    put(sheet, 1, 1, evidence.heading, TITLE)
    sheet.row_dimensions[1].height = 2 * LINE_HEIGHT
    row = 2
    for line in evidence.sentences:
        for part in broken(line, sum(widths), _HEADING_LETTERS):
            put(sheet, row, 1, part, HEADING).alignment = TOP
            row += 1
    row = _write_facts(sheet, row + 1, evidence)
    row = _write_links(sheet, row, evidence)
    tables_row = row
    row = _fill_page(sheet, evidence.summary, row)
    _add_sign_off(sheet, row, evidence.sign_off)
    _set_heights(sheet)
    if not fits_a_page(sheet):
        _keep_chart_whole(sheet, evidence.summary, tables_row)
    return [block.chart.alt_text for block in evidence.summary.blocks if block.chart]


def _set_heights(sheet: Worksheet) -> None:
    """Give every row without a height the least that its text needs, for a page that is full."""
    for row, cells in enumerate(sheet.iter_rows(), start=1):  # sheet[row] looks at all cells
        if sheet.row_dimensions[row].height is None:
            is_heading = cells[0].font.size == HEADING.size
            is_blank = all(cell.value is None for cell in cells)
            share = _HEADING_SHARE if is_heading else _BLANK_SHARE if is_blank else 1
            sheet.row_dimensions[row].height = share * LINE_HEIGHT


def _keep_chart_whole(sheet: Worksheet, page: Page, row: int) -> None:
    """Break the page before the block with the chart, so that no page ends within it."""
    headings = [block.heading for block in page.blocks if block.chart]
    for below in range(row, sheet.max_row + 1):
        if sheet.cell(below, 1).value in headings:
            sheet.row_breaks.append(Break(id=below - 1))


def _write_links(sheet: Worksheet, row: int, evidence: Evidence) -> int:
    """Write the list of sheets, each a link within the workbook; return the next free row."""
    put(sheet, row, 1, "Sheets (click to open)", HEADING)
    shown = [(each.title, _content(each)) for each in evidence.sheets]
    shown.append(("Charts", plural(len(evidence.pictures), "picture")))
    shown += [("Inputs", "files, hashes, tie-out, warnings"), ("Method", "the rule in words")]
    places = (1, 6) if all(len(content) < _LINK_LETTERS for _, content in shown) else (1,)
    for number, (title, content) in enumerate(shown):
        below, beside = divmod(number, len(places))
        cell = put(sheet, row + 1 + below, places[beside], title, LINK)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{title}'!A1", display=title)
        cell.font = LINK
        put(sheet, row + 1 + below, places[beside] + 1, content)
    return row + 2 + -(-len(shown) // len(places))


def _content(sheet: Sheet) -> str:
    """Return how many rows a sheet has, or why none, and whether there are cells to fill in."""
    if sheet.table.empty:
        return sheet.words
    words = f"{len(sheet.table):,} {'row' if len(sheet.table) == 1 else 'rows'}"
    is_form = any(column.is_for_auditor for column in sheet.columns)
    if sheet.elsewhere:
        words += f"; {sheet.elsewhere}"
    return f"{words}; fill in the yellow cells" if is_form else words


def _add_page(book: Workbook, title: str, page: Page, row: int) -> None:
    _fill_page(book.create_sheet(title), page, row)


def _fill_page(sheet: Worksheet, page: Page, row: int) -> int:
    """Write the blocks one below the other; return the next free row."""
    for place, width in enumerate(page.widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    for block in page.blocks:
        end = write_block(sheet, row, block, page.widths)
        if block.chart:
            _add_chart(sheet, row, block)
            end = max(end, row + _CHART_ROWS)
        row = end
    return row


def _write_facts(sheet: Worksheet, row: int, evidence: Evidence) -> int:
    """Write labels and values of the first sheet, the tie-out in its colour; return the next row."""
    room = sum(evidence.summary.widths[1:])
    for label, value in evidence.facts:
        put(sheet, row, 1, label, BOLD)
        for part in broken(value, room):
            cell = put(sheet, row, 2, part)
            row += 1
        if label == "Tie-out":
            cell.fill = GOOD_FILL if evidence.ties_out else BAD_FILL
            cell.font = BOLD
    return row + 1


def _add_chart(sheet: Worksheet, row: int, block: Block) -> None:
    """Add a block's chart to its right, stacked columns by type of credential."""
    assert block.chart
    chart = BarChart()
    chart.type = "col"
    chart.grouping = "stacked"
    chart.overlap = 100
    chart.gapWidth = 40
    chart.title = None
    first, last = row + 2, row + 1 + len(block.table)
    chart.add_data(
        Reference(sheet, min_col=2, max_col=3, min_row=first - 1, max_row=last),
        titles_from_data=True,
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=first, max_row=last))
    for series, kind in zip(chart.series, JUDGED_KINDS, strict=True):
        series.graphicalProperties.solidFill = COLOURS[kind].lstrip("#")
        series.invertIfNegative = False
    chart.x_axis.title = block.chart.x_title
    chart.y_axis.title = block.chart.y_title
    chart.y_axis.number_format = "#,##0"
    chart.y_axis.majorGridlines = None
    chart.x_axis.delete = False
    chart.y_axis.delete = False
    chart.legend.position = "t"
    # A little below the edge of its row: at a page break, it would be drawn on the page before too.
    place = AnchorMarker(col=_CHART_COLUMN, row=row - 1, rowOff=_CHART_BELOW)
    chart.anchor = OneCellAnchor(_from=place, ext=XDRPositiveSize2D(*_CHART_SIZE))  # type: ignore[assignment]
    sheet.add_chart(chart)


def _add_sign_off(sheet: Worksheet, row: int, sign_off: SignOff) -> None:
    """Write the sign-off block below the given row."""
    put(sheet, row, 1, SIGN_OFF, HEADING)
    values = (
        *(sign_off.control, sign_off.system, sign_off.prepared_by),
        *("", "", ""),
        sign_off.ticket,
    )
    for offset, (label, value) in enumerate(zip(SIGN_OFF_LINES, values, strict=True), start=1):
        put(sheet, row + offset, 1, label, BOLD)
        sheet.row_dimensions[row + offset].height = _HEADING_SHARE * LINE_HEIGHT
        for place in range(2, 6):
            sheet.cell(row + offset, place).border = Border(bottom=Side(style="thin", color=INK))
        if value:
            put(sheet, row + offset, 2, value).border = Border(bottom=Side(style="thin", color=INK))


def _add_pictures(
    book: Workbook, evidence: Evidence, pictures: Iterable[tuple[str, bytes]]
) -> list[str]:
    """Add the sheet Charts with the pictures; return their alt texts."""
    sheet = book.create_sheet("Charts")
    sheet.column_dimensions["A"].width = 130
    put(sheet, 1, 1, evidence.title, TITLE)
    row = 3
    said = {picture.title: picture.alt_text for picture in evidence.pictures}
    alt_texts: list[str] = []
    for title, png in pictures:
        if alt_texts:
            sheet.row_breaks.append(Break(id=row - 1))
        put(sheet, row, 1, title, HEADING)
        picture = Image(io.BytesIO(png))
        picture.width, picture.height = 810, 450
        sheet.add_image(picture, f"A{row + 1}")
        alt_texts.append(said.get(title) or f"{title}. {evidence.title}.")
        row += 28
    for reason in evidence.not_drawn:
        put(sheet, row, 1, f"{reason[0].upper()}{reason[1:]}.")
        row += 1
    return alt_texts


def _add_method(book: Workbook, method: Iterable[tuple[str, str]]) -> None:
    """Add the sheet Method: section and text."""
    sheet = book.create_sheet("Method")
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 122
    write_header(sheet, 1, [("Section", "text"), ("Text", "text")])
    sheet.freeze_panes = "A2"
    for number, (section, text) in enumerate(method, start=2):
        put(sheet, number, 1, section, BOLD)
        put(sheet, number, 2, text).alignment = WRAP
        lines = -(-len(text) // 132)
        sheet.row_dimensions[number].height = lines * LINE_HEIGHT + 4 * LINE_SPARE
