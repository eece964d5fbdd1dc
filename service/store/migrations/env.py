"""Runs the steps on the connection that is handed over, within its transaction; Alembic executes this file."""

from alembic import context

from service.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
