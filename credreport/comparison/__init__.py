"""Which credential is which across dates, and what became of it."""
