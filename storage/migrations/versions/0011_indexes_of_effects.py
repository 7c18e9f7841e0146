"""Indexes of effects for the lists that people ask for: a page of a state, the newest first."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RESENT = sa.text("resends > 0")
# Whose end is not known.
OPEN = sa.text("state IN ('intended', 'sending', 'unknown')")


def upgrade() -> None:
    op.drop_index("ix_effects_state", "effects")
    op.drop_index("ix_effects_created_at", "effects")
    op.create_index("ix_effects_state", "effects", ["workspace", "state", "created_at", "id"])
    op.create_index("ix_effects_created_at", "effects", ["workspace", "created_at", "id"])
    op.create_index(
        "ix_effects_resends",
        "effects",
        ["workspace", "resends"],
        sqlite_where=RESENT,
        postgresql_where=RESENT,
    )
    op.create_index(
        "ix_effects_open", "effects", ["kind", "id", "state"], sqlite_where=OPEN, postgresql_where=OPEN
    )
