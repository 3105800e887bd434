"""Points in time, read exactly: nothing is guessed, everything is UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time

INSTANT_PATTERN = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_INSTANT = re.compile(INSTANT_PATTERN)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_END_OF_DAY = time(23, 59, 59, tzinfo=UTC)


def parse_instant(text: str) -> datetime | None:
    """Return the UTC instant that the whole cell spells, or None.

    Accepts `YYYY-MM-DDTHH:MM:SS`, an optional fraction, and `Z` or `±HH:MM`: the one form that
    AWS writes. No other date is understood, because to guess is to judge wrongly.
    """
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> datetime | None:
    """Return the last second of the day `YYYY-MM-DD`, so that nothing of that day lies after it."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), _END_OF_DAY)
    except ValueError:
        return None


def parse_when(text: str) -> datetime | None:
    """Return what a user writes for a time: an instant with its zone, or a day."""
    return parse_instant(text.strip().replace(" ", "T")) or parse_date(text.strip())


def format_instant(instant: datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SSZ`."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()[:19]}Z"
