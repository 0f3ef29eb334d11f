"""The benchmarks: `nox -s bench` runs them, `python -m benchmarks --small` tries them out."""
