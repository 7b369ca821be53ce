"""Settings: read once, wrong ones named all at once, secrets never shown."""

from pathlib import Path

import pytest

from service.settings import (
    DatabaseURL,
    Settings,
    SettingsError,
    declarations,
    table,
    unknown_names,
)

URL = "mysql://farm:p%40ss%2Fw%3Ard@db.example:3307/herdbook"
KEY = "k" * 32


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8081)
    assert settings.workers >= 1
    assert settings.database_url is None
    assert settings.data_dir == Path(".herdbook")
    assert (settings.pool_size, settings.pool_overflow) == (20, 30)
    assert (settings.pool_recycle, settings.pool_timeout) == (1800, 30)
    assert settings.sample_animals == 2000
    assert settings.debug is False


def test_an_empty_value_counts_as_not_given() -> None:
    assert Settings.from_environment({"HERDBOOK_PORT": "", "DATABASE_URL": " "}).port == 8081


def test_every_bad_key_is_named_at_once_with_its_reason() -> None:
    bad = {
        "HERDBOOK_PORT": "70000",
        "HERDBOOK_WORKERS": "none",
        "HERDBOOK_POOL_SIZE": "-1",
        "HERDBOOK_DEBUG": "maybe",
        "HERDBOOK_LOG_LEVEL": "loud",
        "HERDBOOK_SECRET_KEY": "short",
        "HERDBOOK_ADMIN_PASSWORD": "1234567",
        "DATABASE_URL": "postgres://farm:hidden@db/herdbook",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(bad)
    assert set(caught.value.problems) == set(bad)
    text = str(caught.value)
    assert all(name in text for name in bad)
    assert "hidden" not in text
    assert "short\n" not in text
    assert "1234567" not in text


def test_settings_survive_the_way_through_the_environment() -> None:
    settings = Settings.from_environment({"DATABASE_URL": URL, "HERDBOOK_SECRET_KEY": KEY, "HERDBOOK_DEBUG": "yes"})
    assert Settings.from_environment(settings.to_environment()) == settings


def test_secrets_are_shown_nowhere() -> None:
    settings = Settings.from_environment(
        {"DATABASE_URL": URL, "HERDBOOK_SECRET_KEY": KEY, "HERDBOOK_ADMIN_PASSWORD": "very-secret"}
    )
    shown = repr(settings) + str(settings.database) + repr(settings.database)
    shown += "".join(cell for row in table(settings) for cell in row)
    for secret in (KEY, "very-secret", "p@ss/w:rd", "p%40ss"):
        assert secret not in shown


def test_the_table_has_a_row_for_each_declaration() -> None:
    rows = table(Settings.from_environment({"HERDBOOK_PORT": "9000"}))
    assert [row[0] for row in rows] == [each.name for each in declarations().values()]
    assert ("HERDBOOK_PORT", "9000", "8081", "port to listen on") in rows
    assert all(meaning for *_, meaning in rows)


def test_the_sum_of_the_pools_counts_every_worker() -> None:
    settings = Settings.from_environment({"HERDBOOK_WORKERS": "3"})
    assert settings.connections == 3 * (20 + 30)


def test_a_misspelt_name_is_told_with_the_nearest_one() -> None:
    assert unknown_names({"HERDBOOK_PROT": "1", "HERDBOOK_PORT": "2", "PATH": "/bin"}) == {
        "HERDBOOK_PROT": "HERDBOOK_PORT"
    }


def test_a_list_is_written_with_commas_and_none_is_an_empty_one() -> None:
    settings = Settings.from_environment(
        {"HERDBOOK_CORS_ORIGINS": "https://Farm.example, http://[::1]:5173,", "HERDBOOK_SIGNUP_ROLES": "none"}
    )
    assert settings.cors_origins == ("https://farm.example", "http://[::1]:5173")
    assert settings.signup_roles == ()
    assert Settings.from_environment(settings.to_environment()) == settings
    assert Settings.from_environment({}).signup_roles == ("Aprendiz",)
    assert Settings.from_environment({}).cors_origins == ()


@pytest.mark.parametrize("origin", ["*", "farm.example", "https://farm.example/", "null", "ftp://farm.example"])
def test_an_origin_is_as_browsers_send_it(origin: str) -> None:
    with pytest.raises(SettingsError, match="HERDBOOK_CORS_ORIGINS"):
        Settings.from_environment({"HERDBOOK_CORS_ORIGINS": origin})


def test_a_role_to_sign_up_with_is_one_that_there_is() -> None:
    with pytest.raises(SettingsError, match="HERDBOOK_SIGNUP_ROLES"):
        Settings.from_environment({"HERDBOOK_SIGNUP_ROLES": "Aprendiz,Dueño"})


def test_a_database_that_was_not_chosen_yet_is_a_clear_error() -> None:
    with pytest.raises(LookupError):
        _ = Settings.from_environment({}).database


def test_a_url_is_percent_decoded_and_written_back() -> None:
    url = DatabaseURL.parse(URL)
    assert url == DatabaseURL("farm", "p@ss/w:rd", "db.example", 3307, "herdbook", None)
    assert url.uri() == URL
    assert str(url) == "mysql://farm:***@db.example:3307/herdbook"


def test_a_url_may_lead_to_a_socket() -> None:
    url = DatabaseURL.parse("mysql://farm@localhost/herdbook?unix_socket=/run/my%20db.sock")
    assert (url.unix_socket, url.password, url.port) == ("/run/my db.sock", "", 3306)
    assert DatabaseURL.parse(url.uri()) == url


def test_a_url_may_hold_an_ipv6_address() -> None:
    url = DatabaseURL.parse("mariadb://farm:x@[::1]:3306/herdbook")
    assert url.host == "::1"
    assert DatabaseURL.parse(url.uri()) == url


@pytest.mark.parametrize(
    "text",
    [
        "herdbook",
        "mysql:///herdbook",
        "mysql://farm:hidden@db",
        "mysql://farm:hidden@db/",
        "mysql://farm:hidden@db/two/parts",
        "mysql://farm:hidden@db/name`",
        "mysql://farm:hidden@db:port/herdbook",
        "mysql://farm:hidden@db:99999/herdbook",
        "mysql://farm:hidden@db/herdbook?unix_socket=relative",
        "mysql://farm:hidden@db/herdbook?ssl=1",
        "mysql://farm:hidden@db/herdbook?charset=latin1",
        "mysql://farm:hidden@[db/herdbook",
    ],
)
def test_a_bad_url_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|does|asks)") as caught:
        DatabaseURL.parse(text)
    assert "hidden" not in str(caught.value)
