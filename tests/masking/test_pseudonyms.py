"""One name, one pseudonym, in whatever sentence it stands."""

from __future__ import annotations

import re
import time

import pytest

from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker


def test_odd_names_have_pseudonyms_too() -> None:
    masker = Masker(MaskKey(bytes(32)))
    for masked, name in ((masker.arn("no arn"), "no arn"), (masker.file(".csv"), ".csv")):
        assert name not in masked
        assert masker.originals[masked] == name


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"])
def test_a_partition_of_aws_stays(partition: str) -> None:
    masker = Masker(MaskKey(bytes(32)))
    start, _, _ = masker.arn(f"arn:{partition}:iam::111122223333:user/kiwi").partition("iam")
    assert start == f"arn:{partition}:"


@pytest.mark.parametrize("partition", ["kiwi", "aws-kiwi", "awskiwi", "kiwi-aws"])
def test_a_name_where_an_arn_has_its_partition_has_a_pseudonym(partition: str) -> None:
    masker = Masker(MaskKey(bytes(32)))
    arn = f"arn:{partition}:iam::111122223333:user/zulu"
    masked = masker.arn(arn)
    assert masker.originals[masked] == arn
    assert masker.text(f"{arn!r} of {arn} is odd") == f"{masked!r} of {masked} is odd"
    assert "kiwi" not in masked


@pytest.mark.parametrize(
    "name",
    [
        "kiwi zulu", "kiwi'zulu", 'kiwi"zulu', "kiwi'\"`zulu", "kiwi`zulu", "kiwi\\'zulu\"", "zulu\\", "kiwi\nzulu",
        "kiwi\x1b\u202e\U000e0001zulu", "arn:aws:iam::837261940538:user/kiwi zulu", "kiwi zulu/kiwi zulu.csv",
    ],
)  # fmt: skip
def test_no_letter_of_a_name_ends_its_quotes(name: str) -> None:
    masker = Masker(MaskKey(bytes(32)))
    said = masker.text(f"the user's cell {name!r} and `{name.replace('`', '')}` are of {name!r}")
    assert "kiwi" not in said
    assert "zulu" not in said
    assert said.startswith("the user's cell ")
    assert " are of " in said


def test_a_finding_id_has_one_pseudonym_everywhere_and_keeps_its_ordinal() -> None:
    """One whose digits are all decimal looks like an account."""
    masker = Masker(MaskKey(bytes(32)))
    many = [f"CR-{number:012X}-2" for number in range(2_000)]
    made = [masker.ids(each) for each in many]
    assert any(each[4:16].isdecimal() for each in made)
    assert [masker.text(f"of {each}, open") for each in many] == [
        f"of {each}, open" for each in made
    ]
    assert [masker.originals[each] for each in made] == many
    assert made[0] == f"{masker.ids(many[0][:15])}-2"


def test_a_quoted_name_is_called_as_it_is_elsewhere() -> None:
    masker = Masker(MaskKey(bytes(32)))
    name = "o'brien\t\"x"
    assert masker.user(name) in masker.text(f"{name!r} is twice in it")
    assert masker.text("(AWS's own 'false')") == "(AWS's own 'false')"
    assert masker.text(f"it starts with {'kiwi' * 9!r}"[:40]).startswith("it starts with 'cell-")
    assert masker.text("a copy of 'kiwi/zulu.csv'") == f"a copy of '{masker.file('kiwi/zulu.csv')}'"


@pytest.mark.parametrize("word", ["user", "mfa", "file", "root"])
def test_a_word_of_a_sentence_is_not_a_name(word: str) -> None:
    masker = Masker(MaskKey(bytes(32)))
    made = masker.user(word), masker.file(f"{word}.csv"), masker.name("owner", word)
    sentence = "console-without-mfa: root is a user in the file with mfa"
    assert masker.text(sentence) == sentence
    assert masker.text(f"{made} and {word!r}") == f"{made} and {masker.user(word)!r}"


@pytest.mark.parametrize("letters", ["a-", "1.", '"\\', "'\\", "x'\"", "`'", "arn:aws:iam::"])
def test_a_long_text_without_a_name_in_it_is_read_at_once(letters: str) -> None:
    masker = Masker(MaskKey(bytes(32)))
    masker.user("alice")
    started = time.process_time()
    masker.text(letters * 15_000)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("end", [".csv", ".JSON", ".json (answer 12)", " (answer 2)", ""])
def test_the_end_of_a_files_name_stays(end: str) -> None:
    masker = Masker(MaskKey(b"k" * 32))
    name = masker.file(f"narwhal{end}")
    assert re.fullmatch(rf"file-[a-z2-7]{{14}}{re.escape(end)}", name)
    assert masker.text(f"'narwhal{end}' is older") == f"'{name}' is older"


@pytest.mark.parametrize(
    ("text", "is_region", "is_service"),
    [
        ("ap-southeast-2", True, True),
        ("us-gov-west-1", True, True),
        ("eusc-de-east-1", True, True),
        ("aws-global", True, True),
        ("N/A", True, True),
        ("s3", False, True),
        ("execute-api", False, True),
        ("us-easkiwi", False, True),
        ("-kiwi", False, False),
        ("Kiwi", False, False),
        ("111122223333kiwi", False, False),
        ("kiwi.corp", False, False),
    ],
)
def test_only_what_may_be_a_region_or_a_service_stays(
    text: str, is_region: bool, is_service: bool
) -> None:
    masker = Masker(MaskKey(bytes(32)))
    assert (masker.region(text) == text, masker.service(text) == text) == (is_region, is_service)
    masker.user("s3")
    assert masker.service("s3") != "s3"


@pytest.mark.parametrize(
    ("cell", "stays"),
    [
        ("2026-01-31T12:00:00Z", True),
        ("2026-01-31T12:00:00+00:00", True),
        ("31.01.2026 12:00", True),
        ("1/31/2026", True),
        ("12:00", True),
        ("7", True),
        ("", True),
        ("1111-2222-3333", False),
        ("1111-2222-333", False),
        ("+49 170 1234567", False),
        ("1111222233334", False),
    ],
)
def test_a_cell_is_plain_only_as_a_date_or_a_short_number(cell: str, stays: bool) -> None:
    assert (Masker(MaskKey(bytes(32))).cell(cell) == cell) is stays


def test_ids_in_quotes_are_those_of_the_tables() -> None:
    masker = Masker(MaskKey(bytes(32)))
    account, finding = masker.account("111122223333"), masker.ids("CR-A3791EB9AFA1-2")
    assert masker.text("'111122223333' and 'CR-A3791EB9AFA1-2'") == f"'{account}' and '{finding}'"
