import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.unsubscribe import (
    ShortenedUnsubscribing,
    TokenRefused,
    UnsubscribeScope,
    Unsubscribing,
    make_token,
    read_token,
    unsubscribe_url,
)

KEY = b"a key of the service, 32 bytes.."
USERS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)

WORKSPACES = st.just(DEFAULT_WORKSPACE) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60
)
WISHES = st.builds(
    Unsubscribing, user_id=USERS, scope=st.sampled_from(UnsubscribeScope), workspace=WORKSPACES
)


@given(WISHES)
def test_a_token_says_who_and_what(wish: Unsubscribing) -> None:
    """Whatever the platform's ids look like; and it may stand in a URL as it is."""
    token = make_token(wish, KEY)
    assert wish == read_token(token, KEY)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)


@given(WISHES, st.data())
def test_a_changed_token_is_refused(wish: Unsubscribing, data: st.DataObject) -> None:
    """Any other character at any place, one less or one more."""
    token = make_token(wish, KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.=+ é"))
    assume(other != token[place])
    for changed in (token[:place] + other + token[place + 1 :], token[:-1], token + other, token + "="):
        with pytest.raises(TokenRefused):
            read_token(changed, KEY)


@pytest.mark.parametrize("nonsense", ["", "a", "AAAA", "é", "A" * 22, "../../etc", "A" * 10_000])
def test_nonsense_is_refused(nonsense: str) -> None:
    """By the same error, whatever is wrong with it."""
    with pytest.raises(TokenRefused):
        read_token(nonsense, KEY)


def test_another_key_is_refused() -> None:
    """Only who holds the key makes tokens."""
    token = make_token(Unsubscribing("u1", UnsubscribeScope.ALL), b"somebody else's key")
    with pytest.raises(TokenRefused, match="not signed with this key"):
        read_token(token, KEY)


def test_a_token_of_last_year_is_read() -> None:
    """Sent mails keep their links: a change of the format would break them."""
    assert Unsubscribing("user-17", UnsubscribeScope.STOCK) == read_token(
        "ztdDiLyLsLaCdR9LjNEhCGt1c2VyLTE3", KEY
    )


def test_a_short_key_is_not_signed_with() -> None:
    """An empty setting does not make tokens that anybody can forge."""
    with pytest.raises(ValueError, match="key"):
        make_token(Unsubscribing("u1", UnsubscribeScope.ALL), b"")


def test_a_link_is_short() -> None:
    """For an id of 36 characters it fits into a line of a mail."""
    token = make_token(Unsubscribing("0198b2c4-7d1e-7000-8000-000000000001", UnsubscribeScope.SALE), KEY)
    link = unsubscribe_url("https://jobs.example.org/", token)
    assert f"https://jobs.example.org/unsubscribe/{token}" == link
    assert len(token) <= 72


@pytest.mark.parametrize("letter", ["x", "ж", "猫", "🧀"])
@pytest.mark.parametrize("workspace", [DEFAULT_WORKSPACE, "🏪" * 200])
def test_whatever_id_is_accepted_has_a_link_that_fits_into_a_header(letter: str, workspace: str) -> None:
    """Of 200 letters of any alphabet, in a workspace of as many."""
    wish = Unsubscribing(letter * 200, UnsubscribeScope.SALE, workspace)
    token = make_token(wish, KEY)
    link = unsubscribe_url("https://" + "x" * 292, token)
    read = read_token(token, KEY)

    assert len(link) < 950
    if isinstance(read, ShortenedUnsubscribing):
        assert read.is_of(workspace, wish.user_id)
        assert not read.is_of(workspace, wish.user_id + "x")
        assert UnsubscribeScope.SALE is read.scope
    else:
        assert wish == read
