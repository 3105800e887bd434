"""The evidence as one page for a browser."""
