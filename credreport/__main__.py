"""`python -m credreport`."""

from __future__ import annotations

from credreport.cli.main import main

if __name__ == "__main__":
    main()
