"""Reading: files, streams and client objects, as far as plain mappings with their places."""
