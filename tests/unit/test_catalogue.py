"""The house rules of jobs, held by everything in the catalogue."""

import inspect
import re

import pytest
from temporalio import workflow

from mainspring.contracts.message import Message
from mainspring.domain.queues import consumer_of
from mainspring.workflows.runtime.catalogue import JOBS, UnknownJob, job_named, workflow_classes
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.runtime.tracking import tracked
from tests.defined import defined_activities, defined_workflows


@pytest.mark.parametrize("defined", sorted(defined_workflows(), key=str))
def test_every_workflow_is_in_the_catalogue(defined: type) -> None:
    """A workflow that nobody can start is a mistake; the test's name says which class it is."""
    assert defined in workflow_classes(), f"{defined.__name__} is not in the JOBS of its module"


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_is_named_as_its_workflow_and_in_kebab_case(job: AnyJob) -> None:
    """The name is wire format: one word of it for people, Temporal and the ledger."""
    (owner,) = [each for each in workflow_classes() if each.run is job.run]  # type: ignore[attr-defined]
    definition = workflow._Definition.must_from_class(owner)  # noqa: SLF001  # no public way to ask
    assert (job.name if job.queue is None else consumer_of(job.name)) == definition.name
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", job.name)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_takes_and_gives_the_messages_that_it_says(job: AnyJob) -> None:
    """One message in, one out, both documented, and a summary that is a sentence."""
    if job.queue is None:
        _, given = inspect.signature(job.run).parameters.values()
        assert (job.input, job.result) == (given.annotation, inspect.signature(job.run).return_annotation)
    assert issubclass(job.input, Message)
    assert job.input.__doc__
    assert job.summary[0].isupper()
    assert job.summary.endswith(".")


@pytest.mark.parametrize(
    "job", [job for job in JOBS if not job.is_internal and job.queue is None], ids=lambda job: job.name
)
def test_a_job_reports_to_the_ledger(job: AnyJob) -> None:
    """Without `@tracked` its tasks would stay QUEUED for ever."""
    inner = inspect.unwrap(job.run)
    assert inner is not job.run, f"{job.name} is not @tracked"
    assert tracked.__module__ == getattr(job.run, "__globals__", {})["__name__"]


@pytest.mark.parametrize(
    "job", [job for job in JOBS if job.key and job.input.model_fields], ids=lambda job: job.name
)
def test_a_job_says_in_a_word_what_its_key_is(job: AnyJob) -> None:
    """Whoever is told that there is one already wants to know of what."""
    assert job.key_says, f"{job.name} has a key without `key_says`"


def test_an_unknown_job_lists_those_that_are_known() -> None:
    """Whoever mistypes a name sees the right one."""
    with pytest.raises(UnknownJob) as caught:
        job_named("discover-set")

    assert "discover-sets" == caught.value.suggestion
    for job in JOBS:
        assert job.is_internal or job.name in str(caught.value)
    assert "relay-tasks" not in str(caught.value)


def test_job_names_are_unique() -> None:
    """Two jobs of one name would be one workflow type."""
    assert len(JOBS) == len({job.name for job in JOBS})


@pytest.mark.parametrize("name", sorted(defined_activities()))
def test_an_activity_is_named_by_domain_and_verb(name: str) -> None:
    """The name is wire format and never the default."""
    assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", name)
