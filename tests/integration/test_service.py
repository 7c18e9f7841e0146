"""The way in from Python."""

from pathlib import Path

import pytest

from mainspring.client.errors import BadInput, NothingHere
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
        assert [] == await service.tasks.find()


async def test_a_service_is_that_of_one_workspace(tmp_path: Path) -> None:
    """Named by its caller, or else by the settings, or else the one that was there before there were any."""
    settings = Settings(state_dir=tmp_path / "new", workspace="two")
    async with open_service(settings, create=True, workspace="one") as service:
        assert "one" == service.workspace
        await service.accounts.add("shop")

    for workspace, accounts in (("one", ["shop"]), (None, []), ("default", [])):
        async with open_service(settings, workspace=workspace) as service:
            assert (workspace or "two") == service.workspace
            assert accounts == [account.name for account in await service.accounts.list()]

    with pytest.raises(BadInput, match="workspace: "):
        async with open_service(settings, workspace=""):
            pass
