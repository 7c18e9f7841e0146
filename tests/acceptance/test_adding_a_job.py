"""docs/adding-a-job.md, followed to the letter in a copy of the project."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.project_copy import PROJECT, copied_project

GUIDE = PROJECT / "docs" / "adding-a-job.md"


def files_in_the_guide() -> dict[str, str]:
    """Return the guide's files by path: each Python block names its file in its first line."""
    blocks = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    return dict(blocks)


@pytest.fixture
def project_with_new_job(tmp_path: Path) -> Path:
    """Copy the project and add the guide's files."""
    copy = copied_project(tmp_path)
    for path, text in files_in_the_guide().items():
        assert not (copy / path).exists(), f"{path} is not a new file"
        (copy / path).write_text(text)
    return copy


def run(project: Path, *arguments: str) -> str:
    """Run a Python module in the project, and return what it printed."""
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_guide_touches_three_files_and_a_test() -> None:
    """A job costs three files: messages, side effects, orchestration; and its test."""
    folders = [path.partition("/")[0] for path in files_in_the_guide()]
    assert ["contracts", "activities", "workflows", "tests"] == folders


def test_a_job_made_by_the_guide_is_catalogued_and_its_test_passes(project_with_new_job: Path) -> None:
    """What the guide says is enough, to the letter: nothing else is touched."""
    catalogue = run(project_with_new_job, "mainspring", "jobs")
    tested = run(
        project_with_new_job,
        "pytest",
        "-n0",
        "-p",
        "no:cacheprovider",
        "tests/integration/test_stocktaking.py",
    )
    linted = run(project_with_new_job, "ruff", "check", "--no-cache", *files_in_the_guide())

    assert "take-stock" in catalogue
    assert "1 passed" in tested
    assert "All checks passed" in linted
