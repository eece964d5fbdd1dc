"""The steps from no database to the schema, for Alembic."""
