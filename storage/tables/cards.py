"""The trading-card tables: accounts, the vendor's catalogue, what is tracked, and inventories."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mainspring.storage.tables.base import Base, Json, OuterId


class AccountRow(Base):
    """A customer of the platform who tracks cards. Without a key of its own it uses the default key."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(OuterId)
    name: Mapped[str] = mapped_column(String(200))
    plan: Mapped[str] = mapped_column(String(50))
    anchor_day: Mapped[int]
    api_key_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("workspace", "name"),
        CheckConstraint("anchor_day BETWEEN 1 AND 31", name="anchor_day"),
    )


class GameRow(Base):
    """A game of the vendor's."""

    __tablename__ = "games"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    name: Mapped[str] = mapped_column(Text)


class CardSetRow(Base):
    """A set of cards. Money in US cents."""

    __tablename__ = "card_sets"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    game_id: Mapped[str] = mapped_column(ForeignKey("games.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    cards_count: Mapped[int]
    variants_count: Mapped[int]
    sealed_count: Mapped[int]
    release_date: Mapped[date | None]
    value_cents: Mapped[int | None]
    updated_at: Mapped[datetime]


class CardRow(Base):
    """A card. `set_id` is the vendor's word: its set may not have been discovered yet."""

    __tablename__ = "cards"

    uuid: Mapped[str] = mapped_column(String(100), primary_key=True)
    id: Mapped[str] = mapped_column(String(500), index=True)
    name: Mapped[str] = mapped_column(Text)
    game_name: Mapped[str] = mapped_column(Text)
    set_id: Mapped[str] = mapped_column(String(200), index=True)
    set_name: Mapped[str] = mapped_column(Text)
    number: Mapped[str | None] = mapped_column(String(100))
    rarity: Mapped[str | None] = mapped_column(String(100))
    tcgplayer_id: Mapped[str | None] = mapped_column(String(100))
    mtgjson_id: Mapped[str | None] = mapped_column(String(100))
    scryfall_id: Mapped[str | None] = mapped_column(String(100))
    details: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime]


class VariantRow(Base):
    """A condition, printing and language of a card, with its last known price in US cents."""

    __tablename__ = "variants"

    uuid: Mapped[str] = mapped_column(String(100), primary_key=True)
    id: Mapped[str] = mapped_column(String(500), index=True)
    card_uuid: Mapped[str] = mapped_column(ForeignKey("cards.uuid"), index=True)
    condition: Mapped[str] = mapped_column(String(100))
    printing: Mapped[str] = mapped_column(String(100))
    language: Mapped[str | None] = mapped_column(String(50))
    tcgplayer_sku_id: Mapped[str | None] = mapped_column(String(100))
    price_cents: Mapped[int | None]
    priced_at: Mapped[datetime | None]
    statistics: Mapped[dict[str, Any]] = mapped_column(Json)
    updated_at: Mapped[datetime]


class PriceRow(Base):
    """A price that a variant had from `at` on; one row a change. Money in US cents."""

    __tablename__ = "price_history"

    variant_uuid: Mapped[str] = mapped_column(ForeignKey("variants.uuid"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    price_cents: Mapped[int | None]


class Tracked:
    """What an account follows, and how far the vendor's listing of it has been stored.

    `next_offset` is where the next page starts, `fetch_started_at` when the first page was asked for,
    `last_fetched_at` when all pages had been stored, `refused_at` when it was last passed over, because the
    vendor refused a page or failed at it.
    """

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    next_offset: Mapped[int] = mapped_column(default=0)
    fetch_started_at: Mapped[datetime | None]
    last_fetched_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]


class TrackedGameRow(Tracked, Base):
    """A game whose sets an account wants to know."""

    __tablename__ = "tracked_games"

    game_id: Mapped[str] = mapped_column(String(200), primary_key=True)


class TrackedSetRow(Tracked, Base):
    """A set whose cards an account wants to know."""

    __tablename__ = "tracked_sets"

    set_id: Mapped[str] = mapped_column(String(200), primary_key=True)


class InventoryItemRow(Base):
    """Something that an account holds, under the account's own reference."""

    __tablename__ = "inventory_items"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    reference: Mapped[str] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("account_id", "reference"),)


class InventoryVariantRow(Base):
    """How many of one variant an item holds, and when its price was last looked up.

    `variant_id` is the vendor's: the variant may not have been fetched yet. `missing_at` is when the
    vendor last did not know it.
    """

    __tablename__ = "inventory_variants"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("inventory_items.id"), primary_key=True)
    variant_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    quantity: Mapped[int]
    last_price_update_at: Mapped[datetime | None]
    missing_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("quantity >= 0", name="quantity"),
        Index("ix_inventory_variants_account_id", "account_id", "variant_id"),
    )
