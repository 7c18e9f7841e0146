"""The jobs of gifting, a module for each thing that they are about."""

from mainspring.workflows.gifting import collections
from mainspring.workflows.gifting.products import EMBED_PRODUCT, ENRICH_PRODUCT
from mainspring.workflows.gifting.profiles import EMBED_PROFILE
from mainspring.workflows.gifting.reminders import REMINDER_JOBS
from mainspring.workflows.runtime.job import AnyJob

JOBS: tuple[AnyJob, ...] = (
    ENRICH_PRODUCT,
    EMBED_PRODUCT,
    EMBED_PROFILE,
    *collections.JOBS,
    *REMINDER_JOBS,
)
