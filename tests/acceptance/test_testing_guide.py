"""docs/testing.md, followed to the letter in a project of somebody's own."""

import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "testing.md"
SETTINGS = '[tool.pytest.ini_options]\nasyncio_mode = "auto"\n'


def test_the_tests_of_the_guide_pass_in_another_project(tmp_path: Path) -> None:
    """With nothing but the plugin: no file of ours is beside them."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    blocks = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    for path, text in blocks:
        (tmp_path / path).write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110)
    assert ["tests/conftest.py", "tests/test_sale_alerts.py"] == [path for path, _ in blocks]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
