"""The types of arrays that modules hand to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Numbers = npt.NDArray[np.int64]
Instants = npt.NDArray[np.datetime64]
Words = npt.NDArray[np.integer[Any]]  # of uint64: the stubs of numpy forget that
Places = npt.NDArray[np.int32] | Numbers
Rows = slice | Numbers
