"""Coins."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "HEAD"


def upgrade() -> None:
    outer_id = sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql")
    op.create_table(
        "coins",
        sa.Column("id", outer_id, nullable=False),
        sa.Column("owner_email", sa.String(length=254), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coins")),
    )
