"""Taste profiles."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import Json, OuterId, UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gifting_taste_profiles",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("id", OuterId, nullable=False),
        sa.Column("user_id", OuterId, nullable=False),
        sa.Column("recipient_id", OuterId, nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("facets", Json, nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("embedding_task_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name="pk_gifting_taste_profiles"),
        sa.UniqueConstraint("workspace", "user_id", "recipient_id", name="uq_gifting_taste_profiles_user_id"),
    )
