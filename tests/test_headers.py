"""What every answer carries, and which hosts are served."""

import re

import pytest
import requests

PAGES = ("/login", "/projects", "/account", "/api/session", "/api/docs", "/nothing-here")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_guarded(alice, path):
    headers = alice.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/projects", "/account", "/api/projects", "/api/session"])
def test_what_is_mine_is_not_shared_by_caches(alice, path):
    headers = alice.get(path).headers
    assert "private" in headers["Cache-Control"]
    assert "Cookie" in headers["Vary"]


def test_static_files_may_be_kept(alice):
    page = alice.get("/account").text
    address = re.search(r'href="(/static/h/\w+/css/[^"]+)"', page)[1]
    assert "max-age=31536000" in alice.get(address).headers["Cache-Control"]


def test_inline_code_is_the_import_map_alone(alice, project):
    for path in ("/account", project.page):
        answer = alice.get(path)
        scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", answer.text)
        code = [each for each in scripts if "application/json" not in each]
        assert len(code) == 1
        nonce = re.search(r'nonce="([^"]+)"', code[0])[1]
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
        assert "<style" not in answer.text
        assert not re.search(r'\s(style|on[a-z]+)="', answer.text)


def test_the_cookie_is_kept_from_scripts_and_other_sites(server):
    cookie = requests.get(f"{server.url}/api/session", timeout=5).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("path", ["/login", "/api/session"])
def test_an_unknown_host_is_refused(server, path):
    answer = requests.get(server.url + path, headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed"


@pytest.mark.parametrize("host", ["[::1]", "[::2]", "[::1", "::1"])
def test_of_ipv6_addresses_our_own_is_served(server, host):
    answer = requests.get(
        f"{server.url}/api/session", headers={"Host": f"{host}:{server.port}"}, timeout=5
    )
    assert answer.status_code == (200 if host == "[::1]" else 400)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.0.0.7:3001", "[fd00::7]:3001", "balancer"])
def test_a_probe_is_answered_under_any_host(server, path, host):
    assert requests.get(server.url + path, headers={"Host": host}, timeout=5).ok


def test_production_speaks_of_https_only(make_server):
    server = make_server(
        PROJCHAT_ENV="production",
        PROJCHAT_LIMITS="on",
        SECRET_KEY="0f8b2c6d9e1a4753b08c2d6f9e1a47530f8b2c6d9e1a4753",
        PROJCHAT_ORIGINS="https://chat.example",
        PROJCHAT_PROXIES="1",
    )
    headers = {"Host": "chat.example", "X-Forwarded-Proto": "https"}
    answer = requests.get(f"{server.url}/api/session", headers=headers, timeout=5)
    assert answer.ok
    assert answer.headers["Set-Cookie"].startswith("__Host-projchat=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Path=/" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    foreign = requests.get(
        f"{server.url}/api/session", headers={**headers, "Host": "evil.example"}, timeout=5
    )
    assert foreign.status_code == 400


def test_a_proxy_that_nobody_believes_is_noted_once(make_server):
    server = make_server()
    for number in range(3):
        forwarded = {"X-Forwarded-For": f"203.0.113.{number}"}
        assert requests.get(f"{server.url}/healthz", headers=forwarded, timeout=5).ok
    assert server.wait_for_log("PROJCHAT_PROXIES").count("PROJCHAT_PROXIES") == 1


def test_a_proxy_that_is_not_named_is_noted_once(make_server):
    server = make_server(PROJCHAT_PROXIES="1", FORWARDED_ALLOW_IPS="10.0.0.5")
    for _ in range(3):
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        assert requests.get(f"{server.url}/healthz", headers=forwarded, timeout=5).ok
    said = server.wait_for_log("FORWARDED_ALLOW_IPS")
    assert said.count("X-Forwarded-For from 127.0.0.1 is not believed") == 1
