"""What the holder of a certificate may do."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.access.rights import rights_from_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeserve.access.identity import Presented
    from edgeserve.access.rights import Right


class CertificateRule(NamedTuple):
    """Rights for names.

    Attributes:
        alternative: whether the pattern is for the subject's alternative names.
        pattern: of a name, in which * stands for any text.
        rights: of whoever has such a name.
    """

    alternative: bool
    pattern: str
    rights: frozenset[Right]

    def matches(self, presented: Presented) -> bool:
        """Whether a certificate has such a name."""
        names = presented.alternative_names if self.alternative else (presented.common_name,)
        return any(name and fnmatchcase(name, self.pattern) for name in names)


def rule_from_text(text: str) -> CertificateRule:
    """Read `cn:PATTERN=RIGHTS` or `san:PATTERN=RIGHTS`.

    Raises:
        ValueError: it is neither; the text says what was expected.
    """
    name, equals, rights = text.rpartition("=")
    kind, _, pattern = name.partition(":")
    if not equals or kind not in {"cn", "san"} or not pattern or not rights:
        message = f"{text!r} is no rule; expected cn:PATTERN=RIGHTS or san:PATTERN=RIGHTS"
        raise ValueError(message)
    return CertificateRule(kind == "san", pattern, rights_from_text(rights))


def rights_of(rules: Iterable[CertificateRule], presented: Presented) -> frozenset[Right]:
    """All that the rules that match give together."""
    return frozenset().union(*(rule.rights for rule in rules if rule.matches(presented)))
