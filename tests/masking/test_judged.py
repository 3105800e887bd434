"""What was judged, with pseudonyms; an error is the last sentence that could name somebody."""

from __future__ import annotations

import pytest

from credreport.errors import OutputError, UsageError
from credreport.masking.judged import mask_error
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker


def test_an_error_about_the_output_keeps_its_paths_and_any_other_loses_them() -> None:
    masker = Masker(MaskKey(bytes(32)))
    assert mask_error(OutputError("out/x.csv: no room"), masker).lines == ("out/x.csv: no room",)
    masked = mask_error(UsageError("'zebedee.quux' is not in the report"), masker)
    assert type(masked) is UsageError
    assert "zebedee" not in str(masked)


@pytest.mark.parametrize(
    "name",
    [
        "zebedee.toml",
        "111122223333-zebedee.toml",
        "CR-A3791EB9AFA1 zebedee.toml",
        "a'zebedee`\".toml",
    ],
)
@pytest.mark.parametrize("line", ["{}, line 3: a fault", "--policy {}: a fault", "--policy {}"])
def test_a_line_about_a_file_begins_with_its_pseudonym(name: str, line: str) -> None:
    masker = Masker(MaskKey(bytes(32)))
    error = UsageError(line.format(f"of/{name}"), line.format(name))
    assert mask_error(error, masker, ["of/" + name]).lines == (
        line.format(masker.file(f"of/{name}")),
        line.format(masker.file(name)),
    )
