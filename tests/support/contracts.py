"""Contracts of tables, checked at the doors: what passes from one stage to the next is as declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pandas as pd
import pytest

from credreport.evidence.evidence import Evidence
from credreport.reports.normalise import INSTANT_DTYPE
from credreport.schema import ACCOUNT_NAMES, KEYS, TABLES, ColumnType
from credreport.verdicts.assessment import Assessment

_MAY_MISS = (ColumnType.TEXT_OR_NONE, ColumnType.NUMBER_OR_NONE, ColumnType.INSTANT_OR_NONE)
_ASSESSED = ("users", "credentials", "findings", "undetermined")


def breaches(name: str, table: pd.DataFrame, columns: Mapping[str, ColumnType]) -> list[str]:
    """Return in words where the table is not as its contract says."""
    found = [f"{name}: no column {column}" for column in columns if column not in table]
    dtypes = dict(table.dtypes)
    lacks_cells = dict(table.isna().any())
    for column, kind in columns.items():
        if column not in dtypes:
            continue
        if not _is_stored_as(dtypes[column], kind):
            found.append(f"{name}.{column}: {dtypes[column]}, expected {kind.value}")
        if kind not in _MAY_MISS and lacks_cells[column]:
            found.append(f"{name}.{column}: a cell is missing")
    key = [*KEYS.get(name, ())]
    if key and not found and table.duplicated(key).any():
        found.append(f"{name}: two rows have the same {', '.join(key)}")
    return found


def _is_stored_as(dtype: Any, kind: ColumnType) -> bool:
    if kind in (ColumnType.TEXT, ColumnType.TEXT_OR_NONE):
        return isinstance(dtype, pd.StringDtype)
    if kind in (ColumnType.NUMBER, ColumnType.NUMBER_OR_NONE):
        return pd.api.types.is_integer_dtype(dtype)
    if kind is ColumnType.FLAG:
        return pd.api.types.is_bool_dtype(dtype)
    return bool(dtype == INSTANT_DTYPE)


def _check_assessment(assessment: Assessment) -> list[str]:
    found = []
    for name in _ASSESSED:
        columns = {
            column: kind for column, kind in TABLES[name].items() if column not in ACCOUNT_NAMES
        }
        found += breaches(name, getattr(assessment, name), columns)
    return found


def _check_evidence(evidence: Evidence) -> list[str]:
    aside = evidence.aside.counts if evidence.aside else ()
    return [
        breach
        for name, columns in TABLES.items()
        if name in evidence.tables and name not in aside
        for breach in breaches(name, evidence.tables[name], columns)
    ]


@contextmanager
def doors_checked() -> Iterator[None]:
    """Check every table of every Assessment and Evidence that is made meanwhile."""
    checks: dict[type, Callable[[Any], list[str]]] = {
        Assessment: _check_assessment,
        Evidence: _check_evidence,
    }
    with pytest.MonkeyPatch.context() as patch:
        for door, check in checks.items():
            patch.setattr(door, "__init__", _checked(door.__init__, check))  # type: ignore[misc]
        yield


def _checked(make: Callable[..., None], check: Callable[[Any], list[str]]) -> Callable[..., None]:
    @wraps(make)
    def init(self: object, *args: object, **kwargs: object) -> None:
        make(self, *args, **kwargs)
        found = check(self)
        assert not found, "\n".join(found)

    return init
