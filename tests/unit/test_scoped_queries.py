"""The client asks storage for one workspace's rows: whoever calls it from outside sees no others."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

from mainspring.storage.repository import Repository

CLIENT = Path(__file__).parents[2] / "client"

# Repositories of all workspaces that the client uses, each with what keeps its callers apart.
ALLOWED = {
    "account_lists.py": {
        "AccountRepository",  # the look names the workspace
        "InventoryRepository",  # an account's, which was found in the workspace
        "TrackedRepository",  # the same
    },
    "accounts.py": {
        "AccountRepository",  # each look names the workspace
        "InventoryRepository",  # an account's, which was found in the workspace
        "TaskWriter",  # wakes tasks that were found in the workspace
        "TrackedRepository",  # the same
    },
    "api_keys.py": {"PresentedKeys"},  # a key says in which workspace its callers work
    "cancelling.py": {"TaskWriter"},  # cancels tasks that were found in the workspace
    "card_keys.py": {"AccountRepository"},  # of an account that was found in the workspace
    "checks/ledger.py": {"Attention"},  # the doctor counts over the whole installation
    "encryption.py": {  # the keys are the installation's, and seal every workspace's secrets
        "PresentedKeys",
        "ReceiverRepository",
    },
    "gifting/reminder_clock.py": {"ReminderPlanner"},  # the clock is the installation's
    "gifting/products.py": {"TaskWriter"},  # cancels tasks that were found in the workspace
    "jobs/intake.py": {
        "TaskIntake",  # each new task says to which workspace it belongs
        "TaskQueries",  # looks at what has just been accepted
    },
    "jobs/jobs.py": {"TaskWriter"},  # cancels a task that was found in the workspace
    "ledger.py": {"WorkerRegister"},  # workers are the installation's
    "schedules/outcomes.py": {"TaskQueries"},  # schedules are the installation's
    "tasks/watching.py": {"WatchedTasks"},  # whoever opens a stream has found its task in the workspace
    "tasks/overview.py": {"WorkerRegister"},  # workers are the installation's
}


def unscoped(module: Path) -> Iterator[str]:
    """Give the repositories that a module imports and that know no workspace."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mainspring.storage"):
            source = importlib.import_module(node.module or "")
            for name in (alias.name for alias in node.names):
                kind = getattr(source, name)
                if inspect.isclass(kind) and issubclass(kind, Repository) and not _is_scoped(kind):
                    yield name


def _is_scoped(kind: type[Repository]) -> bool:
    return "workspace" in inspect.signature(kind).parameters


def test_the_client_reads_and_writes_within_a_workspace() -> None:
    """A repository that knows no workspace is used for the reasons above only."""
    found = {
        str(module.relative_to(CLIENT)): names
        for module in CLIENT.rglob("*.py")
        if (names := set(unscoped(module)))
    }

    assert ALLOWED == found
