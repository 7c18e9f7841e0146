"""Quotas: whose a budget is."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Whose everything is that was there before.
DEFAULT = "default"


def upgrade() -> None:
    kind = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
    with op.batch_alter_table("quotas") as quotas:
        quotas.drop_constraint("pk_quotas", type_="primary")
        quotas.add_column(sa.Column("workspace", kind, nullable=False, server_default=DEFAULT))
        quotas.create_primary_key("pk_quotas", ["workspace", "holder"])
    # No row that comes from now on has a workspace of which nobody has said it.
    with op.batch_alter_table("quotas") as quotas:
        quotas.alter_column("workspace", server_default=None)
