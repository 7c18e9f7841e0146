"""What the ledger decides: ids, percentages."""

from uuid import UUID, uuid5

from mainspring.contracts.workspaces import DEFAULT_WORKSPACE

# The namespace of ids derived from a run id, so that a raw start names the same row on every replay.
RAW_STARTS = UUID("5f0f2a3e-6f0c-5a57-9d6c-6d61696e7370")

# The memo field of a schedule's runs that holds the key of their task.
START_KEY = "start_key"


def derived_task_id(first_run_id: str) -> UUID:
    """Return the task id of a workflow that was started without one."""
    return uuid5(RAW_STARTS, first_run_id)


def name_within(workspace: str, name: str) -> str:
    """Return what a workspace calls its workflow of this name; the name itself in the default workspace.

    Names of two workspaces are never the same: no job's name begins with @, and the workspace ends at the
    first slash.
    """
    if workspace == DEFAULT_WORKSPACE:
        return name
    return f"@{workspace.replace('%', '%25').replace('/', '%2F')}/{name}"


def percentage(processed: int, total: int | None, part: float = 0) -> int:
    """Return the progress of unfinished work: 0 to 99, for only a finished task is at 100.

    `part` is how much of the next one is done, from 0 to 1.
    """
    if not total:
        return 0
    return min(99, max(0, int(100 * (processed + part) / total)))
