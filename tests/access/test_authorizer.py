"""Who a caller is, by what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.access.authorizer import Authorizer
from edgeserve.access.gate import check_access
from edgeserve.access.identity import Presented
from edgeserve.access.options import AccessOptions
from edgeserve.access.rights import ALL, Right
from edgeserve.access.sessions import LIFETIME_S, Sessions
from edgeserve.access.token_file import create_token, revoke_token
from edgeserve.domain.errors import ConfigurationError, NotPermittedError, UnauthenticatedError

if TYPE_CHECKING:
    from pathlib import Path

INFER = frozenset({Right.INFER})
WATCH = frozenset({Right.WATCH})
FROM = "192.0.2.7"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def test_where_nobody_is_asked_everybody_may_everything_and_is_known_by_address() -> None:
    identity = Authorizer(AccessOptions()).identify(Presented(FROM))
    assert (identity.name, identity.rights) == (f"client {FROM}", ALL)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("2001:db8:1:2:3:4:5:6", "client 2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "client 192.0.2.7"),
        ("fe80::1%eth0", "client fe80::/64"),
        ("", "whoever has the socket"),
    ],
)
def test_one_customer_is_one_client_however_many_addresses_it_has(address: str, name: str) -> None:
    assert Authorizer(AccessOptions()).identify(Presented(address)).name == name


def test_a_token_gives_its_rights_and_no_others(tokens: Path) -> None:
    token = create_token(tokens, "gate", INFER)
    authorizer = Authorizer(AccessOptions(tokens_file=str(tokens)))
    identity = authorizer.identify(Presented(FROM, token))
    assert identity.name == "token gate"
    authorizer.require(identity, INFER, "Detect")
    authorizer.require(identity, INFER | WATCH, "ListModels")
    authorizer.require(identity, frozenset(), "reflection")
    with pytest.raises(NotPermittedError, match="AddCamera needs the right admin; token gate has"):
        authorizer.require(identity, frozenset({Right.ADMIN}), "AddCamera")


@pytest.mark.parametrize("token", ["", "wrong", "edgeserve_", "\N{SNOWMAN}", "\ud800"])
def test_nothing_and_anything_else_are_refused(tokens: Path, token: str) -> None:
    create_token(tokens, "gate", INFER)
    authorizer = Authorizer(AccessOptions(tokens_file=str(tokens)))
    with pytest.raises(UnauthenticatedError) as caught:
        authorizer.identify(Presented(FROM, token))
    assert not token or token not in str(caught.value)


def test_a_wrong_token_is_refused_also_where_the_socket_alone_would_do(tokens: Path) -> None:
    create_token(tokens, "gate", INFER)
    authorizer = Authorizer(AccessOptions(tokens_file=str(tokens)))
    assert authorizer.identify(Presented("")).rights == ALL
    with pytest.raises(UnauthenticatedError):
        authorizer.identify(Presented("", "wrong"))


def test_a_socket_gives_what_the_configuration_says(tokens: Path) -> None:
    create_token(tokens, "gate", INFER)
    some = AccessOptions(tokens_file=str(tokens), socket_rights="watch")
    assert Authorizer(some).identify(Presented("")).rights == WATCH
    none = AccessOptions(tokens_file=str(tokens), socket_rights="")
    with pytest.raises(UnauthenticatedError, match="a token"):
        Authorizer(none).identify(Presented(""))


def test_rules_for_certificates_add_up_and_a_name_without_a_rule_has_no_right() -> None:
    rules = ("cn:camera-*=infer", "cn:camera-7=watch", "san:ops.example=watch+admin")
    authorizer = Authorizer(AccessOptions(tls_client_ca="ca.pem", certificate_rights=rules))

    def rights(common_name: str, *names: str) -> frozenset[Right]:
        shown = Presented(FROM, common_name=common_name, alternative_names=names)
        return authorizer.identify(shown).rights

    assert rights("camera-1") == INFER
    assert rights("camera-7") == INFER | WATCH
    assert rights("camera-7", "ops.example") == ALL
    assert rights("", "ops.example") == {Right.WATCH, Right.ADMIN}
    assert rights("ops.example") == frozenset(), "a common name is no alternative name"
    assert rights("other", "xops.example") == frozenset()


@pytest.mark.parametrize("rule", ["camera=infer", "cn:camera", "cn:=infer", "cn:a=look", "cn:a="])
def test_a_rule_that_is_none_is_refused_with_what_was_expected(rule: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        AccessOptions(certificate_rights=(rule,))


def test_a_session_lasts_as_long_as_its_token(tokens: Path) -> None:
    token = create_token(tokens, "page", WATCH)
    authorizer = Authorizer(AccessOptions(tokens_file=str(tokens)))
    session, identity = authorizer.log_in(token)
    assert identity.name == "token page"
    assert token not in session
    shown = Presented(FROM, session=session)
    assert authorizer.identify(shown).rights == WATCH
    assert authorizer.holds(identity, WATCH)
    revoke_token(tokens, "page")
    assert authorizer.reload()
    assert not authorizer.holds(identity, WATCH)
    with pytest.raises(UnauthenticatedError):
        authorizer.identify(shown)


def test_sessions_end_by_themselves_and_do_not_pile_up() -> None:
    now_s = 0.0
    sessions = Sessions(lambda: now_s)
    first = sessions.begin("digest")
    assert sessions.digest(first) == "digest"
    names = [sessions.begin("other") for _ in range(1000)]
    assert len(sessions._sessions) <= 256
    assert sessions.digest(first) == "", "the oldest made room"
    assert sessions.digest(names[-1]) == "other"
    now_s = LIFETIME_S + 1.0
    assert sessions.digest(names[-1]) == ""
    sessions.begin("new")
    assert len(sessions._sessions) == 1


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"tls_key": "k"}, "tls_cert"),
        ({"tls_client_ca": "ca", "certificate_rights": ("cn:a=infer",)}, "tls_cert"),
        ({"tls_client_ca": "ca", "tls_cert": "c"}, "certificate_rights"),
        ({"certificate_rights": ("cn:a=infer",)}, "tls_client_ca"),
    ],
)
def test_settings_that_need_others_say_which(given: dict[str, object], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"without {missing}"):
        check_access(AccessOptions.model_validate(given))
