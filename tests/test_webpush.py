"""Web push: how a message is sealed, and whom we connect to."""

import ipaddress
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from projchat import webpush
from projchat.config import UnsafeConfiguration, from_environment
from projchat.webpush import Pusher, Unreachable, decode, encode, encrypt, fits, is_public
from support.push import PushBrowser, PushService

# The example of RFC 8291, section 5 and appendix A.
RFC = {
    "p256dh": (
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    ),
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "private": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "text": b"When I grow up, I want to be a watermelon",
    "sealed": (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
        "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
        "lcy4a-fN"
    ),
}


@pytest.fixture
def pusher(tmp_path):
    made = Pusher.of(tmp_path, ("https://chat.example",), None)
    assert made
    return made


def test_a_message_is_sealed_as_the_standard_has_it():
    key = ec.derive_private_key(int.from_bytes(decode(RFC["private"]), "big"), ec.SECP256R1())
    sealed = encrypt(RFC["text"], RFC["p256dh"], RFC["auth"], salt=decode(RFC["salt"]), key=key)
    assert encode(sealed) == RFC["sealed"]


def test_the_key_is_made_once_for_its_owner_only(tmp_path, pusher):
    path = tmp_path / "vapid_key.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Pusher.of(tmp_path, (), None).public_key == pusher.public_key
    assert len(decode(pusher.public_key)) == 65


def test_without_a_usable_key_there_is_no_push(tmp_path):
    (tmp_path / "vapid_key.pem").write_text("nonsense")
    assert Pusher.of(tmp_path, (), None) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:123",
        "https://updates.push.services.mozilla.com/wpush/v2/abc?x=1",
        "https://web.push.apple.com:443/abc",
    ],
)
def test_push_services_are_accepted(pusher, endpoint):
    assert pusher.accepts(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "nonsense",
        "http://push.example/abc",
        "ftp://push.example/abc",
        "https://push.example:8443/abc",
        "https://push.example:99999/abc",
        "https://user:word@push.example/abc",
        "https://localhost/abc",
        "https://a.localhost/abc",
        "https://printer.local/abc",
        "https://metadata.google.internal/abc",
        "https://intranet/abc",
        "https://127.0.0.1/abc",
        "https://10.0.0.1/abc",
        "https://169.254.169.254/latest",
        "https://[::1]/abc",
        "https://[::ffff:10.0.0.1]/abc",
        "https://[::1/abc",
        "https://push.example/a\r\nX: y",
        "https://push.example/" + "a" * 1000,
        "https://püsh.example/abc",
    ],
)
def test_anything_else_is_refused(pusher, endpoint):
    assert not pusher.accepts(endpoint)
    with pytest.raises(Unreachable):
        pusher.send(endpoint, RFC["p256dh"], RFC["auth"], {}, "topic")


@pytest.mark.parametrize("found", ["127.0.0.1", "10.1.2.3", "fd00::1", "64:ff9b::a00:1"])
def test_a_name_that_leads_inside_is_not_connected_to(pusher, monkeypatch, found):
    answers = [(0, 0, 0, "", (each, 443)) for each in ("93.184.216.34", found)]
    monkeypatch.setattr(webpush.socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(Unreachable, match="not a public host"):
        pusher.send("https://push.example/abc", RFC["p256dh"], RFC["auth"], {}, "topic")


PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "192.0.1.1",
    "192.88.98.255",
    "198.20.0.1",
    "223.255.255.255",
    "2001:200::1",
    "2606:2800:220:1::1",
    "2a00:1450:4001:81b::200a",
]
# One of each kind in the registries, also of those kinds that some versions of Python call global.
SPECIAL = [
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.175.48.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::93.184.216.34",
    "::ffff:192.168.0.1",
    "::ffff:93.184.216.34",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:1::1",
    "2001:2::1",
    "2001:4:112::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002:a00:1::",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fd00::1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_accepts_global_unicast_address(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", SPECIAL)
def test_refuses_special_purpose_address(pusher, address):
    assert not is_public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert not pusher.accepts(f"https://{host}/abc")


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("AAAA", RFC["auth"]),
        ("B" + "A" * 86, RFC["auth"]),
        (RFC["p256dh"], "AAAA"),
        (RFC["p256dh"], "A"),
        ("!", RFC["auth"]),
    ],
)
def test_other_keys_are_told(p256dh, auth):
    assert fits(RFC["p256dh"], RFC["auth"])
    assert not fits(p256dh, auth)


def test_a_service_that_is_away_is_told(tmp_path):
    service = PushService()
    service.close()
    pusher = Pusher.of(tmp_path, (), service.url)
    browser = PushBrowser(service)
    with pytest.raises(Unreachable):
        pusher.send(**browser.subscription, message={"a": 1}, topic="topic")


def test_production_refuses_the_stand_in(tmp_path):
    given = {
        "PROJCHAT_ENV": "production",
        "SECRET_KEY": "0f8b2c6d9e1a4753b08c2d6f9e1a47530f8b2c6d9e1a4753",
        "PROJCHAT_ORIGINS": "https://chat.example",
        "PROJCHAT_INSTANCE": str(tmp_path),
        "PROJCHAT_PUSH_STAND_IN": "http://127.0.0.1:9",
    }
    with pytest.raises(UnsafeConfiguration, match="PUSH_STAND_IN"):
        from_environment(given)
