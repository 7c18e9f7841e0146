"""Model runs and enrichments."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import Json, OuterId, UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("purpose", sa.String(length=100), nullable=False),
        sa.Column("subject", OuterId, nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("prompt_version", sa.String(length=100), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("is_batch", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_runs"),
    )
    op.create_index("ix_model_runs_at", "model_runs", ["workspace", "at", "id"])
    op.create_index("ix_model_runs_subject", "model_runs", ["workspace", "subject", "at", "id"])
    op.create_table(
        "gifting_enrichments",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("product_id", OuterId, nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("prompt_version", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("gift_tags", Json, nullable=False),
        sa.Column("occasion_fit", Json, nullable=False),
        sa.Column("style_tags", Json, nullable=False),
        sa.Column("short_description", sa.Text(), nullable=False),
        sa.Column("recipient_traits", Json, nullable=False),
        sa.Column("recipient_interests", Json, nullable=False),
        sa.Column("price_band", sa.String(length=20), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "product_id", name="pk_gifting_enrichments"),
    )
