"""The import contracts of pyproject.toml: each is kept, and each sees what it is there for."""

from copy import deepcopy
from functools import cache
from pathlib import Path

import grimp
import pytest
from importlinter import Contract, api
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

import mainspring

ROOT = Path(__file__).parents[2]
CONFIGURATION = api.read_configuration(str(ROOT / "pyproject.toml"))
NAMES = [options["name"] for options in CONFIGURATION["contracts_options"]]
KINDS: dict[str, type[Contract]] = {
    "forbidden": ForbiddenContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}
DOMAINS = "Every module belongs to the core or to one domain"

# One breach or more of each contract: a module, and what it would import.
BREACHES = [
    ("Imports point down only", "contracts.tasks", "mainspring.domain.tasks"),
    ("Imports point down only", "domain.tasks", "mainspring.storage.database"),
    ("Imports point down only", "gateways.clock", "mainspring.storage.database"),
    ("Imports point down only", "storage.database", "mainspring.activities.tasks"),
    ("Imports point down only", "activities.tasks", "mainspring.workflows.runtime.job"),
    ("Imports point down only", "workflows.runtime.job", "mainspring.config.settings"),
    ("Imports point down only", "workflows.cards", "mainspring.client.service"),
    ("Imports point down only", "devserver.server", "mainspring.config.settings"),
    ("Imports point down only", "client.service", "mainspring.cli.app"),
    ("Imports point down only", "client.service", "mainspring.api.app"),
    ("Imports point down only", "api.app", "mainspring.cli.app"),
    ("Imports point down only", "client.service", "mainspring.emulators.http"),
    ("Imports point down only", "worker", "mainspring.cli.app"),
    ("Cards are imported by callers only", "activities.runtime.interceptor", "mainspring.contracts.cards"),
    ("Cards are imported by callers only", "storage.tables.tasks", "mainspring.storage.tables.cards"),
    ("Cards are imported by callers only", "activities.media.steps", "mainspring.gateways.justtcg"),
    ("Media are imported by callers only", "workflows.runtime.flow", "mainspring.contracts.media"),
    ("Media are imported by callers only", "activities.cards.prices", "mainspring.gateways.video"),
    ("Media are imported by callers only", "domain.wishlist", "mainspring.domain.media"),
    ("The wishlist is imported by callers only", "storage.effects.store", "mainspring.contracts.wishlist"),
    ("The wishlist is imported by callers only", "contracts.shop", "mainspring.contracts.wishlist"),
    (
        "The shop is imported by the wishlist, gifting and callers only",
        "storage.effects.store",
        "mainspring.contracts.shop",
    ),
    (
        "The shop is imported by the wishlist, gifting and callers only",
        "storage.people.users",
        "mainspring.storage.shop",
    ),
    (
        "People are imported by the wishlist, gifting and callers only",
        "storage.shop.products",
        "mainspring.storage.people",
    ),
    (
        "People are imported by the wishlist, gifting and callers only",
        "activities.runtime.retry",
        "mainspring.contracts.people",
    ),
    ("Gifting is imported by callers only", "storage.shop.products", "mainspring.contracts.gifting.vectors"),
    ("Gifting is imported by callers only", "storage.tables.shop", "mainspring.storage.tables.gifting"),
    ("Gifting is imported by callers only", "activities.wishlist.checks", "mainspring.domain.gifting"),
    ("Gifting is imported by callers only", "gateways.justtcg.client", "mainspring.gateways.embeddings"),
    (
        "Language models are imported by gifting and callers only",
        "activities.wishlist.checks",
        "mainspring.gateways.claude",
    ),
    (
        "Language models are imported by gifting and callers only",
        "storage.effects.store",
        "mainspring.contracts.models",
    ),
    ("The worker is put together by the entry point and for tests only", "cli.app", "mainspring.worker"),
    ("Emulators know nothing of what they are run against", "emulators.http", "mainspring.contracts.mail"),
    ("Workflows reach the world through activities only", "workflows.cards", "mainspring.storage.cards"),
    ("HTTP, SMTP and object storage are spoken by gateways only", "activities.webhooks", "httpx"),
    ("HTTP, SMTP and object storage are spoken by gateways only", "cli.demo", "aiosmtplib"),
    ("HTTP, SMTP and object storage are spoken by gateways only", "config.connect", "obstore"),
    ("SQL is spoken by storage only", "client.service", "sqlalchemy"),
    ("The terminal is written to by the command line only", "client.service", "rich"),
    ("The terminal is written to by the command line only", "config.settings", "typer"),
    ("Messages, decisions and storage know no Temporal", "contracts.tasks", "temporalio"),
    ("Messages, decisions and storage know no Temporal", "domain.tasks", "temporalio"),
    ("Messages, decisions and storage know no Temporal", "storage.database", "temporalio"),
]

# Modules that nobody has given a place.
NAMELESS = [
    ("Imports point down only", "rooftop"),
    *((DOMAINS, f"{floor}.astrology") for floor in ("contracts", "domain", "storage", "storage.tables")),
    *((DOMAINS, f"{floor}.astrology") for floor in ("gateways", "activities", "workflows")),
]


def contracts() -> list[Contract]:
    """Return the contracts as `lint-imports` reads them."""
    return [
        KINDS[options["type"]](options["name"], CONFIGURATION["session_options"], options)
        for options in CONFIGURATION["contracts_options"]
    ]


@cache
def imports() -> grimp.ImportGraph:
    """Return what imports what in the project as it is."""
    return grimp.build_graph("mainspring", include_external_packages=True, cache_dir=None)


def broken(graph: grimp.ImportGraph) -> list[str]:
    """Return the names of the contracts that these imports break."""
    return [each.name for each in contracts() if not each.check(deepcopy(graph), verbose=False).kept]


def test_the_project_keeps_every_contract() -> None:
    """Nothing is broken as long as nobody breaks it: what the breaches below are seen against."""
    assert [] == broken(imports())


@pytest.mark.parametrize(("name", "importer", "imported"), BREACHES)
def test_a_breach_is_seen_by_its_contract(name: str, importer: str, imported: str) -> None:
    """One forbidden import breaks the contract that forbids it, and no other."""
    graph = deepcopy(imports())
    known = graph.modules
    assert {f"mainspring.{importer}", imported} <= known
    graph.add_import(importer=f"mainspring.{importer}", imported=imported, line_number=1, line_contents="")
    assert [name] == broken(graph)


@pytest.mark.parametrize(("name", "module"), NAMELESS)
def test_a_module_without_a_place_is_seen(name: str, module: str) -> None:
    """A new file belongs to a layer, and to the core or to a domain: somebody has to say which."""
    graph = deepcopy(imports())
    graph.add_module(f"mainspring.{module}")
    assert [name] == broken(graph)


def test_every_contract_is_broken_by_one_of_these() -> None:
    """A contract whose breach nobody has tried may forbid nothing."""
    tried = {name for name, *_ in (*BREACHES, *NAMELESS)}
    assert set(NAMES) == tried


def test_every_domain_has_a_contract_of_its_own() -> None:
    """What is named as a domain's is protected from all others."""
    (naming,) = (each for each in CONFIGURATION["contracts_options"] if each["name"] == DOMAINS)
    named = {name.strip(" ()") for layer in naming["layers"] for name in layer.split(":")}
    guarded = {
        module.rpartition(".")[-1]
        for each in CONFIGURATION["contracts_options"]
        for module in each.get("protected_modules", ())
    }
    assert set() == named - guarded


def test_the_names_of_the_contract_are_those_of_modules() -> None:
    """A name that is left over would let in the next module of that name unseen."""
    (naming,) = (each for each in CONFIGURATION["contracts_options"] if each["name"] == DOMAINS)
    named = {name.strip(" ()") for layer in naming["layers"] for name in layer.split(":")}
    found = {
        module.rpartition(".")[-1]
        for floor in naming["containers"]
        for module in imports().find_children(floor)
    }
    assert found == named | set(naming["exhaustive_ignores"])


def test_the_package_is_made_of_links() -> None:
    """`mainspring.x` is the top-level `x`, and never a copy that changes would not reach."""
    package = Path(mainspring.__file__).parent
    files = {path.name for path in package.iterdir() if not path.is_symlink()} - {"__pycache__"}
    assert {"__init__.py", "__main__.py", "py.typed"} == files
    assert all((ROOT / path.name).samefile(path) for path in package.iterdir() if path.is_symlink())
