"""A task that has ended stays as it ended, on both databases."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.contracts.tasks import Task, TaskState
from mainspring.storage.database import Database
from tests.ledger_writes import accepted, apply, get

WRITES = st.lists(
    st.sampled_from(["begin", "wait", "run", "report", "cancel", "error"])
    | st.sampled_from([TaskState.SUCCESS, TaskState.FAILED, TaskState.CANCELLED]),
    max_size=12,
)


@settings(max_examples=settings().max_examples // 4)
@given(writes=WRITES)
async def test_a_final_state_is_never_left_by_any_late_write(database: Database, writes: list[str]) -> None:
    """Whatever a slow worker, a sweep or a canceller still writes, in any order."""
    task_id = await accepted(database)
    final: Task | None = None
    for write in writes:
        await apply(database, task_id, write)
        task = await get(database, task_id)
        if final is not None:
            # A late failure may still be logged; nothing else moves.
            assert final == task.model_copy(update={"errors": final.errors})
        if task.state.is_final:
            final = task
