"""Runs shared by the workers of a real Dask cluster."""
