"""The index against the plain walk."""
