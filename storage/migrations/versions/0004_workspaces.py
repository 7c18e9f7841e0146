"""Workspaces: whose the people, products, wishes, effects and accounts are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Whose everything is that was there before.
DEFAULT = "default"

UNPLANNED = sa.text("state = 'due' AND effect_id IS NULL")


def upgrade() -> None:
    # References go before the keys that they refer to, and come back after them.
    with op.batch_alter_table("wishlist_items") as items:
        items.drop_constraint("fk_wishlist_items_product_id", type_="foreignkey")
        items.drop_constraint("fk_wishlist_items_user_id", type_="foreignkey")
    _add_to_key("wishlist_products", ["id"])
    _add_to_key("wishlist_users", ["id"])
    _add_to_key("wishlist_items", ["product_id", "user_id"])
    with op.batch_alter_table("wishlist_items") as items:
        for column, table in (("product_id", "wishlist_products"), ("user_id", "wishlist_users")):
            items.create_foreign_key(
                f"fk_wishlist_items_{column}",
                table,
                ["workspace", column],
                ["workspace", "id"],
                ondelete="CASCADE",
            )
        items.drop_index("ix_wishlist_items_user_id")
        items.drop_index("ix_wishlist_items_added_at")
        items.create_index("ix_wishlist_items_user_id", ["workspace", "user_id"])
        items.create_index("ix_wishlist_items_added_at", ["workspace", "product_id", "added_at", "user_id"])
    key = ["product_id", "user_id", "kind", "episode", "price_cents"]
    _add_to_unique("wishlist_notifications", key, was="uq_wishlist_notifications_key", name="key")
    with op.batch_alter_table("wishlist_notifications") as notifications:
        notifications.drop_index("ix_wishlist_notifications_unplanned")
        notifications.create_index(
            "ix_wishlist_notifications_unplanned",
            ["workspace", "user_id"],
            sqlite_where=UNPLANNED,
            postgresql_where=UNPLANNED,
        )
    _add_to_unique("effects", ["dedupe_key"], was="uq_effects_dedupe_key", name="workspace_dedupe_key")
    with op.batch_alter_table("effects") as effects:
        effects.drop_index("ix_effects_owner")
        effects.create_index("ix_effects_owner", ["workspace", "owner", "kind", "state"])
        effects.create_index("ix_effects_created_at", ["workspace", "created_at"])
    _add_to_unique("accounts", ["name"], was="uq_accounts_name", name="workspace_name")


def _add_to_key(table: str, columns: Sequence[str]) -> None:
    """Give each row a workspace, and put that before the other columns of the primary key."""
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(f"pk_{table}", type_="primary")
        batch.add_column(_workspace())
        batch.create_primary_key(f"pk_{table}", ["workspace", *columns])
    _end_default(table)


def _add_to_unique(table: str, columns: Sequence[str], *, was: str, name: str) -> None:
    """Give each row a workspace, and put that before the other columns of a unique constraint."""
    with op.batch_alter_table(table, table_args=_checks(table)) as batch:
        batch.drop_constraint(was, type_="unique")
        batch.add_column(_workspace())
        batch.create_unique_constraint(f"uq_{table}_{name}", ["workspace", *columns])
    _end_default(table)


def _workspace() -> sa.Column[str]:
    kind = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
    return sa.Column("workspace", kind, nullable=False, server_default=DEFAULT)


def _end_default(table: str) -> None:
    """Let no row that comes from now on have a workspace of which nobody has said it."""
    with op.batch_alter_table(table, table_args=_checks(table)) as batch:
        batch.alter_column("workspace", server_default=None)


def _checks(table: str) -> tuple[sa.CheckConstraint, ...]:
    """Return the checks of a table: SQLite makes it anew, and does not tell of those that it had."""
    if table != "accounts":
        return ()
    return (sa.CheckConstraint("anchor_day BETWEEN 1 AND 31", name=op.f("ck_accounts_anchor_day")),)
