"""Measurements of the whole program beside others that do the same: `make bench`."""
