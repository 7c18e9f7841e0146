"""Temporal's sandbox, in which workflow code runs: each workflow loads its own modules anew, and only these.

A domain's workflows are loaded for each run, and whatever is not deterministic raises there. The modules
that are passed through are loaded once for a process: they hold no state, and loading them was five sixths
of what the start of a workflow costs a worker. The replay tests load `mainspring.workflows.runtime` anew as
well, so that it stays as deterministic as the rest.
"""

from collections.abc import Sequence
from typing import ClassVar

from temporalio import workflow
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# Pure modules, which nothing can make differ between two runs.
PURE = ("mainspring.contracts", "mainspring.domain")
PASSED_THROUGH = (*PURE, "mainspring.workflows.runtime")


def workflow_runner(passed_through: Sequence[str] = PASSED_THROUGH) -> SandboxedWorkflowRunner:
    """Return what runs workflows in the sandbox, without loading `passed_through` anew."""
    return _Runner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*passed_through))


class _Runner(SandboxedWorkflowRunner):
    """Tries a workflow's class once for a process: a second worker of the same process finds the same."""

    _prepared: ClassVar[set[type]] = set()

    def prepare_workflow(self, defn: workflow._Definition) -> None:  # as the SDK names it
        if defn.cls not in self._prepared:
            super().prepare_workflow(defn)
            self._prepared.add(defn.cls)
