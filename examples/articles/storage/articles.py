"""The articles in the database."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from mainspring.contracts.articles import Article
from mainspring.storage.dialect import upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables.articles import ArticleRow


class ArticleRepository(Repository):
    """Articles, inside the caller's transaction."""

    async def store(self, articles: Sequence[Article], brands: Mapping[str, str]) -> None:
        """Insert or overwrite articles, each with its brand if that is known."""
        rows = [article.model_dump() | {"brand": brands.get(article.ean)} for article in articles]
        await upsert(self._session, ArticleRow, rows)

    async def count_branded(self) -> int:
        """Return how many articles have a brand."""
        query = select(func.count()).select_from(ArticleRow).where(ArticleRow.brand.is_not(None))
        return (await self._session.scalars(query)).one()
