"""The list of mutants that change nothing fits the source: each is there, once."""

from __future__ import annotations

from tests.support.mutation import EQUIVALENT, TESTS, find_mutants, read_sources


def test_every_mutant_that_is_said_to_change_nothing_is_one() -> None:
    found, equivalent = find_mutants(read_sources(TESTS))
    assert equivalent.total() == len(EQUIVALENT)
    assert {mutant.module for mutant in found} == set(TESTS)
