"""Webhooks against a real HTTP server."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from edgeserve.domain.errors import ConfigurationError
from edgeserve.sinks.options import WebhookOptions
from edgeserve.sinks.webhook import WebhookSink
from tests.sinks.ports import free_port
from tests.sinks.receiver import Receiver
from tests.sinks.results import event, result
from tests.sinks.schemas import EVENT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def started(url: str, **options: object) -> WebhookSink:
    sink = WebhookSink(WebhookOptions.model_validate({"webhook_url": url, **options}))
    sink.start()
    return sink


def test_each_event_is_posted_and_a_result_without_one_is_not() -> None:
    with Receiver([200]) as receiver:
        sink = started(f"http://127.0.0.1:{receiver.port}/hook?key=1")
        sink(result(0))
        sink(result(1, event(7), event(8, "zone_entered")))
        sink.close(60)
    assert [post.path for post in receiver.posts] == ["/hook?key=1"] * 2
    for post in receiver.posts:
        EVENT.validate(json.loads(post.body))
        assert post.headers["Content-Type"] == "application/json"
        assert "X-Edgeserve-Signature" not in post.headers
    assert [post.headers["X-Edgeserve-Event"] for post in receiver.posts] == [
        "zone_left",
        "zone_entered",
    ]
    assert sink.counts().delivered == 2


def test_a_receiver_that_fails_is_tried_again_with_the_same_delivery(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Receiver([503, 429, 204]) as receiver:
        sink = started(f"http://127.0.0.1:{receiver.port}/secret-path")
        sink(result(0, event(1), event(2)))
        wait_until(lambda: sink.counts().delivered == 2, "both events")
        sink.close(60)
    bodies = [json.loads(post.body)["track_id"] for post in receiver.posts]
    assert bodies == [1, 1, 1, 2], "in order: the first is tried until it arrives"
    deliveries = [post.headers["X-Edgeserve-Delivery"] for post in receiver.posts]
    assert len(set(deliveries[:3])) == 1
    assert deliveries[3] != deliveries[0]
    assert f"http://127.0.0.1:{receiver.port} answers 503" in caplog.text
    assert "secret-path" not in caplog.text


def test_a_receiver_that_is_away_gets_the_events_when_it_is_back() -> None:
    port = free_port()
    sink = started(f"http://127.0.0.1:{port}")
    sink(result(0, event(1), event(2)))
    wait_until(lambda: bool(sink.counts().waiting), "the first try")
    with Receiver([200], port) as receiver:
        wait_until(lambda: sink.counts().delivered == 2, "both events")
        sink.close(60)
    assert [post.path for post in receiver.posts] == ["/", "/"]


@pytest.mark.parametrize("status", [301, 400, 404])
def test_an_answer_that_will_not_change_gives_the_event_up(status: int) -> None:
    with Receiver([status, 200]) as receiver:
        sink = started(f"http://127.0.0.1:{receiver.port}")
        sink(result(0, event(1), event(2)))
        wait_until(lambda: sink.counts().delivered == 1, "the second event")
        sink.close(60)
    assert sink.counts().failed == 1
    assert [json.loads(post.body)["track_id"] for post in receiver.posts] == [1, 2]


def test_tries_end_and_the_next_event_has_its_turn() -> None:
    with Receiver([500, 500, 200]) as receiver:
        sink = started(f"http://127.0.0.1:{receiver.port}", webhook_attempts=2)
        sink(result(0, event(1), event(2)))
        wait_until(lambda: sink.counts().delivered == 1, "the second event")
        sink.close(60)
    assert sink.counts().failed == 1
    assert [json.loads(post.body)["track_id"] for post in receiver.posts] == [1, 1, 2]


def test_a_receiver_that_never_answers_blocks_nobody_and_the_oldest_are_dropped() -> None:
    with Receiver([None]) as receiver:
        sink = started(f"http://127.0.0.1:{receiver.port}", webhook_timeout=0.1, webhook_buffer=10)
        sink(result(0, event(1)))
        wait_until(lambda: bool(receiver.posts), "the first try")
        for number in range(100):
            sink(result(number, event(2)))  # returns at once
        assert sink.counts().dropped == 90
        wait_until(lambda: len(receiver.posts) > 1, "a second try after the time-out")
        sink.close(3600)
    assert sink.counts().dropped == 100
    assert sink.counts().delivered == 0


def test_the_signature_is_the_hmac_of_the_body(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("sesame\n")
    for options in ({"webhook_secret": "sesame"}, {"webhook_secret_file": str(file)}):
        with Receiver([200]) as receiver:
            sink = started(f"http://127.0.0.1:{receiver.port}", **options)
            sink(result(0, event()))
            sink.close(60)
        (post,) = receiver.posts
        expected = hmac.new(b"sesame", post.body, hashlib.sha256).hexdigest()
        assert post.headers["X-Edgeserve-Signature"] == f"sha256={expected}"


def test_https_trusts_the_authority_that_is_named_and_no_other(certificates: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    ca = str(certificates / "ca.pem")
    with Receiver([200], tls=context) as receiver:
        sink = started(f"https://127.0.0.1:{receiver.port}", webhook_ca=ca)
        sink(result(0, event()))
        sink.close(60)
        assert sink.counts().delivered == 1
        sink = started(f"https://127.0.0.1:{receiver.port}", webhook_attempts=1)
        sink(result(0, event()))
        wait_until(lambda: sink.counts().failed == 1, "a refusal")
        sink.close(60)
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x",
        "host/x",
        "http://",
        "http://user:word@host/",
        "http://host:port/",
        "http://a b/",
    ],
)
def test_a_wrong_address_is_refused_and_no_password_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^webhook_url is no address") as refusal:
        WebhookSink(WebhookOptions(webhook_url=url))
    assert "word" not in str(refusal.value)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    wrong: list[tuple[dict[str, object], str]] = [
        ({"webhook_secret_file": str(tmp_path / "none")}, "webhook_secret_file: .*none cannot be"),
        ({"webhook_secret_file": str(empty)}, "webhook_secret_file: .* is empty"),
        (
            {"webhook_secret": SecretStr("a"), "webhook_secret_file": str(empty)},
            "webhook_secret and webhook_secret_file are both given",
        ),
        ({"webhook_ca": str(tmp_path / "none")}, "webhook_ca: .*none cannot be used: No such file"),
        ({"webhook_ca": str(empty)}, "webhook_ca: .*empty cannot be used: no usable PEM file"),
    ]
    for options, said in wrong:
        with pytest.raises(ConfigurationError, match=said):
            WebhookSink(
                WebhookOptions.model_validate({"webhook_url": "https://host"} | options),
            )
