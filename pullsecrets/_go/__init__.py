"""What Go's standard library does, where Python's does otherwise."""
