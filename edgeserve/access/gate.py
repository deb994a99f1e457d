"""Where every call passes, whatever transport it came by."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from edgeserve.access.authorizer import Authorizer
from edgeserve.access.meter import Meter, Meters
from edgeserve.access.refusals import Reason, Refusals
from edgeserve.access.tls_files import TlsFiles
from edgeserve.domain.errors import (
    ConfigurationError,
    NotPermittedError,
    UnauthenticatedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.access.identity import Identity, Presented
    from edgeserve.access.options import AccessOptions
    from edgeserve.access.rights import Right

_log = logging.getLogger(__name__)
REFUSAL_S = 0.2
"""That a call over a limit waits for its refusal: who asks in a loop is slowed down by it."""
_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


def current_meter() -> Meter | None:
    """What counts the use of the client whose call this is; None where nothing is counted."""
    return _METER.get()


class Call:
    """A call that was let in, and the task that runs it.

    Attributes:
        withdrawn: whether it was ended because its caller may not any more.
    """

    def __init__(self, identity: Identity, needs: frozenset[Right]) -> None:
        """A call of the current task."""
        self.identity = identity
        self.needs = needs
        self.withdrawn = False
        self._task = asyncio.current_task()

    def withdraw(self) -> None:
        """End it."""
        if not self.withdrawn and self._task is not None:
            self.withdrawn = True
            self._task.cancel()

    def error(self) -> UnauthenticatedError:
        """What its caller is told when it was withdrawn."""
        text = f"the access of {self.identity.name} was withdrawn while this call ran"
        return UnauthenticatedError(text)


class Gate:
    """Authorisation and limits of a server, and the calls that are inside.

    Attributes:
        options: of the room.
        authorizer: who is asked.
        tls: what TLS listeners show; None where there is no TLS.
        refusals: counts what is refused, here and by the limits of the server as a whole.
    """

    def __init__(self, options: AccessOptions) -> None:
        """Read the files that the options name.

        Raises:
            ConfigurationError: one of them is wrong.
        """
        self.options = options
        self.authorizer = Authorizer(options)
        self.tls = TlsFiles(options) if options.tls_cert else None
        self.refusals = Refusals()
        self._meters = Meters(options, self.refusals) if options.counts else None
        self._calls: set[Call] = set()
        self._told_expiry_unix_s = 0.0

    @property
    def open(self) -> bool:
        """Whether every call passes uncounted."""
        return not (self.options.asks or self.options.counts)

    @contextmanager
    def passing(self, presented: Presented, needs: frozenset[Right], what: str) -> Iterator[Call]:
        """Let a call in for as long as it runs.

        Args:
            presented: what it shows.
            needs: one of these rights; none means that whoever is known may.
            what: it asks for, for errors.

        Raises:
            UnauthenticatedError: nobody knows who calls.
            NotPermittedError: the caller lacks the right.
            LimitReachedError: the caller has too many calls open, or begins them too fast.
        """
        try:
            identity = self.authorizer.identify(presented)
            self.authorizer.require(identity, needs, what)
        except UnauthenticatedError:
            self.refusals.add(Reason.UNAUTHENTICATED)
            raise
        except NotPermittedError:
            self.refusals.add(Reason.NOT_PERMITTED)
            raise
        meter = None if self._meters is None else self._meters.of(identity.name)
        with nullcontext() if meter is None else meter.call():
            # Not set back: the context is that of the call's own task.
            _METER.set(meter)
            call = Call(identity, needs)
            self._calls.add(call)
            try:
                yield call
            finally:
                self._calls.discard(call)

    def reload(self) -> None:
        """Read changed files again, and end the calls of those who may not any more.

        A file that is no longer good changes nothing, and the log says why.
        """
        _reload("tokens", self.authorizer)
        if self.tls is not None:
            _reload("certificates", self.tls)
            self._tell_expired(self.tls.material.expiry_unix_s)
        for call in list(self._calls):
            if not call.withdrawn and not self.authorizer.holds(call.identity, call.needs):
                self.refusals.add(Reason.WITHDRAWN)
                call.withdraw()

    def _tell_expired(self, expiry_unix_s: float) -> None:
        """Say in the log, once of each certificate, that clients refuse it."""
        if expiry_unix_s <= time.time() and expiry_unix_s != self._told_expiry_unix_s:
            self._told_expiry_unix_s = expiry_unix_s
            ended = datetime.fromtimestamp(expiry_unix_s, timezone.utc)
            words = (
                "tls_cert: %s expired at %s, and new clients refuse it; put a new one there, it is "
                "read without a restart"
            )
            _log.error(words, self.options.tls_cert, f"{ended:%Y-%m-%d %H:%M:%S} UTC")


def _reload(name: str, part: Authorizer | TlsFiles) -> None:
    try:
        if part.reload():
            _log.info("%s were read again", name)
    except ConfigurationError as error:
        _log.error("%s stay as they were: %s", name, error)


def check_access(options: AccessOptions) -> None:
    """Refuse settings that do not go together.

    Raises:
        ConfigurationError: naming the one that is missing.
    """
    pairs = (
        (options.tls_key, options.tls_cert, "tls_key", "tls_cert"),
        (options.tls_client_ca, options.tls_cert, "tls_client_ca", "tls_cert"),
        (options.tls_client_ca, options.certificate_rights, "tls_client_ca", "certificate_rights"),
        (options.certificate_rights, options.tls_client_ca, "certificate_rights", "tls_client_ca"),
    )
    for given, needed, name, missing in pairs:
        if given and not needed:
            text = f"{name} is given without {missing}; expected both or none"
            raise ConfigurationError(text)
