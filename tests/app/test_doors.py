"""What a server refuses to open, and what it warns of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.access.rights import Right
from edgeserve.access.token_file import create_token
from edgeserve.app.doors import is_only_local, warn_of_exposure
from edgeserve.app.server import Server
from edgeserve.config.load import load_settings
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.config.settings import Settings

OPEN = "0.0.0.0:0"


def settings(**flags: object) -> Settings:
    return load_settings(None, {}, flags)


@pytest.fixture
def tokens(tmp_path: Path) -> str:
    path = tmp_path / "tokens"
    create_token(path, "gate", frozenset({Right.INFER}))
    return str(path)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"listen": OPEN}, "say --insecure"),
        ({"http_listen": OPEN}, "say --insecure"),
        ({"tls_key": "k.pem"}, "tls_key is given without tls_cert"),
        ({"tls_cert": "none.pem"}, "tls_cert: none.pem cannot be used"),
        ({"tokens_file": "none"}, "tokens_file: none cannot be read"),
        ({"mtls_listen": "127.0.0.1:0"}, "with tls_client_ca"),
        ({"certificate_rights": "cn:a"}, "expected cn:PATTERN=RIGHTS"),
        ({"unprotected": "metrics,all"}, "unprotected"),
        ({"socket_rights": "all"}, "expected infer, watch or admin"),
        (
            {
                "tls_cert": "c",
                "tls_client_ca": "ca",
                "certificate_rights": "cn:a=infer",
                "tokens_file": "t",
            },
            "expected mtls_listen",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(flags: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Server(settings(**flags))
    assert told in str(caught.value)


@pytest.mark.parametrize("more", [{}, {"listen": "127.0.0.1:0", "http_listen": OPEN}])
def test_an_address_of_the_network_is_open_to_those_who_are_known(
    tokens: str, more: dict[str, object]
) -> None:
    Server(settings(listen=OPEN, tokens_file=tokens, admin_listen=""))
    Server(settings(**({"listen": OPEN, "tokens_file": tokens} | more)))
    with pytest.raises(ConfigurationError, match="--admin-network"):
        Server(settings(admin_listen=OPEN, tokens_file=tokens))
    Server(settings(admin_listen=OPEN, tokens_file=tokens, admin_network=True))


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"listen": OPEN, "insecure": True}, "WHOEVER REACHES IT MAY USE THIS SERVER"),
        ({"listen": OPEN, "tokens_file": "t"}, "whoever listens on the way reads tokens"),
        ({"admin_listen": OPEN, "admin_network": True, "tokens_file": "t"}, "admin_listen is 0.0"),
        ({"listen": OPEN, "tokens_file": "t", "tls_cert": "c"}, ""),
        ({"tokens_file": "t"}, ""),
        ({}, ""),
    ],
)
def test_what_is_open_or_can_be_overheard_is_said_in_the_log(
    flags: dict[str, object], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "edgeserve.app.doors")
    warn_of_exposure(settings(**flags))
    assert told in caplog.text
    assert bool(caplog.text) == bool(told)


@pytest.mark.parametrize(
    ("flags", "local"),
    [
        ({}, True),
        ({"insecure": True}, False),
        ({"tokens_file": "t"}, False),
        ({"http_listen": "unix:/run/x"}, False),
    ],
)
def test_names_are_held_against_this_machine_only_where_nobody_is_asked(
    flags: dict[str, object],
    local: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert is_only_local(settings(**flags)) is local
