"""Others that do the same: read the reports of a directory, print the unused credentials.

Each is a script of its own, written as those who use that tool every day would write it:

    python -m benchmarks.peers.NAME DIRECTORY [THREADS]

The account comes from the ARN, the as-of from the file's name. One line a finding on standard
output: account, user, credential, separated by tabs, in any order.
"""
