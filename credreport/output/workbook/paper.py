"""How sheets are printed: A4, fitted to the page width, nothing smaller than 7 points.

Column widths are in Excel's units: one digit of the workbook's standard font. Where that font is
missing, another stands in for it, and the widest usual one decides what fits.
"""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.worksheet.worksheet import Worksheet

BODY_POINTS = 10
SMALLEST_POINTS = 7.0
_MARGIN = 0.25
_TOP, _BOTTOM = 0.5, 0.6
_POINTS_AN_INCH = 72
_LONG_SIDE, _SHORT_SIDE = 841.9, 595.3
# One digit of the standard font at 11 points: Calibri's is 5.6 points wide, and that of DejaVu Sans,
# which stands in for it on a bare Linux, 7.0.
_UNIT_POINTS = 7.0
_ROUNDING = 0.99


def printed_points(widths: Sequence[float], *, is_portrait: bool = False) -> float:
    """Return the size in points of the body's text where columns of these widths fill a page."""
    return BODY_POINTS * min(
        1.0, _page_points(is_portrait=is_portrait) / (sum(widths) * _UNIT_POINTS)
    )


def most_units(*, is_portrait: bool = False) -> float:
    """Return the sum of widths that still prints at the smallest size allowed."""
    return (
        _page_points(is_portrait=is_portrait)
        / _UNIT_POINTS
        * BODY_POINTS
        / SMALLEST_POINTS
        * _ROUNDING
    )


def fits_a_page(sheet: Worksheet) -> bool:
    """Return whether a portrait sheet, all of whose rows have a height, fits one page in readable size."""
    heights = sum(row.height or 0.0 for row in sheet.row_dimensions.values())
    widths = [column.width for column in sheet.column_dimensions.values()]
    room = _LONG_SIDE - (_TOP + _BOTTOM) * _POINTS_AN_INCH
    points = min(
        printed_points(widths, is_portrait=True), BODY_POINTS * room / max(heights, 1) * _ROUNDING
    )
    return points >= SMALLEST_POINTS


def _page_points(*, is_portrait: bool) -> float:
    side = _SHORT_SIDE if is_portrait else _LONG_SIDE
    return side - 2 * _MARGIN * _POINTS_AN_INCH


def set_up_page(sheet: Worksheet, *, is_portrait: bool = False) -> None:
    """Set up how a sheet prints: A4, as wide as the page, with a footer; a portrait one on one page if readable."""
    sheet.page_setup.orientation = "portrait" if is_portrait else "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = int(is_portrait and fits_a_page(sheet))
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    margins = sheet.page_margins
    margins.left = margins.right = _MARGIN
    margins.top, margins.bottom = _TOP, _BOTTOM
    margins.header = margins.footer = 0.25
    footer = {"left": "&F", "right": "&A, page &P of &N"}  # a long name reaches the middle
    for place, text in footer.items():
        getattr(sheet.oddFooter, place).text = text
    sheet.sheet_view.showGridLines = False
