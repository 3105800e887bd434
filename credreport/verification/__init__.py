"""A directory of evidence -> what in it is not as it was written."""
