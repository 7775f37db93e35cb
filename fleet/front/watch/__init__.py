"""Scheduled runs, and the alerts that follow from them."""
