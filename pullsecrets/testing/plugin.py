"""Placeholder until the pytest plugin lands."""
