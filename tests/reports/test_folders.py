"""The account IDs that names of files and directories have, and the directories in which reports are missing."""

from __future__ import annotations

import pytest

from credreport.reports.folders import Folders, accounts_beside

ACCOUNT = "444455556666"
HASH = "0123456789abcdef0123"


@pytest.mark.parametrize(
    ("name", "is_named"),
    [
        (f"{ACCOUNT}.csv", True),
        ("4444-5555-6666.csv", True),
        (f"1{ACCOUNT}.csv", False),
        (f"{ACCOUNT}2026.csv", False),
        # Within a hash, and beside one.
        (f"{ACCOUNT}{HASH}.csv", False),
        (f"abcdefabcdef{ACCOUNT}", False),
        (f"{HASH} {ACCOUNT}.csv", True),
        (f"{ACCOUNT} {HASH}.csv", True),
        # Less than twenty letters and digits are none.
        (f"abcdefa{ACCOUNT}", True),
    ],
)
def test_account_in_a_name(name: str, is_named: bool) -> None:
    assert accounts_beside(name, "") == ({ACCOUNT} if is_named else set())


@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("INC000012345678", ""),
        ("xINC000012345678.csv", ""),
        ("NC000012345678", "000012345678"),
        ("IN-000012345678", "000012345678"),
        ("INC100012345678", "100012345678"),
    ],
)
def test_number_of_a_ticket_is_no_account(name: str, account: str) -> None:
    assert accounts_beside(name, "") == {account} - {""}


@pytest.mark.parametrize(
    ("name", "is_account"),
    [
        ("281130101530", True),
        ("a/281130101530/b.csv", True),
        ("a/281130101530.csv", True),
        ("a/281130101530 b.csv", False),
        ("a/b 281130101530.csv", False),
        ("a/b 231130101530.csv", True),
        ("a/b 391130101530.csv", False),
        ("a/b 401130101530.csv", True),
        ("a/b 281330101530.csv", True),
    ],
)
def test_what_may_be_a_time_without_its_century_is_an_account_as_a_whole_name(
    name: str, is_account: bool
) -> None:
    assert bool(accounts_beside(name, "")) is is_account


def test_the_innermost_directory_called_by_a_date_or_an_account_is_missing() -> None:
    folders = Folders()
    folders.add(f"eu/{ACCOUNT}/2026-09-30/raw", holds=False)
    folders.add(f"us/{ACCOUNT}/raw", holds=False)
    folders.add("us/2026/09/30/raw", holds=False)
    folders.add(f"{ACCOUNT}/2026-09-30", holds=True)
    folders.add(f"{ACCOUNT}/2026-06-30", holds=False)
    assert {*folders.missing()} == {
        "us/2026/09/30", f"eu/{ACCOUNT}/2026-09-30", f"us/{ACCOUNT}", f"{ACCOUNT}/2026-06-30",
    }  # fmt: skip


def test_a_directory_holds_what_one_within_it_holds() -> None:
    folders = Folders()
    folders.add("2026-06-30/a", holds=False)
    folders.add("2026-06-30/a/b", holds=True)
    folders.add("2026-06-30/a", holds=False)
    assert [*folders.missing()] == []
