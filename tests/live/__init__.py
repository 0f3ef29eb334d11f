"""A real Kubernetes on loopback, without containers: `nox -s cluster`.

The files with tests have names that pytest does not collect: they need Go and take minutes.
"""
