import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.client.sealing import InputSealer
from mainspring.contracts.flows import AdHocStep, RunFlow
from mainspring.contracts.media import ProcessVideo
from mainspring.contracts.secret_urls import SEALED, fields_with_secrets, hidden, is_sealed, lasting
from mainspring.contracts.text import readable
from mainspring.domain.flows import input_hash
from mainspring.domain.webhooks import shown_url
from mainspring.storage.errors import SecretUnreadable
from mainspring.storage.sealed_rows import SealedCount
from mainspring.storage.sealed_urls import open_url, reseal_url, seal_url
from mainspring.storage.secrets import SecretBox

BOX = SecretBox(b"k" * 32)
SIGNED = "https://cdn.example/a/film.mp4?X-Amz-Date=1&X-Amz-Signature=s3cret"
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#@[]\\"), min_size=1)


@given(WORDS, WORDS, WORDS)
def test_a_sealed_url_is_opened_as_it_was(user: str, path: str, query: str) -> None:
    """Whatever its secrets are, they are in it no longer; sealed twice it is the same."""
    url = f"https://{user}:s3cret@cdn.example/{path}?{query}=s3cret"
    sealed = seal_url(url, BOX)
    assert "s3cret" not in sealed.partition(SEALED)[0]
    assert url == open_url(sealed, BOX)
    assert sealed == seal_url(sealed, BOX) == seal_url(url, BOX)


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example/film.mp4",
        "s3://bucket/what?.mp4",
        "file:///videos/a?b@c.mp4",
        "http://[::1/",
        "nonsense",
    ],
)
def test_a_url_without_secrets_stays_as_it_is(url: str) -> None:
    """`?` is a character of names of objects and files."""
    assert url == seal_url(url, BOX) == open_url(url, BOX) == hidden(url)


def test_secrets_go_to_their_own_host_only() -> None:
    """Who sees a sealed URL cannot have its secrets sent elsewhere."""
    sealed = seal_url(SIGNED, BOX)
    for changed in (
        sealed.replace("cdn.example", "attacker.example"),
        sealed.replace("/a/", "/b/"),
        sealed + "A",
    ):
        with pytest.raises(SecretUnreadable):
            open_url(changed, BOX)


def test_the_inputs_of_a_flows_steps_are_sealed() -> None:
    """A video within `run-flow` as well as a video by itself."""
    video = {"source": SIGNED, "destination": "films/1"}
    flow = RunFlow(steps=(AdHocStep(name="film", job="process-video", input=video),))
    sealed = InputSealer(BOX).message(flow)
    assert SIGNED == open_url(sealed.steps[0].input["source"], BOX)
    assert sealed == InputSealer(BOX).message(sealed)
    assert sealed.model_dump(mode="json") == InputSealer(BOX).fields("run-flow", flow.model_dump(mode="json"))
    assert ("source",) == fields_with_secrets(ProcessVideo)


def test_a_rotation_seals_inputs_anew() -> None:
    """With the newest key; what no key opens stays as it is."""
    former = {"source": seal_url(SIGNED, BOX)}
    sealer = InputSealer(SecretBox(b"n" * 32, b"k" * 32))
    newest = sealer.fields("process-video", former)
    assert SealedCount(former=1) == sealer.count
    assert SIGNED == open_url(newest["source"], SecretBox(b"n" * 32))
    assert newest == sealer.fields("process-video", newest)
    assert former == InputSealer(SecretBox(b"x" * 32)).fields("process-video", former)


def test_a_rotation_changes_no_hash() -> None:
    """A failed video that is retried after the rotation keeps its pieces; not with another signature."""
    newest = SecretBox(b"n" * 32, b"k" * 32)
    sealed = {"source": seal_url(SIGNED, BOX)}
    once = {"source": reseal_url(sealed["source"], newest)}
    assert sealed != once
    assert input_hash(sealed) == input_hash(once)
    assert input_hash(sealed) != input_hash({"source": seal_url(f"{SIGNED}2", BOX)})
    assert lasting(sealed["source"]) == lasting(reseal_url(once["source"], SecretBox(b"z" * 32, b"n" * 32)))


def test_a_source_as_long_as_may_be_still_fits_when_it_is_sealed() -> None:
    """The bound is one of what is given."""
    longest = ProcessVideo(source=f"https://cdn.example/?{'s' * 3_979}", destination="films/1")
    sealed = InputSealer(BOX).message(longest)
    assert is_sealed(sealed.source)
    assert sealed == ProcessVideo.model_validate(sealed.model_dump())
    with pytest.raises(ValueError, match="at most 4000"):
        ProcessVideo(source=f"{longest.source}s", destination="films/1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GET https://me:s3cret@cdn.example/a failed", "GET https://***@cdn.example/a failed"),
        (
            f"{SIGNED} is not accepted",
            "https://cdn.example/a/film.mp4?X-Amz-Date=1&X-Amz-Signature=*** is not accepted",
        ),
        ("https://me:s3@cret@cdn.example/a", "https://***@cdn.example/a"),
        ("'https://h/?sig=a%2Fb&v=1'", "'https://h/?sig=***&v=1'"),
        ("see https://h/hook?token=abc; and ?page=2", "see https://h/hook?token=***; and ?page=2"),
        ("postgresql+asyncpg://u:s3cret@db/x", "postgresql+asyncpg://***@db/x"),
        ("mail me@example.org or x=y, a?b=c", "mail me@example.org or x=y, a?b=c"),
    ],
)
def test_no_error_tells_the_secrets_of_a_url(text: str, told: str) -> None:
    """Wherever the text comes from: errors, stacks and logs all pass here."""
    assert told == readable(text) == readable(told)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example/services/T0/B0/s3cret", "https://hooks.example/***"),
        ("https://me:s3cret@h.example:8443", "https://h.example:8443/***"),
        ("https://h.example/?token=s3cret", "https://h.example/***"),
        ("https://h.example/", "https://h.example/"),
    ],
)
def test_a_webhooks_url_is_shown_by_its_host(url: str, shown: str) -> None:
    """The path of many receivers is a password."""
    assert shown == shown_url(url) == shown_url(shown)
