import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import make_url

from mainspring.config.secrets import SEALING_FILE, encryption_key
from mainspring.config.settings import Settings
from mainspring.config.settings_errors import Problem, SettingsError
from mainspring.gateways.objects import Objects, S3Access

KEY = base64.b64encode(bytes(range(32))).decode()


def test_the_environment_wins_over_the_env_file_and_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable can be overridden for one run without an edit of .env."""
    file = tmp_path / ".env"
    file.write_text("MAINSPRING_TASK_QUEUE=from-file\nMAINSPRING_UI_PORT=9000\n")
    monkeypatch.setenv("MAINSPRING_TASK_QUEUE", "from-environment")
    settings = Settings.load(file)
    assert "from-environment" == settings.task_queue
    assert 9000 == settings.ui_port
    assert 7233 == settings.engine_port


def test_several_names_are_separated_by_commas(tmp_path: Path) -> None:
    """With or without blanks between them."""
    file = tmp_path / ".env"
    file.write_text("MAINSPRING_MEDIA_SOURCE_BUCKETS=uploads, archive\n")
    assert ("uploads", "archive") == Settings.load(file).media_source_buckets
    assert () == Settings.load(None).media_source_buckets


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_mistyped_name_is_an_error_that_suggests_the_right_one(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No setting is ignored because of a typing error."""
    file = tmp_path / ".env"
    file.write_text("MAINSPRING_DATABSE_URL=x\n" if place == "file" else "")
    if place == "environment":
        monkeypatch.setenv("MAINSPRING_DATABSE_URL", "x")
    with pytest.raises(SettingsError) as caught:
        Settings.load(file)
    expected = "there is no such setting; did you mean MAINSPRING_DATABASE_URL?"
    assert [Problem("MAINSPRING_DATABSE_URL", None, expected)] == caught.value.problems


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    """Settings need not be corrected one start at a time."""
    file = tmp_path / ".env"
    file.write_text("MAINSPRING_LOG_LEVEL=loud\nMAINSPRING_UI_PORT=99999\nMAINSPRING_COLOUR=red\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load(file)
    assert {
        "MAINSPRING_LOG_LEVEL=loud: Input should be 'debug', 'info', 'warning' or 'error'",
        "MAINSPRING_UI_PORT=99999: Input should be less than or equal to 65535",
        "MAINSPRING_COLOUR: there is no such setting",
    } == {str(problem) for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("JUSTTCG_PLAN=gold", "known are Free Tier, Starter, Professional, Enterprise"),
        ("JUSTTCG_URL=ftp://x", "Input should be http://HOST/… or https://HOST/…"),
        *(
            (f"JUSTTCG_URL={url}", "Input should be http://HOST/… or https://HOST/…")
            for url in ("http://x:70000", "http://[::1/", "https:///v1")
        ),
        ("DATABASE_URL=postgresql+asyncpg://u:p@h:70000/d", "Input should have a port from 1 to 65535"),
        (
            "SMTP_HELLO=my host",
            "Input should be a host name, as mail.example.org, or an address, as [192.0.2.1]",
        ),
        ("MAIL_ENVELOPE_FROM=Shop <a@b.c>", "Input should be an address alone, as bounces@example.org"),
        (
            "MAIL_FROM=A\x01 <a@b.c>",
            "Input should be an address whose name has no line break or control character",
        ),
        *(
            (
                f"PUBLIC_URL={url}",
                "Input should be https://HOST/… of up to 300 characters, without ? and #",
            )
            for url in ("https://", "https://me@x", "https://x?a=b", "https://x/#a", "https://x/" + "a" * 300)
        ),
        *(
            (
                f"API_CORS_ORIGINS={origins}",
                "Input should be origins such as https://shop.example, separated by commas",
            )
            for origins in ("*", "https://a.example/x", "https://me@a.example", "null")
        ),
        (
            "API_TRUSTED_PROXIES=10.0.0.7,proxy",
            "Input should be addresses and networks such as 10.0.0.7 or 10.0.0.0/8, separated by commas",
        ),
        ("MEDIA_STORE_URL=s3:x", "Input should be s3://BUCKET, s3://BUCKET/PREFIX or file:///FOLDER"),
    ],
)
def test_what_is_accepted_is_said_in_words(line: str, accepted: str, tmp_path: Path) -> None:
    """Nobody reads a regular expression, and no plan that the vendor does not sell is taken."""
    file = tmp_path / ".env"
    file.write_text(f"MAINSPRING_{line}\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load(file)
    assert [True] == [str(problem).endswith(accepted) for problem in caught.value.problems]


def test_a_state_directory_that_cannot_be_used_is_a_problem_of_its_setting(tmp_path: Path) -> None:
    """A file in its place, or a place where nothing can be made: said before anything is begun."""
    file = tmp_path / "file"
    file.write_text("")
    for place, reason in ((file, "Not a directory"), (file / "below", "Not a directory")):
        with pytest.raises(SettingsError, match=rf"MAINSPRING_STATE_DIR={place}: .*\({reason}\)"):
            Settings(state_dir=place).make_state_dir()
    Settings(state_dir=tmp_path / "new" / "one").make_state_dir()
    assert (tmp_path / "new" / "one").is_dir()


def test_no_message_shows_a_secret(tmp_path: Path) -> None:
    """A password that is set wrongly does not end up in a log; nor does one that is set rightly."""
    file = tmp_path / ".env"
    file.write_text("MAINSPRING_DATABASE_URL=mysql://me:sesame@host/db\nMAINSPRING_ENCRYPTION_KEY=sesame\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load(file)
    assert 2 == len(caught.value.problems)
    assert "sesame" not in str(caught.value)
    file.write_text("MAINSPRING_DATABASE_URL=postgresql+asyncpg://me:sesame@host/db\n")
    assert "sesame" not in repr(Settings.load(file))


def test_an_empty_variable_is_an_unset_one(tmp_path: Path) -> None:
    """Compose files pass on variables that nobody set as empty ones."""
    file = tmp_path / ".env"
    file.write_text("MAINSPRING_UI_PORT=\nMAINSPRING_ENCRYPTION_KEY=\n")
    assert Settings.load(None) == Settings.load(file)


def test_the_database_is_in_the_state_directory_unless_one_is_set(tmp_path: Path) -> None:
    """Nothing needs to be set for a first start."""
    settings = Settings(state_dir=tmp_path)
    assert f"sqlite+aiosqlite:///{tmp_path}/mainspring.db" == settings.resolved_database_url


def test_a_configured_key_is_used_and_none_is_made(tmp_path: Path) -> None:
    """A cluster's workers share the key that they are given."""
    settings = Settings.model_validate({"state_dir": tmp_path, "encryption_key": KEY})
    assert bytes(range(32)) == encryption_key(settings)
    assert [] == list(tmp_path.iterdir())


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    """A key is made once; nobody encrypts with one that another start has replaced."""
    settings = Settings(state_dir=tmp_path / "var")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(encryption_key, [settings] * 32))
    assert 1 == len(keys)
    assert 32 == len(keys.pop())
    assert [SEALING_FILE] == [path.name for path in settings.state_dir.iterdir()]


def test_a_made_key_is_for_its_owner_only(tmp_path: Path) -> None:
    """Other users of the machine cannot read the key."""
    encryption_key(Settings(state_dir=tmp_path))
    assert 0o600 == stat.S_IMODE((tmp_path / SEALING_FILE).stat().st_mode)


@pytest.mark.parametrize("prefix", ["", "MAINSPRING_"])
def test_the_shops_own_names_are_read(prefix: str, tmp_path: Path) -> None:
    """What was set for the shop before goes on to work; true is the default."""
    file = tmp_path / ".env"
    file.write_text(f"{prefix}WISHLIST_SALE_CHECK_ENABLED=false\n{prefix}WISHLIST_TIMEZONE=Europe/Berlin\n")
    settings = Settings.load(file)
    assert (False, True) == (settings.wishlist_sale_check_enabled, settings.wishlist_stock_check_enabled)
    assert "Europe/Berlin" == settings.wishlist_timezone
    assert "America/New_York" == Settings.load(None).wishlist_timezone


def test_an_unknown_zone_and_a_switch_that_is_neither_are_named(tmp_path: Path) -> None:
    """A check is not left running, or running at the wrong hour, because of a typing error."""
    file = tmp_path / ".env"
    file.write_text("WISHLIST_TIMEZONE=America/NewYork\nWISHLIST_STOCK_CHECK_ENABLED=never\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load(file)
    zone = "'America/NewYork' is not an IANA time zone such as America/New_York or UTC"
    switch = "Input should be a valid boolean, unable to interpret input"
    assert [
        Problem("WISHLIST_STOCK_CHECK_ENABLED", "never", switch),
        Problem("WISHLIST_TIMEZONE", "America/NewYork", zone),
    ] == sorted(caught.value.problems, key=lambda problem: problem.variable)


@pytest.mark.parametrize("name", ["a b", "h#1", "q?x", "feature%2Fx", "50% off"])
def test_a_state_directory_may_have_any_name(name: str, tmp_path: Path) -> None:
    """The database and the objects are in it, not beside it."""
    settings = Settings(state_dir=tmp_path / name)
    database = make_url(settings.resolved_database_url).database
    assert str(tmp_path / name / "mainspring.db") == database
    assert tmp_path / name / "objects" == Objects(settings.resolved_store_url, S3Access()).folder


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("https://käsehaus.example", "https://xn--ksehaus-5wa.example"),
        ("https://Shop.example:8443/jobs/", "https://shop.example:8443/jobs/"),
        ("https://shop.example/käse %C3%A4", "https://shop.example/k%C3%A4se%20%C3%A4"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x"),
    ],
)
def test_a_public_url_in_any_letters_may_stand_in_a_mail(given: str, written: str) -> None:
    """Its host becomes punycode; a mail program follows no other."""
    assert written == Settings(public_url=given).public_url


@pytest.mark.parametrize(
    "secrets",
    [
        "a-secret-without-a-workspace",
        "shop=short",
        "shop=whsec_%%%%%%%%%%%%%%%%%%%%%%%%",
        "one=a-secret-of-the-cms-1,two=a-secret-of-the-cms-1",
    ],
)
def test_secrets_of_webhooks_are_checked_and_not_shown(secrets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says whose it is, is long enough, and is of one workspace alone."""
    monkeypatch.setenv("MAINSPRING_GIFTING_WEBHOOK_SECRETS", secrets)
    with pytest.raises(SettingsError) as refused:
        Settings.load(None)
    assert "MAINSPRING_GIFTING_WEBHOOK_SECRETS: Input should" in str(refused.value)
    assert secrets not in str(refused.value)


def test_a_workspace_may_have_two_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is changed for the other, both are believed."""
    secrets = "shop=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, shop=a-secret-of-the-cms=1"
    monkeypatch.setenv("MAINSPRING_GIFTING_WEBHOOK_SECRETS", secrets)
    signers = Settings.load(None).gifting_signers
    expected = [("shop", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ("shop", "a-secret-of-the-cms=1")]
    assert expected == [(each.name, each.secret) for each in signers]
