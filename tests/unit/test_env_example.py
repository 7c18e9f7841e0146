import re
from pathlib import Path

from mainspring.config.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_lists_every_setting_and_nothing_else() -> None:
    """`.env.example` is the complete reference."""
    listed = re.findall(r"^#?((?:MAINSPRING|WISHLIST)_\w+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert 1 == listed.count("MAINSPRING_STATE_DIR")
    assert sorted(Settings.variables()) == sorted(listed)


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    """What the example says happens without a setting is what happens."""
    file = tmp_path / ".env"
    file.write_text(
        re.sub(r"^#((?:MAINSPRING|WISHLIST)_\w+=)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    )
    assert "\nMAINSPRING_UI_PORT=" in file.read_text()
    assert Settings.model_construct() == Settings.load(file)


def test_the_example_explains_every_setting() -> None:
    """Each group of settings stands under a comment."""
    for group in EXAMPLE.read_text().split("\n\n"):
        assert group.startswith("# ")
