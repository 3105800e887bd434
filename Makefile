# One line a job; `make check` is what has to be green before a commit.
PYTHON ?= .venv/bin/python

.PHONY: setup check lint types test golden bench clean

setup:            ## a virtual environment with everything the tests need
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet -e '.[test]'

check: lint types test

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy

test:             ## the suite, with the gate on branch coverage
	$(PYTHON) -m pytest -n 2 --cov --cov-report=term-missing:skip-covered

golden:           ## accept the evidence of sample_reports/ as it is now; read the difference
	CREDREPORT_UPDATE_GOLDEN=1 $(PYTHON) -m pytest -q tests/test_samples.py
	git diff --stat tests/golden

bench:            ## docs/performance.md: beside others that do the same; about a quarter of an hour
	python3 -m venv .bench
	.bench/bin/python -m pip install --quiet -e '.[bench]'
	.bench/bin/python -m benchmarks.run

clean:
	rm -rf .venv .bench build evidence *.egg-info
