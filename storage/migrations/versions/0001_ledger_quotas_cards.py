"""The task ledger, quotas and trading cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:

    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("plan", sa.String(length=50), nullable=False),
        sa.Column("anchor_day", sa.Integer(), nullable=False),
        sa.Column("api_key_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("anchor_day BETWEEN 1 AND 31", name=op.f("ck_accounts_anchor_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_table(
        "cards",
        sa.Column("uuid", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=500), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("game_name", sa.Text(), nullable=False),
        sa.Column("set_id", sa.String(length=200), nullable=False),
        sa.Column("set_name", sa.Text(), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=True),
        sa.Column("rarity", sa.String(length=100), nullable=True),
        sa.Column("tcgplayer_id", sa.String(length=100), nullable=True),
        sa.Column("mtgjson_id", sa.String(length=100), nullable=True),
        sa.Column("scryfall_id", sa.String(length=100), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_cards")),
    )
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cards_id"), ["id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cards_set_id"), ["set_id"], unique=False)

    op.create_table(
        "games",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_games")),
    )
    op.create_table(
        "quotas",
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("state", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_quotas")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("workflow_id", sa.String(length=1000), nullable=False),
        sa.Column("run_id", sa.String(length=100), nullable=True),
        sa.Column("dedupe_key", sa.String(length=1000), nullable=True),
        sa.Column("workspace", sa.String(length=200), nullable=True),
        sa.Column("input", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("processed", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("checkpoint", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("current_step", sa.Text(), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("triggered_by", sa.Text(), nullable=False),
        sa.Column("retry_of", sa.Uuid(), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index("ix_tasks_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_tasks_state_updated_at", ["state", "updated_at"], unique=False)
        batch_op.create_index("ix_tasks_workflow_id", ["workflow_id"], unique=False)
        batch_op.create_index(
            "uq_tasks_active_dedupe_key",
            ["dedupe_key"],
            unique=True,
            sqlite_where=sa.text("state IN ('QUEUED', 'RUNNING', 'WAITING')"),
            postgresql_where=sa.text("state IN ('QUEUED', 'RUNNING', 'WAITING')"),
        )

    op.create_table(
        "card_sets",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("game_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cards_count", sa.Integer(), nullable=False),
        sa.Column("variants_count", sa.Integer(), nullable=False),
        sa.Column("sealed_count", sa.Integer(), nullable=False),
        sa.Column("release_date", sa.Date(), nullable=True),
        sa.Column("value_cents", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["game_id"], ["games.id"], name=op.f("fk_card_sets_game_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_sets")),
    )
    with op.batch_alter_table("card_sets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_sets_game_id"), ["game_id"], unique=False)

    op.create_table(
        "inventory_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_inventory_items_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_items")),
        sa.UniqueConstraint("account_id", "reference", name=op.f("uq_inventory_items_account_id_reference")),
    )
    op.create_table(
        "task_errors",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("stack", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_errors_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_errors")),
    )
    with op.batch_alter_table("task_errors", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_errors_task_id"), ["task_id"], unique=False)

    op.create_table(
        "tracked_games",
        sa.Column("game_id", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("next_offset", sa.Integer(), nullable=False),
        sa.Column("fetch_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tracked_games_account_id")),
        sa.PrimaryKeyConstraint("game_id", "account_id", name=op.f("pk_tracked_games")),
    )
    op.create_table(
        "tracked_sets",
        sa.Column("set_id", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("next_offset", sa.Integer(), nullable=False),
        sa.Column("fetch_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tracked_sets_account_id")),
        sa.PrimaryKeyConstraint("set_id", "account_id", name=op.f("pk_tracked_sets")),
    )
    op.create_table(
        "variants",
        sa.Column("uuid", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=500), nullable=False),
        sa.Column("card_uuid", sa.String(length=100), nullable=False),
        sa.Column("condition", sa.String(length=100), nullable=False),
        sa.Column("printing", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=50), nullable=True),
        sa.Column("tcgplayer_sku_id", sa.String(length=100), nullable=True),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("priced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("statistics", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["card_uuid"], ["cards.uuid"], name=op.f("fk_variants_card_uuid")),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_variants")),
    )
    with op.batch_alter_table("variants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_variants_card_uuid"), ["card_uuid"], unique=False)
        batch_op.create_index(batch_op.f("ix_variants_id"), ["id"], unique=False)

    op.create_table(
        "inventory_variants",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.String(length=500), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("last_price_update_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_inventory_variants_quantity")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_inventory_variants_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["inventory_items.id"], name=op.f("fk_inventory_variants_item_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "variant_id", name=op.f("pk_inventory_variants")),
    )
    with op.batch_alter_table("inventory_variants", schema=None) as batch_op:
        batch_op.create_index("ix_inventory_variants_account_id", ["account_id", "variant_id"], unique=False)

    op.create_table(
        "price_history",
        sa.Column("variant_uuid", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["variant_uuid"], ["variants.uuid"], name=op.f("fk_price_history_variant_uuid")
        ),
        sa.PrimaryKeyConstraint("variant_uuid", "at", name=op.f("pk_price_history")),
    )
