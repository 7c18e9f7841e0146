"""All jobs: the `JOBS` of every module in this package.

The command line, the client and the worker read this table and nothing else.
"""

import difflib
import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator

from mainspring import workflows
from mainspring.workflows.runtime.job import AnyJob


def _all_jobs() -> Iterator[AnyJob]:
    for found in pkgutil.iter_modules(workflows.__path__):
        module = importlib.import_module(f"{workflows.__name__}.{found.name}")
        yield from getattr(module, "JOBS", ())


JOBS: tuple[AnyJob, ...] = tuple(_all_jobs())


class UnknownJob(LookupError):
    """No job of this name is known: in the catalogue, or `among` those that a caller may start.

    `suggestion` is the known name most like it, if any is.
    """

    def __init__(self, name: str, among: Iterable[AnyJob] = ()) -> None:
        known = sorted(job.name for job in among or JOBS if not job.is_internal)
        self.name = name
        self.suggestion = next(iter(difflib.get_close_matches(name, known, n=1)), None)
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        super().__init__(f"no job is called {name!r}{hint}; known jobs: {', '.join(known)}")


def job_named(name: str) -> AnyJob:
    """Return a job by its name; UnknownJob lists the known ones."""
    for job in JOBS:
        if job.name == name:
            return job
    raise UnknownJob(name)


def workflow_classes() -> list[type]:
    """Return the workflow class of every job, for the worker and the replayer."""
    return [_class_of(job) for job in JOBS]


def _class_of(job: AnyJob) -> type:
    owner: type = getattr(sys.modules[job.run.__module__], job.run.__qualname__.split(".")[0])
    return owner
