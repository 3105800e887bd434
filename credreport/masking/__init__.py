"""Pseudonyms in place of names: by a key, the same in every run that has it."""
