"""What Alembic runs: the migrations, on a connection that the caller opened.

Knows nothing about addresses or credentials.
"""

from __future__ import annotations

from alembic import context

from workbench.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
