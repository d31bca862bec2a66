"""${message}.

Knows nothing about the present models: a migration is a record of what was done.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Go back one revision."""
    ${downgrades if downgrades else "pass"}
