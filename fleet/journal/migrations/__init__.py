"""How the tables of a journal came to be, one step per schema; run by alembic when it is opened."""
