"""Evidence written as files, one module per format."""
