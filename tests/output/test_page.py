"""The page: complete as it stands, no request, safe with any name; searched and sorted by keyboard."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from credreport.evidence.evidence import Evidence
from credreport.evidence.of_analysis import of_analysis
from credreport.output.page import page
from credreport.rules.accounts import Account, AccountList
from credreport.rules.option_file import OptionFile
from tests.support.naughty import NAUGHTY
from tests.support.reports import judge, rendered, root, user

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG_AGO = "2019-01-02T03:04:05Z"
HOSTILE = [*NAUGHTY, "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", '"><b>']
CHROMIUM = shutil.which("chromium")


def stale(name: str) -> dict[str, str]:
    return user(name, password_enabled="true", password_last_used=LONG_AGO)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    rows = [
        stale("alice"),
        user("bob", access_key_1_active="true", access_key_1_last_rotated="2025-06-01T00:00:00Z"),
        stale("carol"),
    ]
    return of_analysis(judge(tmp_path_factory.mktemp("page"), root(), *rows))


@pytest.fixture(scope="module")
def text(evidence: Evidence) -> str:
    (name,) = (name for name in rendered(evidence, ["html"]) if name.endswith(".html"))
    return rendered(evidence, ["html"])[name].decode()


class Reader(HTMLParser):
    """What a browser finds: tags with their attributes, and the text of every cell by section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: dict[str, list[str]] = {}
        self._section = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self._section = str(dict(attrs)["id"])
        if tag == "td":
            self.cells.setdefault(self._section, []).append("")

    def handle_data(self, data: str) -> None:
        if self.cells.get(self._section) and self.tags[-1][0] == "td":
            self.cells[self._section][-1] += data.rstrip("\n")


def test_has_the_verdict_and_every_row_of_every_sheet(evidence: Evidence, text: str) -> None:
    reader = Reader(text)
    assert f"<h1>{evidence.title}</h1>" in text
    for line in evidence.sentences:
        assert page.shown(line) in text
    for sheet in evidence.sheets:
        columns = [column for column in sheet.columns if not column.is_for_auditor]
        cells = reader.cells.get(sheet.title.lower(), [])
        assert len(cells) == len(sheet.table) * len(columns), sheet.title
        place = [column.source for column in columns].index(columns[1].source)
        assert cells[place :: len(columns)] == sheet.table[columns[1].source].astype("str").tolist()


def test_a_name_makes_no_paragraph_of_the_verdict(tmp_path: Path) -> None:
    listed = (Account("222233334444", "Prod. Every credential is current. X"),)
    judged = judge(tmp_path, root(), stale("alice"))
    judged = judged.check_accounts(AccountList(listed, OptionFile("accounts.csv", "0" * 64, 1)))
    evidence = of_analysis(judged)
    lines = [
        "1 of 1 active credentials has been unused for 90 days or more (1 password and 0 access keys), "
        "as of 2026-01-31T12:00:00Z.",
        "1 account of the list has no report: 222233334444 (Prod. Every credential is current. X).",
    ]
    assert evidence.verdict == " ".join(lines)
    (text,) = (
        data.decode() for name, data in rendered(evidence, ["html"]).items() if ".html" in name
    )
    assert re.findall('<p class="verdict">(.*)</p>', text) == lines


def test_asks_for_nothing_from_anywhere(text: str) -> None:
    reader = Reader(text)
    assert {tag for tag, _ in reader.tags} <= {
        "html", "head", "meta", "title", "style", "body", "header", "p", "h1", "h2", "h3", "nav",
        "ul", "li", "a", "main", "section", "dl", "dt", "dd", "div", "table", "thead", "tbody",
        "tr", "th", "td", "figure", "img", "figcaption", "footer", "script",
    }  # fmt: skip
    for tag, attributes in reader.tags:
        for name in ("src", "href", "action", "style", "onclick", "onerror"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:image/svg+xml;base64,")), (tag, value)
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_allows_its_own_style_and_script_only(text: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    for tag in ("style", "script"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy


def test_the_same_evidence_gives_the_same_bytes(evidence: Evidence) -> None:
    assert rendered(evidence, ["html"]) == rendered(evidence, ["html"])


def test_every_hostile_name_is_only_text(tmp_path: Path) -> None:
    found = judge(tmp_path, root(), *map(stale, HOSTILE))
    (data,) = (
        data for name, data in rendered(of_analysis(found), ["html"]).items() if "html" in name
    )
    reader = Reader(data.decode())
    allowed = {"script": 1, "style": 1, "img": 2}
    for tag, count in allowed.items():
        assert sum(found == tag for found, _ in reader.tags) == count
    assert not {"b", "iframe", "svg", "object", "form"} & {tag for tag, _ in reader.tags}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e]", data.decode())


def test_a_sheet_too_long_for_the_page_says_where_the_rest_is(
    evidence: Evidence, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = findings_of(text)
    # A byte less than all of them need, where a sheet may take half of what is left.
    monkeypatch.setattr(page, "MAX_ROWS_BYTES", 2 * len("".join(rows).encode()) - 2)
    (data,) = (data for name, data in rendered(evidence, ["html"]).items() if "html" in name)
    assert findings_of(data.decode()) == rows[:2]
    assert f"The first 2 of 3 rows; {evidence.stem}.xlsx has all of them." in data.decode()


def findings_of(text: str) -> list[str]:
    section = text.partition('<section id="findings"')[2].partition("</section>")[0]
    return re.findall("<tr><td>.*\n", section)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser, text: str, tmp_path: Path) -> Iterator[Page]:
    """The page in a real browser; a request for anything beside it fails the test."""
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    view = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    view.on("request", lambda request: asked.append(request.url))
    view.on("console", lambda message: said.append(message.text))
    view.goto(path.as_uri())
    yield view
    assert [url for url in asked if not url.startswith("data:image/svg+xml")] == [path.as_uri()]
    assert said == []
    view.close()


in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@in_chromium
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestInTheBrowser:
    def test_breaks_no_rule_of_accessibility(self, opened: Page) -> None:
        from axe_playwright_python.sync_playwright import Axe

        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            opened.emulate_media(color_scheme=scheme)
            assert Axe().run(opened).response["violations"] == [], scheme

    def test_searches_by_keyboard(self, opened: Page) -> None:
        opened.get_by_label("Search Findings").focus()
        opened.keyboard.type("CAROL password")
        rows = opened.locator("#findings tbody tr:visible")
        assert rows.count() == 1
        assert "carol" in rows.first.inner_text()
        assert opened.locator("#findings [role=status]").inner_text() == "1 of 3 rows shown"

    def test_sorts_by_keyboard_and_says_so(self, opened: Page) -> None:
        head = opened.locator("#findings th", has_text="User")
        for direction, names in (
            ("ascending", ["alice", "bob", "carol"]),
            ("descending", ["carol", "bob", "alice"]),
        ):
            head.get_by_role("button").focus()
            opened.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == direction
            place = int(head.evaluate("head => head.cellIndex"))
            cells = opened.locator(f"#findings tbody td:nth-child({place + 1})").all_inner_texts()
            assert cells == names

    def test_filters_by_a_choice(self, opened: Page) -> None:
        opened.locator("#findings .controls").get_by_label("Rule").select_option("unused-password")
        assert opened.locator("#findings tbody tr:visible").count() == 2
