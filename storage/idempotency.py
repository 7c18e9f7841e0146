"""Answers that are given again to a call that is repeated, inside the caller's transaction."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from mainspring.storage.database import Session
from mainspring.storage.dialect import insert_into
from mainspring.storage.repository import Repository
from mainspring.storage.tables.api import IdempotentAnswerRow

# A call is repeated within seconds, or by a queue that was down, within hours.
KEPT = timedelta(days=2)


class IdempotentAnswers(Repository):
    """The answers of a workspace."""

    def __init__(self, session: Session, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def find(self, key: str) -> tuple[bytes, dict[str, Any]] | None:
        """Return the digest of the request that had this key first, and its answer."""
        row = await self._session.get(IdempotentAnswerRow, (self._workspace, key))
        return None if row is None else (row.request, row.answer)

    async def keep(self, key: str, request: bytes, answer: dict[str, Any], *, now: datetime) -> bool:
        """Keep an answer; return False when another call of this key was faster. Old answers go."""
        old = select(IdempotentAnswerRow.key).where(
            IdempotentAnswerRow.workspace == self._workspace, IdempotentAnswerRow.created_at < now - KEPT
        )
        await self._session.execute(
            delete(IdempotentAnswerRow).where(
                IdempotentAnswerRow.workspace == self._workspace,
                IdempotentAnswerRow.key.in_(old.limit(10)),
            )
        )
        row = {
            "workspace": self._workspace,
            "key": key,
            "request": request,
            "answer": answer,
            "created_at": now,
        }
        inserted = insert_into(self._session, IdempotentAnswerRow).values(row).on_conflict_do_nothing()
        found = await self._session.scalar(inserted.returning(IdempotentAnswerRow.key))
        return found is not None
