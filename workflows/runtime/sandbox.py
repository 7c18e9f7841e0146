"""Temporal's sandbox, in which workflow code runs: each workflow loads its own modules anew, and only these.

A domain's workflows are loaded for each run, and whatever is not deterministic raises there. The modules
that are passed through are loaded once for a process: they hold no state, and loading them was five sixths
of what the start of a workflow costs a worker. The replay tests load `mainspring.workflows.runtime` anew as
well, so that it stays as deterministic as the rest.
"""

from collections.abc import Sequence

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# Pure modules, which nothing can make differ between two runs.
PURE = ("mainspring.contracts", "mainspring.domain")
PASSED_THROUGH = (*PURE, "mainspring.workflows.runtime")


def workflow_runner(passed_through: Sequence[str] = PASSED_THROUGH) -> SandboxedWorkflowRunner:
    """Return what runs workflows in the sandbox, without loading `passed_through` anew."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*passed_through)
    return SandboxedWorkflowRunner(restrictions=restrictions)
