"""polars: a lazy scan of all files, collected in its streaming engine."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

_SLOTS = (
    ("password", "password_enabled", "password_last_used", "password_last_changed"),
    *(
        (key, f"{key}_active", f"{key}_last_used_date", f"{key}_last_rotated")
        for key in ("access_key_1", "access_key_2")
    ),
)


def main() -> None:
    """Print the unused credentials."""
    directory, threads = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1"
    os.environ["POLARS_MAX_THREADS"] = threads
    import polars as pl  # noqa: PLC0415 - reads the variable

    def instant(column: str) -> pl.Expr:
        text = pl.col(column).str.replace("Z", "+00:00", literal=True)
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_zone="UTC", strict=False)

    reports = pl.scan_csv(
        f"{directory}/*.csv", infer_schema=False, include_file_paths="file"
    ).filter(pl.col("user") != "<root_account>")
    stamp = pl.col("file").str.extract(r"reports_(.{19})")
    reports = reports.with_columns(
        account=pl.col("arn").str.split(":").list.get(4),
        as_of=stamp.str.to_datetime("%Y-%m-%dT%H-%M-%S", time_zone="UTC"),
    )
    slots = [
        reports.filter(
            (pl.col(enabled) == "true")
            & (pl.col("as_of") - pl.coalesce(instant(used), instant(since)) >= timedelta(days=90))
        ).select("account", "user", pl.lit(name).alias("credential"))
        for name, enabled, used, since in _SLOTS
    ]
    found = pl.concat(slots).collect(engine="streaming")
    found.write_csv(sys.stdout.buffer, separator="\t", include_header=False)


if __name__ == "__main__":
    main()
