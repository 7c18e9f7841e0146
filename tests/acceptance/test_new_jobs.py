"""New jobs by the guides, to the letter: their files are put into a copy of the project, and their tests run.

One pytest runs them all. The files of docs/adding-a-job.md are in the page, those of docs/a-larger-job.md in
examples/articles, those of a fourth domain with mails and an import in tests/toy_domain, and those of
docs/testing.md in the page again: they are put into a project of somebody's own.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.project_copy import PROJECT, copied_project

GUIDE = PROJECT / "docs" / "adding-a-job.md"
LARGER_GUIDE = PROJECT / "docs" / "a-larger-job.md"
TESTING_GUIDE = PROJECT / "docs" / "testing.md"
EXAMPLE = PROJECT / "examples" / "articles"
TOY = PROJECT / "tests" / "toy_domain"
TOY_MIGRATION = "storage/migrations/versions/9001_coins.py"
END_TO_END = "coins_end_to_end.py"

PASS = {
    "test_the_migration_is_written_by_the_command",
    "test_the_migration_leads_to_the_declared_tables",
    "test_the_jobs_are_in_the_catalogue",
    "test_a_history_is_recorded_and_replays",
    "test_stock_is_taken",
    "test_a_large_file_is_loaded_within_the_quota",
    "test_coins_are_appraised_within_the_quota_and_owners_told_once",
    "test_a_sale_is_told_once",
    "test_a_refused_address_is_a_failed_effect",
}


def blocks(guide: Path) -> list[tuple[str, str]]:
    """Return the Python blocks of a guide, each with the path in its first line."""
    return re.findall(r"```python\n# (\S+\.py)\n(.*?)```", guide.read_text(), flags=re.DOTALL)


def files_below(folder: Path) -> list[Path]:
    """Return the Python files of a domain, as paths in the project, without its tests."""
    found = [each.relative_to(folder) for each in sorted(folder.rglob("*.py"))]
    return [each for each in found if each.parts[0] != "tests" and each.name != END_TO_END]


def lines_of(folder: Path) -> int:
    return sum(len((folder / path).read_text().splitlines()) for path in files_below(folder))


def test_the_first_guide_touches_three_files_and_a_test() -> None:
    """A job costs three files: messages, side effects, orchestration; and its test."""
    folders = [path.partition("/")[0] for path, _ in blocks(GUIDE)]
    assert ["contracts", "activities", "workflows", "tests"] == folders


def test_the_second_guide_shows_what_is_in_its_files() -> None:
    """A job with a file, a table, a vendor, a schedule and settings: eight files and a migration."""
    assert 8 == len(files_below(EXAMPLE))
    assert lines_of(EXAMPLE) < 280
    for path, text in blocks(LARGER_GUIDE):
        if "NNNN" not in path:
            file = (EXAMPLE / path).read_text()
            assert [] == [part for part in text.split("# …\n") if part not in file]


def test_a_domain_with_mails_and_an_import_is_at_most_ten_files_and_four_hundred_lines() -> None:
    """Messages, decisions, a table, its repository, a gateway, a batch job, an effect, an import."""
    assert len(files_below(TOY)) <= 10
    assert lines_of(TOY) <= 400


def test_the_testing_guide_needs_nothing_but_what_is_installed() -> None:
    """No file of ours is beside its tests."""
    assert ["tests/conftest.py", "tests/test_sale_alerts.py"] == [path for path, _ in blocks(TESTING_GUIDE)]
    imported = {
        node.module.partition(".")[0]
        for _, text in blocks(TESTING_GUIDE)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert {"mainspring"} == imported


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the project and put the files of all guides into it; none is there already."""
    copy = copied_project(tmp_path)
    newest = max(path.name[:4] for path in (copy / TOY_MIGRATION).parent.glob("*.py"))
    for path, text in blocks(GUIDE):
        _put(copy / path, text)
    for folder in (EXAMPLE, TOY):
        for source in sorted(folder.rglob("*.py")):
            _put(copy / source.relative_to(folder), source.read_text().replace('"HEAD"', f'"{newest}"'))
    return copy


def _put(file: Path, text: str) -> None:
    assert not file.exists(), f"{file} is not a new file"
    file.write_text(text)


@pytest.fixture
def another_project(tmp_path: Path) -> Path:
    """Make a project with the tests of the testing guide."""
    folder = tmp_path / "another"
    (folder / "tests").mkdir(parents=True)
    for path, text in blocks(TESTING_GUIDE):
        (folder / path).write_text(text)
    return folder


def run(project: Path, *arguments: str) -> str:
    """Run a Python module in the project, and return what it printed."""
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr
    return done.stdout


def test_jobs_made_by_the_guides_work(project: Path, another_project: Path) -> None:
    """What the guides say is enough: nothing else is touched, their tests pass, the linters are content."""
    tests = [
        "tests/acceptance/in_a_copy.py",
        "tests/integration/test_stocktaking.py",
        "tests/integration/test_articles.py",
        END_TO_END,
        str(another_project / "tests" / "test_sale_alerts.py"),
    ]
    told = run(project, "pytest", "-rA", "-q", "-n0", "-p", "no:cacheprovider", *tests)
    assert set(re.findall(r"^PASSED .*::(\w+)$", told, flags=re.MULTILINE)) == PASS

    (migration,) = (project / TOY_MIGRATION).parent.glob("*_articles.py")
    files = [path for path, _ in blocks(GUIDE)]
    files += [str(each.relative_to(EXAMPLE)) for each in sorted(EXAMPLE.rglob("*.py"))]
    run(project, "ruff", "check", "--no-cache", *files)
    run(project, "ruff", "check", "--no-cache", "--fix", str(migration))  # what `make fmt` does
    run(project, "ruff", "format", "--no-cache", str(migration))
    (shown,) = (text for path, text in blocks(LARGER_GUIDE) if "NNNN" in path)
    assert shown.strip() in migration.read_text()
