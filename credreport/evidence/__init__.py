"""The evidence: one value of facts, tables and text that feeds every format."""
