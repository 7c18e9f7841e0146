"""Vectors of products' and taste profiles' texts."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import OuterId, UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gifting_vectors",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", OuterId, nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "kind", "subject", name="pk_gifting_vectors"),
    )
    op.create_table(
        "gifting_vector_stamps",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("stamp", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "kind", name="pk_gifting_vector_stamps"),
    )
