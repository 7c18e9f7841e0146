"""Collections of a day."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import Json, OuterId, UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gifting_collections",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("surface", sa.String(length=20), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("theme", sa.String(length=500), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("product_ids", Json, nullable=False),
        sa.Column("generated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "surface", "date", "position", name="pk_gifting_collections"),
    )
