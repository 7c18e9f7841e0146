"""Start the delayed jobs of another queue: a line of JSON each, with job, input, at and perhaps priority.

python examples/moving/start_delayed.py < delayed.jsonl
"""

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import datetime

from mainspring.client.service import Service, open_service
from mainspring.workflows.runtime.catalogue import job_named


async def start_delayed(service: Service, lines: Iterable[str]) -> int:
    """Start all in one transaction, and return how many: after an error none is started."""
    started = 0
    async with service.database.session.begin() as session:
        for line in lines:
            delayed = json.loads(line)
            job = job_named(delayed["job"])
            await service.jobs.start(
                job,
                job.input.model_validate(delayed["input"]),
                at=datetime.fromisoformat(delayed["at"]),
                priority=delayed.get("priority", 3),
                triggered_by="moved",
                session=session,
            )
            started += 1
    return started


async def main() -> None:
    """Read standard input."""
    async with open_service() as service:
        sys.stdout.write(f"{await start_delayed(service, sys.stdin)} started\n")


if __name__ == "__main__":
    asyncio.run(main())
