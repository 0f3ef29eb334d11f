"""The benchmarks: `nox -s bench` prints their table, `nox -s bench -- --small` tries them out."""
