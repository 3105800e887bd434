"""Seeded damages of valid reports: each file is refused, or no stale credential is lost.

    python -m tests.support.damage --seed 1 --count 100000

reports     random reports with at least one unused credential
registry    one function per kind of damage, registered once
cells, lines, blocks, whole, zones    the kinds
containers  what a report is saved in, and a plain reading of it
trials      a report, damaged, read and judged: what became of it
"""
