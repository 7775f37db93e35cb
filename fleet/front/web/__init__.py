"""The dashboard: pages over the journal, which they only read."""
