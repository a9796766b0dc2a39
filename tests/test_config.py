"""Settings come from the environment; what is unsafe is refused with a sentence."""

import stat

import pytest

from projchat.config import UnsafeConfiguration, from_environment

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
    assert "chat.example" in settings["TRUSTED_HOSTS"]


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
