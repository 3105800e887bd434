"""Whole runs: inspect and analyze, in memory or in batches on an executor."""
