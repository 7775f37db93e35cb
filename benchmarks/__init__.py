"""Measurements of `fleet` beside other ways to do the same: ``python -m benchmarks``."""
