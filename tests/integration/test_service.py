"""The way in from Python."""

from pathlib import Path

import pytest

from mainspring.client.errors import NothingHere
from mainspring.client.service import open_service
from mainspring.config.settings import Settings


async def test_a_wrong_directory_is_an_error_not_a_second_database(tmp_path: Path) -> None:
    """Whoever runs from elsewhere would wait for ever for a worker that looks at another database."""
    settings = Settings(state_dir=tmp_path / "elsewhere")
    with pytest.raises(NothingHere, match="there is no database at"):
        async with open_service(settings):
            pass
    assert not settings.state_dir.exists()


async def test_a_database_is_made_where_that_is_asked_for(tmp_path: Path) -> None:
    """The command line makes it; from then on it is found."""
    settings = Settings(state_dir=tmp_path / "new")
    async with open_service(settings, create=True):
        pass
    async with open_service(settings) as service:
        assert [] == await service.jobs.find()
