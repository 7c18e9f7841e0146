"""Names of workspaces, refused where they come in."""

from pathlib import Path

import pytest

from mainspring.client.errors import BadInput
from mainspring.client.workspaces import checked_workspace
from mainspring.config.settings import Settings
from mainspring.config.settings_errors import SettingsError
from mainspring.contracts.workspaces import LONGEST_WORKSPACE

ACCEPTED = "1 to 200 printable characters, without blanks at the ends"


@pytest.mark.parametrize(
    "name", ["", " ", " shop", "shop\n", "a\0b", "a\x7fb", "a\u2028b", "a\u200bb", "\ud800", "x" * 201]
)
def test_a_name_that_no_workspace_can_have_is_refused_in_words(name: str) -> None:
    """Nothing is stored that the database changes, nor two names that nobody can tell apart."""
    with pytest.raises(BadInput, match=rf"^workspace: ([^\n]*) is not accepted: {ACCEPTED}$"):
        checked_workspace(name)


@pytest.mark.parametrize("name", ["default", "shop-7", "Möbel & Co.", "%_", "x" * LONGEST_WORKSPACE])
def test_other_names_stay_as_they_are(name: str) -> None:
    """Also those with characters that mean something to a database."""
    assert name == checked_workspace(name)


def test_the_setting_has_the_same_rules(tmp_path: Path) -> None:
    """A wrong name in .env is reported with all else that is wrong there."""
    file = tmp_path / ".env"
    file.write_text("MAINSPRING_WORKSPACE='a\u200bb'\n")
    with pytest.raises(SettingsError, match=f"MAINSPRING_WORKSPACE=.*: Input should be {ACCEPTED}"):
        Settings.load(file)
    file.write_text("MAINSPRING_WORKSPACE=shop-7\n")
    assert "shop-7" == Settings.load(file).workspace
