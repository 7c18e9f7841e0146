"""Occasions and their reminders; what users are reminded by, and their devices."""

import sqlalchemy as sa
from alembic import op

from mainspring.storage.tables.base import OuterId, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'QUEUED' AND dispatched_at IS NULL")
USER = ["wishlist_users.workspace", "wishlist_users.id"]


def upgrade() -> None:
    # Workers of the release before go on storing users, without these columns.
    for name in ("reminders", "reminders_by_mail", "reminders_by_push"):
        op.add_column(
            "wishlist_users", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true())
        )
    op.create_table(
        "devices",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", OuterId, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "user_id"], USER, name="fk_devices_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name="pk_devices"),
    )
    op.create_index("ix_devices_user_id", "devices", ["workspace", "user_id"])
    _occasions()
    _reminders()


def _occasions() -> None:
    op.create_table(
        "gifting_occasions",
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("id", OuterId, nullable=False),
        sa.Column("user_id", OuterId, nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("repeats", sa.String(20), nullable=False),
        sa.Column("recipient", sa.String(500), nullable=True),
        sa.Column("time_zone", sa.String(100), nullable=True),
        sa.Column("local_time", sa.Time(), nullable=False),
        sa.Column("offsets", sa.String(50), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "user_id"], USER, name="fk_gifting_occasions_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace", "id", name="pk_gifting_occasions"),
    )
    op.create_index("ix_gifting_occasions_user_id", "gifting_occasions", ["workspace", "user_id", "id"])


def _reminders() -> None:
    op.create_table(
        "gifting_reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("occasion_id", OuterId, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("remind_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("dispatched_at", UtcDateTime(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_gifting_reminders"),
        sa.UniqueConstraint(
            "workspace", "occasion_id", "date", "offset_days", name="uq_gifting_reminders_key"
        ),
    )
    op.create_index(
        "ix_gifting_reminders_waiting",
        "gifting_reminders",
        ["state", "remind_at", "id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_table(
        "gifting_reminder_deliveries",
        sa.Column("effect_id", sa.Uuid(), nullable=False),
        sa.Column("reminder_id", sa.Uuid(), nullable=False),
        sa.Column("workspace", OuterId, nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("device_id", sa.String(32), nullable=True),
        sa.Column("reason", sa.String(50), nullable=True),
        sa.ForeignKeyConstraint(
            ["effect_id"], ["effects.id"], name="fk_gifting_reminder_deliveries_effect_id"
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["gifting_reminders.id"], name="fk_gifting_reminder_deliveries_reminder_id"
        ),
        sa.PrimaryKeyConstraint("effect_id", name="pk_gifting_reminder_deliveries"),
    )
    op.create_index(
        "ix_gifting_reminder_deliveries_reminder_id", "gifting_reminder_deliveries", ["reminder_id"]
    )
