"""The column and the index of vectors, where PostgreSQL has the extension pgvector."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    available = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"
    if connection.dialect.name != "postgresql" or not connection.scalar(sa.text(available)):
        return
    try:
        with connection.begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except sa.exc.DBAPIError:  # it takes a right that this user may not have: searches compare all then
        return
    op.execute("ALTER TABLE gifting_vectors ADD COLUMN optional_embedding vector")
    # 384 numbers are those of the embedded model; `mainspring gifting index` makes an index for others.
    op.execute(
        "CREATE INDEX optional_ix_gifting_vectors_384 ON gifting_vectors "
        "USING hnsw ((optional_embedding::vector(384)) vector_cosine_ops) "
        "WITH (m = 24, ef_construction = 200) "
        "WHERE kind = 'product' AND vector_dims(optional_embedding) = 384"
    )
