"""Recommendations: what is near to a profile, within the filters, unlike one another, each with a reason."""

from typing import Any

import pytest

from mainspring.client.errors import BadInput
from mainspring.client.gifting.errors import ProfileInProcess, ProfileMissing
from mainspring.contracts.gifting.enrichment import Enrichment
from mainspring.contracts.gifting.profiles import Facets
from mainspring.contracts.gifting.recommendations import GiftFilter, Recommendations
from mainspring.domain.gifting.matching import reason
from mainspring.gateways.embeddings import EmbeddedModel, Embeddings
from mainspring.storage.gifting import GiftRepository
from mainspring.storage.gifting.enrichments import EnrichmentRepository
from tests.gifts import NOW, complete, example_products, product_named, stock
from tests.service import Service
from tests.toy_embeddings import ToyEmbeddings

BOTH = pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)

HIKER = {"interests": ["hiking"], "occasions": ["birthday"]}


@pytest.fixture
async def shop(workerless: Service) -> Service:
    """Give a service whose catalogue is the example's, embedded by a toy model."""
    toy = ToyEmbeddings()
    workerless.gateways[Embeddings] = toy
    await stock(workerless.database, toy, list(example_products()))
    return workerless


def ids(found: Recommendations) -> list[str]:
    """Return the ids of what is recommended."""
    return [each.product.id for each in found.items]


@BOTH
async def test_what_matches_comes_first_with_its_reason(shop: Service) -> None:
    """The reason names what of the profile is among the tags of the product."""
    async with shop.worker():
        await complete(shop, "p1", HIKER, "anna")
    found = await shop.recommender.recommend("p1", n=5)

    assert 5 == len(found.items)
    first = found.items[0]
    assert first.reason.startswith("matches hiking")
    assert (True, "EUR") == (bool(first.product.brand), first.product.currency)
    assert all("hiking" in each.reason for each in found.items[:3])
    assert found == await shop.recommender.recommend_for("anna", n=5)
    assert found.renewed_by is None


@BOTH
async def test_the_filters_hold_for_all_that_is_recommended(shop: Service) -> None:
    """Prices, brands, exclusions, featured ones, occasions: whatever is given holds together."""
    async with shop.worker():
        await complete(shop, "p1", HIKER)
    every = {each.id: each for each in example_products()}

    async def found(**wanted: Any) -> list[str]:
        return ids(await shop.recommender.recommend("p1", GiftFilter(**wanted), n=20))

    cheap = await found(min_price_cents=2_000, max_price_cents=4_000)
    assert 20 == len(cheap)
    assert all(2_000 <= (every[each].price_cents or 0) <= 4_000 for each in cheap)
    of_brands = await found(brand_ids=("kaffa", "ginkgo"))
    assert {"kaffa", "ginkgo"} == {(brand.id if (brand := every[each].brand) else "") for each in of_brands}
    assert all(every[each].is_featured for each in await found(is_featured=True))
    weddings = await found(occasions=("Wedding", "baby shower"))
    assert all({"wedding", "baby shower"} & set(every[each].occasion_fit) for each in weddings)
    assert not {cheap[0], cheap[1]} & set(await found(exclude_product_ids=(cheap[0], cheap[1])))
    assert [] == await found(min_price_cents=10_000_000)


async def test_the_budget_of_the_profile_holds_unless_the_filter_says_otherwise(shop: Service) -> None:
    """In its currency; a reason says so."""
    async with shop.worker():
        await complete(shop, "p1", HIKER | {"budget": {"max": 3_000, "currency": "EUR"}})
        await complete(shop, "p2", HIKER | {"budget": {"max": 3_000, "currency": "USD"}})
    within = await shop.recommender.recommend("p1")
    beyond = await shop.recommender.recommend("p1", GiftFilter(min_price_cents=10_000))

    assert all((each.product.price_cents or 0) <= 3_000 for each in within.items)
    assert all("within the budget" in each.reason for each in within.items)
    assert all((each.product.price_cents or 0) >= 10_000 for each in beyond.items)
    assert () == (await shop.recommender.recommend("p2")).items


async def test_what_is_disliked_or_not_shown_is_left_out(shop: Service) -> None:
    """Also what has been hidden since it was embedded."""
    async with shop.worker():
        await complete(shop, "p1", HIKER | {"dislikes": ["backpacks"]})
    before = ids(await shop.recommender.recommend("p1"))
    hidden = product_named("Merino hiking socks", status="draft")
    assert hidden.id in before
    await stock(shop.database, ToyEmbeddings(), [hidden])
    after = ids(await shop.recommender.recommend("p1"))

    assert not any("backpack" in each for each in before + after)
    assert hidden.id not in after


async def test_a_profile_without_a_vector_is_processed_first(shop: Service) -> None:
    """Each further question names the same task."""
    with pytest.raises(ProfileMissing, match="Please complete onboarding"):
        await shop.recommender.recommend("p1")
    with pytest.raises(ProfileMissing, match="'anna for ben'"):
        await shop.recommender.recommend_for("anna", "ben")
    completed = await shop.taste_profiles.complete_taste_profile("p1", "anna", HIKER)
    for _ in range(2):
        with pytest.raises(ProfileInProcess, match="Please try again in a moment") as refused:
            await shop.recommender.recommend("p1")
        assert completed.task_id == refused.value.task_id
    assert completed.task_id is not None
    await shop.jobs.cancel(completed.task_id)
    with pytest.raises(ProfileInProcess) as refused:
        await shop.recommender.recommend("p1")
    assert refused.value.task_id not in {None, completed.task_id}


async def test_an_edited_profile_is_recommended_for_as_before_until_it_is_embedded(shop: Service) -> None:
    """The answer names the task that brings the new recommendations."""
    async with shop.worker():
        await complete(shop, "p1", HIKER)
    before = await shop.recommender.recommend("p1")
    edited = await shop.taste_profiles.complete_taste_profile("p1", "p1", {"interests": "coffee"})
    meanwhile = await shop.recommender.recommend("p1")
    async with shop.worker():
        assert edited.task_id is not None
        await shop.wait(edited.task_id)
    after = await shop.recommender.recommend("p1")

    assert (edited.task_id, None) == (meanwhile.renewed_by, after.renewed_by)
    assert ids(before) == ids(meanwhile)
    assert after.items[0].reason.startswith("matches coffee")


async def test_a_profile_of_another_model_is_embedded_again(shop: Service) -> None:
    """Vectors of two models cannot be compared."""
    async with shop.worker():
        await complete(shop, "p1", HIKER)
    other = ToyEmbeddings()
    other.model = "toy-2"
    shop.gateways[Embeddings] = other
    await stock(shop.database, other, list(example_products()))
    with pytest.raises(ProfileInProcess) as refused:
        await shop.recommender.recommend("p1")
    async with shop.worker():
        assert refused.value.task_id is not None
        await shop.wait(refused.value.task_id)

    assert (await shop.recommender.recommend("p1")).items


@pytest.mark.parametrize("n", [0, -1, 101])
async def test_a_number_that_is_not_accepted_says_which_is(workerless: Service, n: int) -> None:
    """At least one, and no more than a page."""
    with pytest.raises(BadInput, match=f"n: {n} is not accepted: 1 to 100"):
        await workerless.recommender.recommend("p1", n=n)


async def test_a_gift_for_a_hiker_is_a_backpack_and_no_blender(workerless: Service) -> None:
    """By the model that comes with the service, from what the products' own texts say."""
    titles = ("Trekking backpack", "Kitchen blender", "Pour-over coffee set", "Silk tie", "Marble run")
    gifts = [product_named(title, gift_tags=(), style_tags=(), occasion_fit=()) for title in titles]
    await stock(workerless.database, EmbeddedModel(), gifts)
    async with workerless.worker():
        await complete(workerless, "p1", {"recipient": "a hiker"})
    similarity = {
        each.product.title: each.similarity
        for each in (await workerless.recommender.recommend("p1", n=5)).items
    }

    assert 5 == len(similarity)
    assert "Trekking backpack 45 l" == max(similarity, key=lambda title: similarity[title])
    assert similarity["Trekking backpack 45 l"] > similarity["Kitchen blender"] + 0.2


async def test_a_reason_names_what_a_model_has_added(shop: Service) -> None:
    """The tags of an enrichment count as those of the product's source."""
    tie = product_named("Silk tie")
    added = Enrichment(
        product_id=tie.id,
        text_hash="h",
        prompt_version="v1",
        model="m",
        gift_tags=("opera",),
        occasion_fit=("new_job",),
        updated_at=NOW,
    )
    await shop.database.transact(lambda session: EnrichmentRepository(session, shop.workspace).store([added]))
    gifts = await shop.database.read(lambda session: GiftRepository(session, shop.workspace).of_ids([tie.id]))

    facets = Facets(interests=("opera",), occasions=("new job",))
    assert "matches opera; fits new job" == reason(facets, gifts[tie.id].words)
