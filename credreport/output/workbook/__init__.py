"""Evidence -> .xlsx: cells, data sheets, pages of blocks, and the bytes of the file."""
