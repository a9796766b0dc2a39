"""Settings come from the environment; what is unsafe is refused with a sentence."""

import stat

import pytest

from projchat.config import ROOT, SETTINGS, UnsafeConfiguration, from_environment

SECRET = "0f8b2c6d9e1a4753b08c2d6f9e1a47530f8b2c6d9e1a4753"
PRODUCTION = {
    "PROJCHAT_ENV": "production",
    "SECRET_KEY": SECRET,
    "PROJCHAT_ORIGINS": "https://chat.example",
}


@pytest.fixture
def read(tmp_path):
    return lambda **environ: from_environment({"PROJCHAT_INSTANCE": str(tmp_path), **environ})


def test_it_works_with_nothing_set(read, tmp_path):
    settings = read()
    assert settings["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/projchat.sqlite3"
    assert settings["REDIS_URL"] is None
    assert settings["LOGINS_PER_MINUTE"] == 30
    assert (settings["LOGIN_LIFETIME"].days, settings["LOGIN_IDLE"].days) == (30, 14)
    assert settings["SOCKETS_PER_ADDRESS"] == 1000
    assert settings["SOCKETS_PER_PERSON"] == 50
    assert settings["SESSION_COOKIE_HTTPONLY"]
    assert settings["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_the_secret_is_made_once_and_kept_private(read, tmp_path):
    secret = read()["SECRET_KEY"]
    assert read()["SECRET_KEY"] == secret
    assert len(secret) == 64
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_the_folder_is_its_owners(tmp_path):
    from_environment({"PROJCHAT_INSTANCE": str(tmp_path / "new")})
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_postgresql_is_spoken_to_through_psycopg2(read, scheme):
    settings = read(DATABASE_URL=f"{scheme}://user@host/name")
    assert settings["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg2://user@host/name"


def test_production_is_served_when_it_is_safe(read):
    settings = read(**PRODUCTION)
    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert settings["ORIGINS"] == ("https://chat.example",)
    assert "chat.example" in settings["HOSTS"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "secret"),
        ("SECRET_KEY", "a" * 64),
        ("PROJCHAT_ORIGINS", ""),
        ("PROJCHAT_ORIGINS", "http://chat.example"),
        ("PROJCHAT_ORIGINS", "chat.example"),
        ("PROJCHAT_ORIGINS", "https://chat.example/path"),
        ("PROJCHAT_ORIGINS", "*"),
        ("PROJCHAT_LIMITS", "off"),
        ("FLASK_DEBUG", "1"),
    ],
)
def test_production_refuses_what_is_unsafe(read, name, value):
    with pytest.raises(UnsafeConfiguration, match=name):
        read(**{**PRODUCTION, name: value})


def test_it_rejects_a_number_that_is_none(read):
    with pytest.raises(UnsafeConfiguration, match="PROJCHAT_PROXIES"):
        read(PROJCHAT_PROXIES="many")


@pytest.mark.parametrize("name", ["UPLOAD_QUOTA", "UPLOAD_QUOTA_PROJECT", "UPLOAD_QUOTA_TOTAL"])
def test_quota_holds_a_file_of_the_allowed_size(read, name):
    setting, allowed = f"PROJCHAT_{name}", {"PROJCHAT_UPLOAD_BYTES": "1000"}
    assert read(**allowed, **{setting: "1000"})[name] == 1000
    with pytest.raises(UnsafeConfiguration, match=f"^{setting} .* PROJCHAT_UPLOAD_BYTES"):
        read(**allowed, **{setting: "999"})


def test_polling_can_be_switched_off(read):
    assert read()["POLLING"]
    assert not read(PROJCHAT_POLLING="off")["POLLING"]


def test_the_readme_tells_of_every_setting():
    table = (ROOT / "README.md").read_text()
    assert {name for name in SETTINGS if f"`{name}`" not in table} == set()


@pytest.mark.parametrize(
    ("given", "origin", "host"),
    [
        ("https://Chat.Example/", "https://chat.example", "chat.example"),
        ("https://chat.example:443", "https://chat.example", "chat.example"),
        ("https://chat.example:8443", "https://chat.example:8443", "chat.example"),
        ("https://[2001:DB8:0::1]:8443", "https://[2001:db8::1]:8443", "[2001:db8::1]"),
        ("https://чат.example", "https://xn--80a0bn.example", "xn--80a0bn.example"),
    ],
)
def test_an_origin_is_taken_as_browsers_write_it(read, given, origin, host):
    settings = read(PROJCHAT_ORIGINS=given)
    assert settings["ORIGINS"] == (origin,)
    assert host in settings["HOSTS"]


@pytest.mark.parametrize("host", ["[::1]", "::1"])
def test_ipv6_is_listened_to_with_and_without_brackets(read, host):
    assert read(HOST=host)["HOST"] == "::1"


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1/0", "redis://:pass@redis.example", "unix:///run/redis.sock"]
)
def test_redis_may_be_near_or_have_a_password(read, url):
    assert read(**PRODUCTION, REDIS_URL=url)["REDIS_URL"] == url


@pytest.mark.parametrize(
    "given", [{}, {"HOST": "::1"}, {"PROJCHAT_ORIGINS": "http://localhost:3000,http://[::1]:3000"}]
)
def test_on_this_machine_alone_the_first_account_needs_no_token(read, given):
    assert read(**given)["SETUP_TOKEN"] == ""


@pytest.mark.parametrize(
    "given",
    [
        PRODUCTION,
        PRODUCTION | {"PROJCHAT_ORIGINS": "http://localhost"},
        {"HOST": "0.0.0.0"},  # noqa: S104
        {"PROJCHAT_ORIGINS": "http://192.168.0.7:3000"},
    ],
)
def test_where_others_reach_it_the_first_account_needs_one(read, given):
    token = read(**given)["SETUP_TOKEN"]
    assert len(token) == 32
    assert token == read(**given)["SETUP_TOKEN"]
    assert token not in read(**given)["SECRET_KEY"]
