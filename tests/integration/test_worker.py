"""What the composition root puts together."""

from tests.defined import activity_name, defined_activities, defined_workflows
from tests.service import Service


async def test_the_worker_knows_every_workflow_and_every_activity(workerless: Service) -> None:
    """What is defined but not registered would fail only when it is first called."""
    general, *roles = [each.config(active_config=False) for each in workerless.worker().all]

    assert defined_workflows() == set(general["workflows"])
    for config in (general, *roles):
        assert defined_activities() == {activity_name(each) for each in config["activities"]}
