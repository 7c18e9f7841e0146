"""The checks behind `mainspring doctor`, as an API or a page asks for them."""

from pathlib import Path
from typing import Any

import pytest

from mainspring.client.checks import Finding, examine
from mainspring.config.settings import Settings
from mainspring.emulators.justtcg import JustTcgEmulator

NOBODY = "127.0.0.1:1"


async def examined(state_dir: Path, **settings: Any) -> dict[str, Finding]:
    found = [each async for each in examine(Settings(state_dir=state_dir, **settings))]
    return {each.part: each for each in found}


@pytest.fixture(autouse=True)
def nobodys_temporal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOBODY)


async def test_each_part_that_is_not_there_is_found_with_a_remedy(tmp_path: Path) -> None:
    """Nothing runs: every part is examined all the same, and each missing part says what to do."""
    found = await examined(tmp_path, justtcg_url=f"http://{NOBODY}/v1", media_source_dir=tmp_path / "nowhere")
    assert ["settings", "encryption key", "video sources", "database", "Temporal", "JustTCG"] == list(found)
    assert {"video sources", "database", "Temporal", "JustTCG"} == {
        part for part, each in found.items() if not each.is_well
    }
    assert "run `mainspring db upgrade`" == found["database"].remedy
    assert "MAINSPRING_MEDIA_SOURCE_DIR" in found["video sources"].remedy


async def test_a_price_service_that_answers_is_well(tmp_path: Path) -> None:
    async with JustTcgEmulator() as justtcg:
        found = await examined(tmp_path, justtcg_url=justtcg.base_url)
    assert found["JustTCG"].is_well
    assert f"{justtcg.base_url} answers; accounts bring their own keys" == found["JustTCG"].found
