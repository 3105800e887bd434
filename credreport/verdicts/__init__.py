"""The verdict on every credential, warnings, counts, findings."""
