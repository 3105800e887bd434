"""When a report was made, as its container or its name says."""

from __future__ import annotations

from datetime import datetime

from credreport.errors import Notice
from credreport.instants import parse_instant, stamps_in_name


def find_stamp(name: str, generated_time: str) -> tuple[datetime | None, str, list[Notice]]:
    """Return when a file says it was made, where it says so, and the warnings about that."""
    if generated_time:
        stamp = parse_instant(generated_time.strip().replace(" ", "T"))
        if stamp:
            return stamp, "GeneratedTime", []
        message = f"GeneratedTime {generated_time[:40]!r} is not a time with its zone; not used"
        notices = [Notice(name, 0, "generated-time", message)]
    else:
        notices = []
    stamps = stamps_in_name(name.replace("\\", "/").rpartition("/")[2])
    if len(stamps) == 1:
        return stamps.pop(), "file name", notices
    if stamps:
        message = "the file's name holds several times; none was used"
        notices.append(Notice(name, 0, "several-stamps", message))
    return None, "", notices
