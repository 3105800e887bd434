"""DuckDB as most people call it: it finds out delimiter, quotes and columns of the files itself."""

from __future__ import annotations

import sys

from benchmarks.peers.duckdb_sql import print_unused

if __name__ == "__main__":
    print_unused(sys.argv[1], sys.argv[2], is_told=False)
