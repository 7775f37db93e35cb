"""The record of every run: what it meant to change, how each site ended, and who holds which site.

The small types are in `fleet.journal.records`, which is cheap to import. Everything that speaks
to a database is reached through `fleet.journal.journal` and costs the import of SQLAlchemy.
"""
