"""The wheel in a fresh virtual environment, beside a project whose folders are called as ours are.

What the project depends on is taken from the environment of the tests, by a .pth file: nothing is downloaded.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.command_line import OURS
from tests.acceptance.running_service import RunningService

PROJECT = Path(__file__).parents[2]
# What a wheel is made of.
SOURCES = ("mainspring", "pyproject.toml", "README.md", "LICENSE", "THIRD-PARTY.md")
# What would hide ours, or be hidden by it, if the wheel installed more than `mainspring`.
THEIRS = ("activities", "client", "config", "contracts", "domain", "storage", "workflows", "worker.py")

SNIPPET = """
import asyncio
import sys
from uuid import UUID

import {theirs}
import mainspring.worker
{imports}

assert all(module.OWNER == "the shop" for module in ({theirs}))

async def main(account_id: UUID) -> None:
{body}
    print(prices.updated, mainspring.worker.__file__)

asyncio.run(main(UUID(sys.argv[1])))
"""


@dataclass(frozen=True)
class UsersProject:
    """A project of somebody else's, and the environment in which Mainspring is installed for it."""

    folder: Path
    environment: Path

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.environment / "bin" / "python"

    def run(self, *command: str | Path, state_dir: Path | None = None) -> str:
        """Run a command in the project's folder, and return what it printed."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        if state_dir:
            variables["MAINSPRING_STATE_DIR"] = str(state_dir)
        done = subprocess.run(
            command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False, timeout=280
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, because a build leaves files beside its sources."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True, timeout=60)
    (built,) = copy.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> UsersProject:
    """Install the wheel beside a project that has a module of each name that we use at the top."""
    place = tmp_path_factory.mktemp("shop")
    project = UsersProject(place / "project", place / "environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project.environment], check=True)
    subprocess.run([*_installer(project.python), wheel], check=True, capture_output=True, timeout=60)
    (packages,) = project.environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name in THEIRS:
        module = project.folder / name if name.endswith(".py") else project.folder / name / "__init__.py"
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text('OWNER = "the shop"\n')
    return project


def _installer(python: Path) -> list[str | Path]:
    if uv := shutil.which("uv", path=sysconfig.get_path("scripts")):
        return [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python]
    return [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]


def snippet_of_the_readme() -> str:
    """Return README's Python example as a script that takes an account's id."""
    (code,) = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    imports, _, body = code.partition("\n\n")
    theirs = ", ".join(name.removesuffix(".py") for name in THEIRS)
    return SNIPPET.format(
        theirs=theirs, imports=imports, body="\n".join(f"    {line}" for line in body.splitlines())
    )


def test_the_wheel_installs_one_name(wheel: Path, project: UsersProject) -> None:
    """Nothing lands in site-packages but `mainspring`, with its types, mails and migrations."""
    (packages,) = project.environment.glob("lib/python*/site-packages")
    installed = {path.name for path in packages.iterdir()} - {"dependencies.pth", "__pycache__"}
    assert {"mainspring", wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"} == {
        name for name in installed if not name.startswith(("_virtualenv", "distutils"))
    }
    assert (packages / "mainspring" / "py.typed").exists()
    assert list((packages / "mainspring" / "gateways" / "templates").rglob("*.mjml"))
    assert (packages / "mainspring" / "storage" / "migrations" / "script.py.mako").exists()


def test_the_installed_command_line_tells_its_version(project: UsersProject) -> None:
    """`mainspring` and `python -m mainspring` are the same program, also in such a project."""
    by_script = project.run(project.environment / "bin" / "mainspring", "--version")
    by_module = project.run(project.python, "-m", "mainspring", "--version")
    assert by_script == by_module
    assert re.fullmatch(r"mainspring \d+\.\d+\.\d+\n", by_script)


def test_the_snippet_of_the_readme_runs_in_the_users_project(
    project: UsersProject, running: RunningService
) -> None:
    """It updates prices; `client` and `worker` are the project's own there, `mainspring.worker` is ours."""
    account = running.add_account("wheel", variants=3)
    (project.folder / "snippet.py").write_text(snippet_of_the_readme())
    state_dir = running.command_line.state_dir
    updated, worker = project.run(project.python, "snippet.py", str(account), state_dir=state_dir).split()
    assert "3" == updated
    assert Path(worker).is_relative_to(project.environment)


@pytest.mark.timeout(300)
@pytest.mark.drill  # A third of a minute without a cache, and `make check` says it of the checkout.
def test_the_snippet_of_the_readme_is_typed_in_the_users_project(project: UsersProject) -> None:
    """`mypy --strict` in that project finds our types in the installed package."""
    (project.folder / "typed.py").write_text(f"{snippet_of_the_readme()}\nreveal_type(main)\n")
    command = ("-m", "mypy", "--strict", "--config-file=", f"--cache-dir={project.folder / 'cache'}")
    said = project.run(sys.executable, *command, f"--python-executable={project.python}", "typed.py")
    assert "Success" in said
