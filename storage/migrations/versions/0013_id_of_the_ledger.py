"""The ledger's own id, by which a client finds that a Temporal is worked for another ledger."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ledger = op.create_table(
        "ledger", sa.Column("id", sa.Uuid(), nullable=False), sa.PrimaryKeyConstraint("id", name="pk_ledger")
    )
    op.bulk_insert(ledger, [{"id": uuid4()}])
