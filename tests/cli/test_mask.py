"""With --mask no byte that the program writes or prints has a name of anybody or anything."""

from __future__ import annotations

import ast
import io
import json
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.chart import BarChart
from typer.testing import CliRunner, Result

import credreport
from credreport.cli.main import app
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker
from credreport.output.formats import FORMATS
from tests.support.books import column
from tests.support.decided import DAY, fill_in
from tests.support.reports import root, save, to_csv, user

OLD = "2025-01-01T00:00:00Z"
KEY = {"access_key_1_active": "true", "access_key_1_last_rotated": OLD}
PASSWORD = {"password_enabled": "true", "password_last_changed": OLD, "password_last_used": OLD}
ONE, TWO, THREE, PAYER = "837261940538", "902837465120", "613599204418", "750183926471"
USERS = ("zebedee.quux", "o'brien", "Zoë-Marguerite", "=2+5zulu", "-gizmo@example.com", "svc_7f3e9")
PATHS = ("engineering-kraken", "subteam-plinth")
FILES = ("narwhal-reports", "octopus", "wombat-accounts.csv", "quokka-waivers.toml", "lemur.zip")
NAMES = ("Platypus Production", "Gecko Sandbox", "team-axolotl", "team-jellyfish")
TEXTS = ("sealed in the vault of Mr Grumbleby", "Cassandra Vexley", "TCK-99182", "guarded by Hodor",
         "W-marsupial", "Bartholomew Snodgrass", "CC6.9-zeta", "Ferdinand", "see memo 7781-tango",
         "rotten-cell-tapioca", "zulu_column_kiwi")  # fmt: skip
SECRETS = (*USERS, *PATHS, *FILES, *NAMES, *TEXTS, ONE, TWO, THREE, PAYER, "yankee-torpor")
FORMATS_WITHOUT_SCRIPT = ",".join(name for name in FORMATS if name != "sh")


def rows(account: str, *, later: bool) -> list[dict[str, str]]:
    path = "/".join(PATHS)
    made = [
        root(account),
        user("a", account, **PASSWORD),
        user(USERS[0], account, **PASSWORD, arn=f"arn:aws:iam::{account}:user/{path}/{USERS[0]}"),
        user(USERS[1], account, **KEY),
        user(USERS[2], account, **PASSWORD),
        user(USERS[3], account, **KEY),
        user(USERS[4], account, **PASSWORD | {"password_last_used": "rotten-cell-tapioca"}),
        user(USERS[5], account, **KEY, **PASSWORD, mfa_active="rotten-cell-tapioca"),
        user("b", account, password_enabled="rotten-cell-tapioca"),
    ]
    return made[: -1 if later else None]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return to_place(tmp_path)


def to_place(place: Path) -> Path:
    """Write two quarters of two accounts, one in a zip, with a list and waivers."""
    for quarter, later in (("2025-12-31", False), ("2026-03-31", True)):
        folder = place / FILES[0] / quarter
        name = f"{FILES[1]}-{quarter}T12-00-00Z.csv"
        save(folder, *rows(ONE, later=later), name=name)
        inner = save(place / "x", *rows(TWO, later=later), name=f"inner-{name}")
        with zipfile.ZipFile(folder / FILES[4], "w") as archive:
            archive.write(inner, inner.name)
        inner.unlink()
    (place / FILES[2]).write_text(
        f"id,name,owner,payer\n{ONE},{NAMES[0]},{NAMES[2]},{PAYER}\n"
        f"{THREE},{NAMES[1]},{NAMES[3]},{PAYER}\n"
    )
    (place / FILES[3]).write_text(
        f'[[waiver]]\nid = "{TEXTS[4]}"\nuser = "{USERS[0]}"\nreason = "{TEXTS[0]}"\n'
        f'approved_by = "{TEXTS[1]}"\napproved_on = 2025-01-01\nexpires = 2026-12-31\n'
        f'ticket = "{TEXTS[2]}"\ncompensating_control = "{TEXTS[3]}"\n'
        f'[[waiver]]\nid = "{TEXTS[4]}-2"\nuser = "nobody-{USERS[5]}"\nreason = "{TEXTS[0]}"\n'
        f'approved_by = "{TEXTS[1]}"\napproved_on = 2025-01-01\nexpires = 2026-12-31\n'
    )
    return place


def run(place: Path, *line: str) -> Result:
    words = [word.replace("PLACE", str(place)) for word in line]
    return CliRunner().invoke(app, words)


def masked(place: Path, *line: str, out: str = "out") -> Result:
    """Run with everything that may have names, into `out`."""
    return run(
        place, *line, "--mask", "--mask-key", "PLACE/k.key", "-o", f"PLACE/{out}",
        "--accounts", f"PLACE/{FILES[2]}", "--waivers", f"PLACE/{FILES[3]}",
        "--profile", "all", "--prepared-by", TEXTS[5], "--control", TEXTS[6], "-v",
    )  # fmt: skip


@dataclass(frozen=True)
class Once:
    """Masked runs that several tests look at, each made once and with the same key."""

    place: Path
    made: dict[str, tuple[Result, Path]] = field(default_factory=dict)

    def run(self, line: str) -> tuple[Result, Path]:
        """Return how the run ended and the directory of its evidence."""
        if line not in self.made:
            out = f"out-{len(self.made)}"
            self.made[line] = masked(self.place, *line.split(), out=out), self.place / out
        return self.made[line]

    def document(self, line: str) -> dict[str, Any]:
        """Return the JSON of the run."""
        _, out = self.run(line)
        (path,) = (each for each in out.glob("*-masked.json"))
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    return Once(to_place(tmp_path_factory.mktemp("masked")))


def texts_of_png(data: bytes) -> Iterator[bytes]:
    """Yield the texts in a picture, unpacked."""
    at = 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if kind in (b"tEXt", b"iTXt", b"zTXt", b"eXIf"):
            yield body
            if b"\0\0" in body and kind == b"zTXt":
                yield zlib.decompress(body.split(b"\0\0", 1)[1])
        at += size + 12


def contents(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file, what is in it where it is a zip, and the texts of its pictures."""
    for path in sorted(directory.iterdir()):
        data = path.read_bytes()
        yield path.name, path.name.encode()
        yield path.name, data
        pictures = [data] if path.suffix == ".png" else []
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield path.name, archive.comment
                for member in archive.infolist():
                    yield (
                        f"{path.name}:{member.filename}",
                        member.filename.encode() + archive.read(member),
                    )
                    if member.filename.endswith(".png"):
                        pictures.append(archive.read(member))
        for picture in pictures:
            for text in texts_of_png(picture):
                yield f"{path.name} (text)", text


def leaks(out: Path, done: Result) -> list[str]:
    """Return where a name of the inputs stands in what was written or printed."""
    printed = (done.stdout + done.stderr).replace(str(out), "")
    everything = [("printed", printed.encode()), *contents(out)]
    found = []
    for secret in SECRETS:
        forms = {
            secret, json.dumps(secret)[1:-1], secret.replace("'", "&apos;"), secret.lower(),
            secret.replace("'", "&#39;"), secret.replace("'", "&#x27;"), secret.replace("'", "'\"'\"'"),
            *re.findall(r"[A-Za-z0-9]{6,}", secret.replace("example", "").replace("production", "")),
        }  # fmt: skip
        forms -= {
            "Production",
            "Sandbox",
            "sealed",
            "guarded",
            "reports",
            "accounts",
            "waivers",
            "column",
        }
        for where, data in everything:
            found += [
                f"{form!r} of {secret!r} in {where}" for form in forms if form.encode() in data
            ]
    return found


LATER = f"PLACE/{FILES[0]}/2026-03-31"
EARLIER = f"PLACE/{FILES[0]}/2025-12-31"


EVERYTHING = (
    f"analyze {LATER} --format {FORMATS_WITHOUT_SCRIPT} --baseline {EARLIER}"
    " --sample 5 --seed Q1 --sample-of users"
)
COMPARED = f"compare {EARLIER} {LATER} --format {FORMATS_WITHOUT_SCRIPT}"
JSON = f"analyze {LATER} --format json"


@pytest.mark.parametrize(
    "line",
    [
        EVERYTHING,
        COMPARED,
        f"analyze {LATER} --format csv,json --csv-raw",
        f"analyze {LATER}/octopus-2026-03-31T12-00-00Z.csv --format json --json",
    ],
)
def test_no_name_is_in_any_byte(once: Once, line: str) -> None:
    done, out = once.run(line)
    assert done.exit_code in (0, 3), done.output
    assert leaks(out, done) == []
    names = [path.name for path in out.iterdir() if path.name != "SHA256SUMS"]
    assert all("-masked" in name for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "CR-A3791EB9AFA1 marsupial",
        f"marsupial {THREE} Ltd",
        "old 'marsupial' key",
        'the `marsupial` of "all"',
        "arn:aws:iam::x:marsupial",
    ],
)
def test_the_id_of_a_waiver_is_masked_whatever_it_contains(place: Path, name: str) -> None:
    states = [
        ("o*", "2025-01-01", "2026-12-31"),
        ("svc*", "2025-01-01", "2025-11-30"),
        ("svc*", "2026-12-01", "2026-12-31"),
        ("nobody", "2025-01-01", "2026-12-31"),
    ]
    (place / FILES[3]).write_text(
        "".join(
            f"[[waiver]]\nid = {json.dumps(f'{name} {number}')}\nuser = '{user}'\nreason = 'x y'\n"
            f"approved_by = 'x y'\napproved_on = {begin}\nexpires = {end}\n"
            for number, (user, begin, end) in enumerate(states)
        )
    )
    said = ""
    for number, line in enumerate((EVERYTHING, COMPARED)):
        out = place / f"{number}"
        done = masked(place, *line.split(), out=f"{number}")
        assert done.exit_code in (0, 3), done.output
        for where, data in [("printed", (done.stdout + done.stderr).encode()), *contents(out)]:
            assert b"marsupial" not in data, where
        (path,) = out.glob("credreport*-masked.json")
        said += path.read_text()
    for words in (
        " expired on ",
        " is not in force ",
        " matches no finding ",
        " names no account; ",
    ):
        assert re.search(rf"waiver \W+waiver-[a-z2-7]{{14}}\W+{words}", said)


@pytest.mark.parametrize("word", ["mfa", "user", "key", "root", "password", "inactive", "without"])
def test_a_name_that_is_a_word_changes_no_verdict(tmp_path: Path, word: str) -> None:
    """Rules have these words in their names, and so have the reasons that begin with them."""

    def answer(name: str) -> list[tuple[object, ...]]:
        rows = user(name, ONE, **PASSWORD, mfa_active="trxe"), user("b", ONE, **KEY)
        save(tmp_path / name / "in", root(ONE), *rows, name=f"{name}_2026-03-31T12-00-00Z.csv")
        line = "--profile all --mask --mask-key PLACE/k.key --format oscal,ocsf,json"
        done = run(
            tmp_path, "analyze", f"PLACE/{name}/in", *line.split(), "-o", f"PLACE/{name}/out"
        )
        assert done.exit_code == 3, done.output
        (path,) = (tmp_path / name / "out").glob("*.oscal.json")
        results = json.loads(path.read_bytes())["assessment-results"]["results"]
        return [
            (each["target"]["target-id"], each["target"]["status"]["state"], each["description"])
            for each in results[0]["findings"]
        ]

    assert answer(word) == answer("zebedee")


@pytest.mark.parametrize(
    "data",
    [
        "marsupial.zed,arn:aws:iam::837261940538:user/x,2020-01-01T00:00:00Z\n",
        "The config profile (marsupial-prod) could not be found\n",
        "An error occurred (AccessDenied): arn:aws:sts::837261940538:assumed-role/A/marsupial\n",
        "user,arn,a`marsupial`b,a`marsupial`b,password_enabled\n",
        "9021055\n",
        to_csv(user("x", "marsupial")) + to_csv(user("y", "marsupial")),
    ],
)
def test_no_refusal_of_a_report_names_anybody(place: Path, data: str) -> None:
    folder = place / FILES[0] / "2026-03-31"
    (folder / "bad_2026-03-31T12-00-00Z.csv").write_text(data)
    done = masked(place, *f"analyze {LATER} --keep-going --format json,html".split())
    assert done.exit_code == 3
    for where, found in [
        ("printed", (done.stdout + done.stderr).encode()),
        *contents(place / "out"),
    ]:
        for name in (b"marsupial", b"9021055"):
            assert name not in found, where


def test_cells_of_a_decision_that_no_run_writes_are_masked(place: Path) -> None:
    run(place, *f"analyze {LATER} --format xlsx -o PLACE/plain".split())
    (book,) = (place / "plain").glob("*.xlsx")
    for header, shown in (("Limit", 3), ("Credential", 3), ("Rule", 2)):
        filled = load_workbook(book)
        sheet = filled["Findings"]
        names = {str(cell.value): int(cell.column or 0) for cell in sheet[1]}
        sheet.cell(2, names["Disposition"]).value = "Removed"
        sheet.cell(2, names[header]).value = "marsupial"
        if header != "Rule":
            sheet.cell(2, names["Finding ID"]).value = "CR-0123456789AB"
        filled.create_sheet("marsupial").add_chart(BarChart(), "B2")
        filled.save(place / "filled.xlsx")
        line = f"analyze {LATER} --format json,html --carry-from PLACE/filled.xlsx --force"
        done = masked(place, *line.split(), out=header)
        assert done.exit_code == shown, done.output
        written = [*contents(place / header)] if (place / header).exists() else []
        for where, found in [("printed", (done.stdout + done.stderr).encode()), *written]:
            assert b"marsupial" not in found, where


def test_a_name_typed_over_a_pseudonym_is_masked(place: Path) -> None:
    masked(place, *f"analyze {LATER} --format xlsx".split(), out="first")
    (book,) = (place / "first").glob("*.xlsx")
    filled = load_workbook(book)
    sheet = filled["Findings"]
    names = {str(cell.value): int(cell.column or 0) for cell in sheet[1]}
    for header, text in (
        ("Finding ID", "CR-MABCDEF123456"),
        ("User", "marsupial"),
        ("Account", "987654321098"),
    ):
        sheet.cell(2, names[header]).value = text
    sheet.cell(2, names["Disposition"]).value = "Open"
    filled.save(place / "filled.xlsx")
    done = masked(
        place, *f"analyze {LATER} --format json,html --carry-from PLACE/filled.xlsx".split()
    )
    assert done.exit_code == 3, done.output
    for where, found in [
        ("printed", (done.stdout + done.stderr).encode()),
        *contents(place / "out"),
    ]:
        for name in (b"marsupial", b"987654321098"):
            assert name not in found, where


def test_what_is_masked_in_batches_is_not_masked_twice(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = user("wombat", TWO, **KEY, arn=f"arn:aws:iam::{TWO}:user/another")
    save(place / "in", root(TWO), other, name="w_2026-03-31T12-00-00Z.csv")
    monkeypatch.setattr("credreport.evidence.evidence.MAX_POPULATION_ROWS", 1)
    line = "analyze PLACE/in --mask --mask-key PLACE/k.key --format json -o PLACE/out"
    done = run(place, *line.split())
    (path,) = (each for each in (place / "out").glob("*-masked.json"))
    document = json.loads(path.read_bytes())
    (account,) = {row["account_id"] for row in document["inputs"]}
    said = [each["message"] for each in document["warnings"] if "arn:" in each["message"]]
    assert said
    assert all(account in each for each in said)
    again = run(place, "verify", "PLACE/out", "PLACE/in", "--mask-key", "PLACE/k.key")
    assert again.exit_code == 0, again.output
    assert done.exit_code in (0, 3)


def test_the_programs_own_words_stay() -> None:
    """Whatever stands between backticks in a string of the program, and is not filled in."""
    masker = Masker(MaskKey(bytes(32)))
    for path in Path(credreport.__file__).parent.rglob("*.py"):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        said = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in said
            ):
                for word in re.findall(r"`([a-zA-Z#-][^`\n\\\[]+)`", node.value):
                    assert masker.text(f"`{word}`") == f"`{word}`", path


def test_a_refused_policy_is_said_without_names_though_there_is_no_key_yet(place: Path) -> None:
    for name in ("marsupial's.toml", "marsupial`s.toml"):
        (place / name).write_text(
            f'[[class]]\nmatch = "marsupial"\nunused_after_days = "{USERS[0]}"\n'
        )
        done = run(place, "analyze", LATER, "--mask", "--mask-key", f"PLACE/{name}.key",
                   "--policy", f"PLACE/{name}", "-o", "PLACE/out")  # fmt: skip
        assert done.exit_code == 2
        assert "marsupial" not in done.stderr
        assert USERS[0] not in done.stderr
        assert re.search(r"line 3: `unused_after_days` is 'cell-[a-z2-7]{14}'", done.stderr)


def test_the_search_finds_every_name_where_nothing_is_masked(place: Path) -> None:
    line = (
        f"analyze {LATER} --format xlsx,md,json --baseline {EARLIER} -o PLACE/out --profile all -v"
    )
    line += f" --accounts PLACE/{FILES[2]} --waivers PLACE/{FILES[3]}"
    done = run(place, *line.split(), "--prepared-by", TEXTS[5], "--control", TEXTS[6])
    found = " ".join(leaks(place / "out", done))
    missed = {each for each in SECRETS if repr(each) not in found}
    assert missed == {*TEXTS[7:9], TEXTS[10], FILES[0], "yankee-torpor"}  # not in these inputs


@pytest.mark.parametrize("line", [EVERYTHING, COMPARED], ids=["analyze", "compare"])
def test_verify_does_a_masked_run_again_with_its_key(once: Once, line: str) -> None:
    _, out = once.run(line)
    inputs = [EARLIER, LATER, f"PLACE/{FILES[2]}", f"PLACE/{FILES[3]}"]
    done = run(once.place, "verify", str(out), *inputs, "--mask-key", "PLACE/k.key")
    assert done.exit_code == 0, done.output
    without = run(once.place, "verify", str(out), *inputs)
    assert without.exit_code == 1
    assert "with --mask-key" in without.stdout.replace("\n", " ")


def test_a_folder_called_like_a_word_of_a_rule_changes_no_conclusion_and_no_action(
    tmp_path: Path,
) -> None:
    save(tmp_path / "old" / "password", user("key", **PASSWORD), root(), name=f"{DAY}.csv")
    line = "analyze PLACE/old --profile all --format json -o PLACE/out"
    run(tmp_path, *line.split(), "--mask", "--mask-key", "PLACE/k.key")
    (path,) = (tmp_path / "out").glob("*-masked.json")
    document = json.loads(path.read_bytes())
    assert "old-password" in document["users"][0]["conclusion"]
    actions = {each["rule"]: each["action"] for each in document["findings"]}
    assert actions["old-password"].startswith("Remove console access (CR-M")


def test_what_a_configuration_file_says_is_masked(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    (place / "credreport.toml").write_text(
        f'accounts = "{FILES[2]}"\nwaivers = "{FILES[3]}"\nprofile = "all"\nmask = true\n'
        f'mask-key = "k.key"\nprepared-by = "{TEXTS[5]}"\noutput = "out"\n'
    )
    done = run(place, *f"analyze {LATER} --format xlsx,json,md,oscal -v".split())
    assert done.exit_code == 3, done.output
    assert "from credreport.toml: output, profile, waivers, accounts, mask" in done.stderr.replace(
        "\n", " "
    )
    assert leaks(place / "out", done) == []
    assert not any(b"k.key" in data for _, data in contents(place / "out"))


def test_a_short_name_is_in_no_cell(once: Once) -> None:
    _, out = once.run(EVERYTHING)
    (workbook,) = out.glob("*.xlsx")
    values = {cell.value for sheet in load_workbook(workbook) for row in sheet for cell in row}
    assert "a" not in values
    assert "<root_account>" in values


def test_what_is_refused_is_said_without_names(place: Path) -> None:
    folder = place / FILES[0] / "2026-03-31"
    (folder / "yankee-torpor.csv").write_text("user,arn\nzebedee.quux\n")
    for line in (f"analyze {LATER} --format none", f"compare {EARLIER} {LATER} --format none",
                 f"analyze {LATER}/yankee-torpor-2.csv"):  # fmt: skip
        done = masked(place, *line.split())
        (place / "out").mkdir(exist_ok=True)
        assert done.exit_code == 2
        assert leaks(place / "out", done) == []
    done = masked(place, *f"analyze {LATER} --keep-going --format md,json".split())
    assert done.exit_code == 3
    assert leaks(place / "out", done) == []


def test_decisions_come_from_masked_and_from_plain_workbooks(place: Path) -> None:
    plain = run(place, *f"analyze {EARLIER} --format xlsx -o PLACE/plain".split())
    assert plain.exit_code == 3, plain.output
    (book,) = (place / "plain").glob("*.xlsx")
    decided = {"o'brien": ("Removed", TEXTS[7], DAY, TEXTS[8]), "a": ("Exception",)}
    fill_in(book, decided)
    carried = ("--carry-from", str(book))
    done = masked(place, *f"analyze {LATER} --format xlsx,json".split(), *carried)
    assert done.exit_code == 3, done.output
    assert leaks(place / "out", done) == []
    (first,) = (place / "out").glob("*-masked.json")
    made = json.loads(first.read_bytes())["decisions"]
    assert sum(each["disposition"] == "Removed" for each in made) >= 1
    again = masked(
        place, *f"compare {EARLIER} {LATER} --format json,xlsx --force".split(),
        "--carry-from", str(next((place / "out").glob("*.xlsx"))),
    )  # fmt: skip
    assert again.exit_code == 3, again.output
    assert leaks(place / "out", again) == []
    (second,) = (place / "out").glob("credreport-compare*-masked.json")
    then = json.loads(second.read_bytes())["decisions"]
    told = {(each["finding_id"], each["decided_by"]) for each in made if each["disposition"]}
    assert told == {
        (each["finding_id"], each["decided_by"]) for each in then if each["disposition"]
    }


@pytest.mark.parametrize("reported", ["", "abc"])
def test_a_decision_about_an_unknown_account_is_looked_for_there(
    tmp_path: Path, reported: str
) -> None:
    gone, here = (user(name, reported, **KEY) for name in ("gone", "here"))
    save(tmp_path / "june", gone, here, name="r_2026-06-30T12-00-00Z.csv")
    save(tmp_path / "september", here, name="r_2026-09-30T12-00-00Z.csv")
    run(tmp_path, "analyze", "PLACE/june", "--format", "xlsx", "-o", "PLACE/made")
    (book,) = (tmp_path / "made").glob("*.xlsx")
    fill_in(book, {"gone": ("Removed",), "here": ("Open",)})
    mask = ("--mask", "--mask-key", "PLACE/k.key", "--format", "json", "-o", "PLACE/out")
    run(tmp_path, "analyze", "PLACE/september", "--carry-from", str(book), *mask)
    (made,) = (tmp_path / "out").glob("*-masked.json")
    states = [each["state"] for each in json.loads(made.read_bytes())["decisions"]]
    assert states == ["open", "not_found"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("", "masked, so its decisions are about nobody in these inputs; add --mask"),
        ("--mask --mask-key PLACE/other.key", "masked with another key; give the --mask-key"),
    ],
)
def test_decisions_about_pseudonyms_that_this_run_does_not_have_are_refused(
    place: Path, options: str, why: str
) -> None:
    assert masked(place, *f"analyze {EARLIER} --format xlsx".split()).exit_code == 3
    (book,) = (place / "out").glob("*.xlsx")
    users = column(load_workbook(book)["Findings"], "User")
    fill_in(book, dict.fromkeys(users, ("Removed",)))
    line = f"analyze {LATER} --format xlsx -o PLACE/next {options}".split()
    done = run(place, *line, "--carry-from", str(book))
    assert done.exit_code == 2
    assert why in done.output.replace("\n", " ")
    assert not (place / "next").exists()


def test_the_same_key_makes_the_same_names_next_quarter(once: Once) -> None:
    found = [
        {
            (each["account_id"], each["user"], each["arn"])
            for each in once.document(f"analyze {folder} --format json")["users"]
        }
        for folder in (EARLIER, LATER)
    ]
    assert found[1] < found[0]
    assert all(
        re.fullmatch(r"arn:aws:iam::[0-9]{12}:(root|user/(path-\w+/)*user-\w+)", arn)
        for _, _, arn in found[0]
    )


def test_a_class_has_one_pseudonym_everywhere(place: Path) -> None:
    (place / "p.toml").write_text('[[class]]\nmatch = "numbat-*"\nunused_after_days = 30\n')
    line = (
        f"analyze {LATER} --mask --mask-key PLACE/k.key --policy PLACE/p.toml --format none --json"
    )
    done = run(place, *line.split())
    document = json.loads(done.stdout)
    (of_class,) = document["parameters"]["classes"]
    (message,) = (each["message"] for each in document["warnings"] if "in class" in each["message"])
    assert f"no user is in class '{of_class['match']}' (" in message
    assert "numbat" not in done.output
    told = run(
        place, "unmask", "--mask-key", "PLACE/k.key", "--reports", LATER, "--policy", "PLACE/p.toml",
        of_class["match"],
    )  # fmt: skip
    assert told.stdout == f"{of_class['match']}: numbat-*\n"


def test_unmask_gives_the_names_back_to_who_has_the_key(once: Once) -> None:
    document = once.document(JSON)
    asked = {each["user"] for each in document["users"]} - {"<root_account>"}
    asked |= {document["accounts"][0]["account_id"], document["users"][1]["arn"]}
    asked |= {each["name"] for each in document["accounts"] if each["name"]}
    line = [
        "unmask",
        "--mask-key",
        "PLACE/k.key",
        "--reports",
        LATER,
        "--accounts",
        f"PLACE/{FILES[2]}",
    ]
    done = run(once.place, *line, *asked)
    assert done.exit_code == 0, done.output
    printed = {line.partition(": ")[2] for line in done.stdout.splitlines()}
    assert {*USERS[:2], *USERS[3:5], NAMES[0]} <= printed
    assert printed & {ONE, TWO, THREE}
    unknown = run(once.place, *line, "user-aaaaaaaaaaaaaa")
    assert unknown.exit_code == 1
    assert "user-aaaaaaaaaaaaaa: no name" in unknown.stderr


def test_unmask_reads_the_older_reports_of_the_inputs_too(once: Once) -> None:
    document = once.document(f"analyze {EARLIER} --format json")
    asked = {each["user"] for each in document["users"]} - {"<root_account>"}
    asked |= {each["finding_id"] for each in document["findings"]}
    line = ["unmask", "--mask-key", "PLACE/k.key", "--reports", f"PLACE/{FILES[0]}"]
    done = run(once.place, *line, *asked)
    assert done.exit_code == 0, done.output
    assert ": b\n" in done.stdout  # only the older reports have this user


def test_unmask_names_what_cannot_be_read(place: Path) -> None:
    masked(place, *f"analyze {LATER} --format none".split())
    line = ["unmask", "--mask-key", "PLACE/k.key", "user-aaaaaaaaaaaaaa", "--reports"]
    bad = place / FILES[0] / "bad.csv"
    bad.write_text("x")
    done = run(place, *line, f"PLACE/{FILES[0]}")
    assert done.exit_code == 1
    assert done.stderr.startswith("refused: bad.csv, line 1, column 1: not a credential report")
    done = run(place, *line, str(bad))
    assert done.exit_code == 2
    assert done.stderr.endswith("\n1 input refused, nothing written\n")
    (place / "empty" / "evidence").mkdir(parents=True)
    done = run(place, *line, "PLACE/empty")
    assert done.exit_code == 2


def test_the_key_is_the_users_and_stays_apart(once: Once) -> None:
    place, (done, out) = once.place, once.run(JSON)
    key = place / "k.key"
    assert done.exit_code == 3
    assert key.stat().st_mode & 0o777 == 0o600
    text = key.read_text().split()[1].encode()
    assert not any(text in data for _, data in contents(out))


def test_a_key_among_the_evidence_or_open_to_others_is_refused(place: Path, once: Once) -> None:
    for name, words in (("out/k", "the evidence"), (f"{FILES[0]}/2026-03-31/k", "the inputs")):
        line = f"analyze {LATER} --mask --mask-key PLACE/{name} -o PLACE/out".split()
        refused = run(place, *line)
        assert refused.exit_code == 2
        assert words in refused.stderr
        assert not (place / name).exists()
    once.run(JSON)
    key = place / "k.key"
    shutil.copyfile(once.place / "k.key", key)
    key.chmod(0o644)
    refused = masked(place, *f"analyze {LATER}".split())
    assert refused.exit_code == 2
    assert "chmod 600" in refused.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--mask", "--mask needs --mask-key FILE"),
        ("--mask-key PLACE/k.key", "--mask-key without --mask"),
        (
            "--mask --mask-key PLACE/k.key --format sh",
            "a script with pseudonyms could act on nobody",
        ),
    ],
)
def test_half_a_question_is_refused(place: Path, options: str, words: str) -> None:
    done = run(place, *f"analyze {LATER} -o PLACE/out {options}".split())
    assert done.exit_code == 2
    assert words in done.stderr.replace("\n", " ")
    assert not (place / "k.key").exists()


def test_which_of_two_reports_is_newer_is_asked_without_names(tmp_path: Path) -> None:
    for folder, mfa in (("kiwi", "true"), ("zulu folder", "false")):
        save(
            tmp_path / "in" / folder, root(ONE, mfa_active=mfa), name="zulu 2026-03-01T00-00-00.csv"
        )
    done = run(tmp_path, "inspect", "PLACE/in")
    assert "'zulu folder/zulu 2026-03-01T00-00-00.csv'" in done.stderr
    save(tmp_path / "in", root(TWO), name="2026-03-01T00-00-00.csv")
    done = run(tmp_path, "analyze", "PLACE/in", "--keep-going", "--mask", "--mask-key", "PLACE/key", "--format",
               "json", "-o", "PLACE/out")  # fmt: skip
    (document,) = (tmp_path / "out").glob("*-masked.json")
    assert done.exit_code == 3
    assert "no stamp says which is newer" in document.read_text()
    assert not {"kiwi", "zulu"} & {*re.findall("kiwi|zulu", document.read_text() + done.stderr)}


def test_why_a_file_is_left_out_names_no_other_and_is_said_again_by_verify(tmp_path: Path) -> None:
    save(tmp_path / "in", root(ONE), name="kiwi 2026-03-01.csv")
    (tmp_path / "in" / "link").symlink_to("kiwi 2026-03-01.csv")
    (tmp_path / "in" / "notes.zulu").write_text("notes")
    with tarfile.open(tmp_path / "in" / "2026-03-01.tar", "w") as archive:
        member = tarfile.TarInfo("link")
        member.type, member.linkname = tarfile.SYMTYPE, "/home/kiwi/zulu"
        archive.addfile(member)
    command = "analyze PLACE/in --keep-going --mask --mask-key PLACE/key --format json -o PLACE/out"
    done = run(tmp_path, *command.split())
    (document,) = (tmp_path / "out").glob("*-masked.json")
    assert document.read_text().count("another name of the file 'file-") == 1
    assert not {"kiwi", "zulu"} & {*re.findall("kiwi|zulu", document.read_text() + done.stderr)}
    again = run(tmp_path, "verify", "PLACE/out", "PLACE/in", "--mask-key", "PLACE/key")
    assert again.exit_code == 0, again.output


def test_which_file_only_a_directory_dates_is_said_without_its_name(tmp_path: Path) -> None:
    save(tmp_path / "in/2026-02-01", root(ONE), name='!$(id)kiwi\'"a copy of ".csv')
    command = "analyze PLACE/in --mask --mask-key PLACE/key --format json -o PLACE/out"
    done = run(tmp_path, *command.split())
    (document,) = (tmp_path / "out").glob("*-masked.json")
    (warning,) = [
        each["message"]
        for each in json.loads(document.read_text())["warnings"]
        if each["warning"] == "reports dated only by a directory or an archive"
    ]
    assert re.fullmatch(
        r"when '\S+' was made is said only by the name of a directory or .*", warning
    )
    assert "kiwi" not in document.read_text() + done.output


def test_verify_knows_a_masked_run_again_that_left_out_an_older_report(tmp_path: Path) -> None:
    save(tmp_path / "in", root(ONE), user("bob", ONE), name="kiwi 2026-02-01.csv")
    save(tmp_path / "in", root(ONE), name="kiwi 2026-03-01.csv")
    mask = ("--mask-key", "PLACE/key")
    run(tmp_path, "analyze", "PLACE/in", "--mask", *mask, "--format", "json", "-o", "PLACE/out")
    again = run(tmp_path, "verify", "PLACE/out", "PLACE/in", *mask)
    assert again.exit_code == 0, again.output


def test_an_older_report_that_is_not_judged_is_named_by_its_pseudonym(tmp_path: Path) -> None:
    save(tmp_path / "in", root(ONE), name="kiwi 2026-02-01.csv")
    save(tmp_path / "in", user("bob", ONE), name="part 2026-03-01.csv")
    command = ("analyze", "PLACE/in", "--mask", "--mask-key", "PLACE/key", "-o", "PLACE/out")
    done = run(tmp_path, *command)
    assert done.exit_code == 2
    assert "the older one, 'file-" in " ".join(done.stderr.split())
    assert "kiwi" not in done.stderr
