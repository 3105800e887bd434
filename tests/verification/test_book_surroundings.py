"""What surrounds the cells of a sheet: links, the words of its pages, what is printed and sorted."""

from __future__ import annotations

import io
import zipfile

import pytest

from credreport.verification.book_surroundings import (
    Surroundings,
    compare_surroundings,
    odd_views,
    read_surroundings,
)

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TABLE = f'<table {MAIN} ref="A1:D5"><autoFilter ref="A1:D5"/></table>'


def read(sheet: str = "", names: str = "", table: str = TABLE) -> Surroundings:
    """Return the surroundings on the second of two sheets, of these elements."""
    buffer = io.BytesIO()
    relations = '<Relationships><Relationship Id="{}" Target="{}"/><Relationship Id="{}" Target="{}" {}/></Relationships>'
    parts = {
        "xl/workbook.xml": f'<workbook {MAIN} {R}><sheets><sheet name="One" r:id="a"/><sheet name="Two" r:id="b"/></sheets>'
        f"<definedNames>{names}</definedNames></workbook>",
        "xl/_rels/workbook.xml.rels": relations.format(
            "a", "worksheets/sheet1.xml", "b", "/xl/worksheets/sheet2.xml", ""
        ),
        "xl/worksheets/sheet1.xml": f"<worksheet {MAIN}></worksheet>",
        "xl/worksheets/sheet2.xml": f"<worksheet {MAIN} {R}>{sheet}</worksheet>",
        "xl/worksheets/_rels/sheet2.xml.rels": relations.format(
            "t", "../tables/t.xml", "x", "http://example.com/", 'TargetMode="External"'
        ),
        "xl/tables/t.xml": table,
    }
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    found = read_surroundings(buffer.getvalue())
    assert found["One"] == Surroundings()
    return found["Two"]


def words(element: str, settings: str = "") -> dict[str, tuple[str, ...]]:
    return read(f"<headerFooter {settings}>{element}</headerFooter>").words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("&amp;L&amp;F&amp;R&amp;A, page &amp;P of &amp;N", ("&F", "", "&A, page &P of &N")),
        ("without a place", ("", "without a place", "")),
        ('&amp;R&amp;"Arial,Bold"&amp;12 &amp;KFF0000right&amp;L&amp;Bleft', ("left", "", "right")),
        ('&amp;"Arial"withdrawn"', ("", 'withdrawn"', "")),
        ('&amp;"Arial', ("", '&"Arial', "")),
        ("R&amp;&amp;B &amp;&amp;L", ("", "R&&B &&L", "")),
        ("&amp;Lone&amp;Cmiddle&amp;Ltwo&amp;", ("onetwo&", "middle", "")),
    ],
)
def test_the_words_of_a_page_are_read_whatever_their_font(
    text: str, found: tuple[str, ...]
) -> None:
    assert words(f"<oddHeader>{text}</oddHeader>") == {"oddHeader": found}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("", {}),
        ('differentFirst="0" differentOddEven="false"', {}),
        ('differentFirst="1"', {"firstFooter": ("", "one", "")}),
        ('differentOddEven="true"', {"evenHeader": ("", "two", "")}),
    ],
)
def test_words_that_no_page_has_are_not_read(
    settings: str, found: dict[str, tuple[str, ...]]
) -> None:
    texts = "<oddFooter/><oddHeader>&amp;L &amp;R</oddHeader><firstFooter>one</firstFooter>"
    assert words(f"{texts}<evenHeader>two</evenHeader>", settings) == found


def test_each_link_is_read_and_where_it_leads() -> None:
    links = (
        '<hyperlinks><hyperlink ref="A1" location="\'Two\'!A1" display="shown"/>'
        '<hyperlink ref="A1" r:id="x" tooltip="tip"/>'
        '<hyperlink ref="A2:B3" r:id="x" location="Two!A1"/></hyperlinks>'
    )
    assert read(links).links == [
        ("A1", "Two!A1", ""),
        ("A1", "http://example.com/", "tip"),
        ("A2:B3", "http://example.com/#Two!A1", ""),
    ]


@pytest.mark.parametrize(
    ("view", "zoom", "corner"),
    [
        ('<sheetView topLeftCell="B7"/>', 100, (7, 2)),
        ('<sheetView zoomScale="0"/>', 100, (1, 1)),
        ('<sheetView zoomScale="10"><pane topLeftCell="C2"/></sheetView>', 10, (2, 3)),
    ],
)
def test_how_a_sheet_opens_is_read(view: str, zoom: int, corner: tuple[int, int]) -> None:
    found = read(f"<sheetViews>{view}</sheetViews>")
    assert (found.zoom, found.corner) == (zoom, corner)


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a range of cells"):
        read('<autoFilter ref=""/>')


PART = '<tableParts><tablePart r:id="t"/></tableParts>'
SHORT = "Two: a filter or sort leaves out some of its rows or columns"


@pytest.mark.parametrize(
    ("table", "more", "found"),
    [
        (TABLE, "", []),
        (TABLE.replace("D5", "E6"), "", []),
        (TABLE.replace("D5", "D4"), "", [SHORT]),
        (TABLE.replace("D5", "C5"), "", [SHORT]),
        (TABLE.replace("A1", "A2"), "", [SHORT]),
        (TABLE.replace("A1", "B1"), "", [SHORT]),
        (TABLE.replace('"A1:D5"/', '"A1:D4"/'), "", [SHORT]),
        (TABLE.replace("<table", '<table totalsRowCount="1"'), "", [SHORT]),
        (TABLE.replace("D5", "D6").replace("<table", '<table totalsRowCount="1"'), "", []),
        (TABLE, '<autoFilter ref="A1:D4"/>', [SHORT]),
        (TABLE, '<autoFilter ref="A:D"/>', []),
    ],
)
def test_a_filter_goes_through_every_row_and_column(
    table: str, more: str, found: list[str]
) -> None:
    now = read(f"{more}{PART}", table=table)
    assert [*compare_surroundings("Two", read(PART), now, (5, 4), ())] == found


def test_a_sheet_without_a_table_may_be_filtered() -> None:
    now = read('<autoFilter ref="A1:B2"/>')
    assert [*compare_surroundings("Two", read(), now, (5, 4), ())] == []
    assert [*compare_surroundings("Two", read(PART), read(), (5, 4), ())] == []


def area(text: str, name: str = "_xlnm.Print_Area", sheet: int = 1) -> str:
    return f'<definedName name="{name}" localSheetId="{sheet}">{text}</definedName>'


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("'Two'!$A$1:$C$5", True),
        ("Two!$A$1:$C$5", True),
        ("Two!$A:$D", True),
        ("Two!$1:$5", True),
        ("Two!$E$1,Two!$A$1:$D$6", True),
        ("Two!$A$1:$C$4", False),
        ("Two!$A$1:$B$5", False),
        ("Two!$A$2:$C$5", False),
        ("One!$A$1:$C$5", False),
        ("OFFSET(Two!$A$1,0,0,9,9)", False),
        ("Two!$A$1:$C$5,$1", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("before", ["", area("'Two'!$A$1:$C$5")])
def test_what_the_run_prints_is_printed(text: str, before: str, *, is_whole: bool) -> None:
    cells = (5, 3) if not before else (9, 9)
    now = read(names=area(text))
    found = [*compare_surroundings("Two", read(names=before), now, cells, ())]
    words = repr(text) if text else "nothing"
    if "'" in text:
        words = f'"{text}"'
    assert found == (
        [] if is_whole else [f"Two: it prints {words}, which leaves out what the run prints"]
    )


def test_a_print_area_counts_by_any_spelling_and_twice_not() -> None:
    short = area("Two!$A$1", "_XLNM.PRINT_AREA")
    assert read(names=short).areas == ["Two!$A$1"]
    both = read(names=area("Two!$A$1:$C$5") + short)
    assert len([*compare_surroundings("Two", read(), both, (5, 3), ())]) == 1
    assert [*compare_surroundings("Two", both, read(), (5, 3), ())] == []
    assert read(names=area("Two!$1:$1", "_xlnm.Print_Titles")).areas == []


@pytest.mark.parametrize(
    ("place", "is_own"), [("B2", True), ("B2:B3", True), ("B2:B4", False), ("A2:B2", False)]
)
def test_a_link_may_be_on_the_auditors_cells_only(place: str, *, is_own: bool) -> None:
    link = Surroundings(links=[(place, "http://example.com/", "")])
    found = [*compare_surroundings("Two", Surroundings(), link, (5, 4), {(2, 2), (3, 2)})]
    assert (found == []) is is_own
    assert [*compare_surroundings("Two", link, link, (5, 4), ())] == []
    assert [*compare_surroundings("Two", link, Surroundings(), (5, 4), ())] == []


def test_other_words_are_said_with_their_place() -> None:
    was = Surroundings(words={"oddHeader": ("", "", "a"), "oddFooter": ("&F", "", "&A")})
    now = Surroundings(words={"oddHeader": ("a", "", ""), "firstFooter": ("", "b", "")})
    assert [*compare_surroundings("Two", was, now, (5, 4), ())] == [
        "Two: the words above its pages: expected ' |  | a', found 'a |  | '",
        "Two: the words below its pages: expected '&F |  | &A', found nothing",
        "Two: the words below its pages: expected nothing, found ' | b | '",
    ]


def test_a_sheet_opens_with_something_in_view() -> None:
    at_the_end = Surroundings(zoom=40, corner=(5, 4))
    assert [*odd_views("Two", at_the_end, (5, 4))] == []
    for corner in (6, 4), (5, 5):
        beyond = Surroundings(zoom=39, corner=corner)
        assert [*odd_views("Two", beyond, (5, 4))] == [
            "Two opens at 39 percent of its size",
            "Two opens scrolled beyond its last row or column",
        ]
