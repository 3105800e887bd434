"""What was judged, with pseudonyms; an error is the last sentence that could name somebody."""

from __future__ import annotations

from credreport.errors import OutputError, UsageError
from credreport.masking.judged import mask_error
from credreport.masking.key import MaskKey
from credreport.masking.pseudonyms import Masker


def test_an_error_about_the_output_keeps_its_paths_and_any_other_loses_them() -> None:
    masker = Masker(MaskKey(bytes(32)))
    assert mask_error(OutputError("out/x.csv: no room"), masker).lines == ("out/x.csv: no room",)
    masker.user("zebedee.quux")
    masked = mask_error(UsageError("zebedee.quux is not in the report"), masker)
    assert type(masked) is UsageError
    assert "zebedee" not in str(masked)
