"""The wishlist checks over HTTP, and unsubscribing by the link of a mail."""

from collections.abc import AsyncIterator

import httpx
import pytest

from mainspring.config.secrets import link_keys
from mainspring.contracts.api_keys import Role
from mainspring.domain.unsubscribe import UnsubscribeScope, Unsubscribing, make_token, unsubscribe_url
from tests.api import Api, problem, served
from tests.service import Service
from tests.shop import user
from tests.visitor import visitor

JOBS = "/v1/admin/wishlist-jobs"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def api(service: Service) -> AsyncIterator[Api]:
    """Serve the API of a service with a worker."""
    async with served(service) as api:
        yield api


@pytest.mark.schedules
async def test_the_checks_answer_as_their_pages_expect(api: Api) -> None:
    """Status and triggers have the shapes of before; the checks are the installation's."""
    async with api.caller(Role.OPERATOR) as client:
        client.timeout = httpx.Timeout(60)  # the longest wait for a check, and then some
        before = (await client.get(f"{JOBS}/status")).json()
        await api.service.schedules.sync()
        status = (await client.get(f"{JOBS}/status")).json()
        sale = await client.post(f"{JOBS}/trigger-sale-check")
        stock = await client.post(f"{JOBS}/trigger-stock-check")
    assert before["data"]["saleCheck"] == {
        "name": "wishlist-sale-check",
        "enabled": False,
        "schedule": "0 * * * *",
    }
    assert {"name", "enabled", "schedule", "nextRun"} == status["data"]["stockCheck"].keys()
    assert ("*/30 * * * *", True) == (status["data"]["stockCheck"]["schedule"], status["success"])
    assert status["data"]["stockCheck"]["enabled"]
    for answer, message in ((sale, "Sale check completed"), (stock, "Stock check completed")):
        assert (200, True, message) == (
            answer.status_code,
            answer.json()["success"],
            answer.json()["message"],
        )
        assert {"checked": 0, "notified": 0, "errors": 0}.items() <= answer.json()["data"].items()
    async with api.caller(workspace="shop") as own:
        problem(await own.get(f"{JOBS}/status"), 403)
        problem(await own.post(f"{JOBS}/trigger-sale-check"), 403)


async def test_nobody_waits_for_a_check_that_cannot_begin(workerless: Service) -> None:
    """Without a worker the answer is the task's address."""
    async with served(workerless) as api, api.caller() as client:
        answer = await client.post(f"{JOBS}/trigger-sale-check")
        assert (202, "Sale check goes on") == (answer.status_code, answer.json()["message"])
        assert f"/v1/tasks/{answer.json()['data']['taskId']}" == answer.headers["location"]


@pytest.mark.parametrize("workspace", ["default", "shop/%"])
@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
async def test_one_click_unsubscribes(api: Api, workspace: str, form: str) -> None:
    """Looking at the link changes nothing; the button's request, or a mail program's own, does."""
    people = api.service.within(workspace).people
    await people.store_users([user(1)])
    key = link_keys(api.service.settings)[0]
    token = make_token(Unsubscribing("u00001", UnsubscribeScope.ALL, workspace), key)
    link = unsubscribe_url(api.url, token)
    async with visitor() as client:
        shown = await client.get(link, headers={"Accept-Language": "de-AT,de;q=0.9"})
        assert (200, True) == (shown.status_code, "Abmelden</button>" in shown.text)
        assert "default-src 'none'; style-src 'sha256-" in shown.headers["content-security-policy"]
        problem(await client.post(link, data={"other": "1"}), 400)
        assert (await people.user("u00001")).sale_alerts
        sent = (
            {"data": ONE_CLICK}
            if form == "urlencoded"
            else {"files": {k: (None, v) for k, v in ONE_CLICK.items()}}
        )
        for _ in range(2):
            done = await client.post(link, **sent)
            assert (200, True) == (done.status_code, "no more alerts" in done.text)
        assert "set-cookie" not in done.headers
        changed = await people.user("u00001")
        assert (False, False) == (changed.sale_alerts, changed.stock_alerts)
        entry = (await api.service.within(workspace).audit.find())[0]
        assert ("link in a mail", "user u00001") == (entry.actor, entry.subject)

        await people.remove_user("u00001")
        forged = make_token(Unsubscribing("u00001", UnsubscribeScope.ALL, workspace), b"another key of 16")
        for bad in (link, unsubscribe_url(api.url, forged), f"{api.url}/unsubscribe/x"):
            for answer in (await client.get(bad), await client.post(bad, **sent)):
                assert (404, True) == (answer.status_code, "not valid" in answer.text)
