"""Runs one operation on many sites: lanes, workers, visits, events."""
