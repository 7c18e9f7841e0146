"""What every table shares: the metadata and the column types that behave alike on both databases."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, UserDefinedType

# SQLite stores NULL as SQL NULL, never as the JSON text "null".
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# An id that others gave, in the order of its characters, as Python sorts, and not of the database's language.
OuterId = String(200).with_variant(String(200, collation="C"), "postgresql")


class PgVector(UserDefinedType[str]):
    """The type of the extension pgvector, which some PostgreSQL databases have."""

    cache_ok = True

    def __init__(self, size: int | None = None) -> None:
        self.size = size

    def get_col_spec(self, **_options: Any) -> str:
        """Return the type's name in SQL."""
        return "vector" if self.size is None else f"vector({self.size})"


# What reads a database's schema would take a column of the type for something unknown.
ischema_names["vector"] = PgVector


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, UTC in the database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring an aware datetime to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back an aware datetime in UTC."""
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if dialect.name == "sqlite" else stored.astimezone(UTC)


class Base(DeclarativeBase):
    """The root of every table, with names for constraints so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012  # SQLAlchemy's own protocol
