"""`WWW-Authenticate`: the challenges of an answer, parsed as RFC 9110 section 11.6.1 has them.

One header may hold several challenges and an answer several headers; both become one list.
Registries depart from the grammar in small ways (a realm without quotes), so reading is lenient
where only one reading is possible, and leaves out what has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import field, frozen

__all__ = ["Challenge", "bearer_of", "first_of", "parse_challenges"]

_MAX_LENGTH: Final = 8 * 1024
_MAX_CHALLENGES: Final = 32
_MAX_SCOPES: Final = 10

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SEPARATORS: Final = (" ", "\t", ",")
_SCHEME: Final = re.compile(rf"({_TOKEN})(?=[ \t,]|$)[ \t]*")
_PARAMETER: Final = re.compile(
    # The second form is what the grammar does not allow and only registries write: realm=https://…
    rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^",\s=][^",\s]*))(?=[ \t]*(?:,|$)|[ \t])',
    re.DOTALL,
)
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))")


def _parameters(value: Mapping[str, str]) -> Mapping[str, str]:
    return dict(value)


@frozen
class Challenge:
    """One challenge.

    Attributes:
        scheme: In lower case: ``basic``, ``bearer``.
        parameters: By name in lower case; values with their quotes taken off.
    """

    scheme: str
    parameters: Mapping[str, str] = field(converter=_parameters, factory=dict, hash=False)

    def get(self, name: str) -> str:
        """Return a parameter, empty where there is none."""
        return self.parameters.get(name, "")

    @property
    def endpoint(self) -> tuple[str, str]:
        """The realm and the service of a token server."""
        return self.get("realm"), self.get("service")

    @property
    def scopes(self) -> tuple[str, ...]:
        """What a token is to be for, each once."""
        return tuple(dict.fromkeys(self.get("scope").split()))[:_MAX_SCOPES]


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Parse the `WWW-Authenticate` headers of one answer.

    A challenge that cannot be read, or that names a parameter twice, is left out: which of the two
    values counts would be a guess, and one of them may be an attacker's.

    Args:
        headers: the header's values, one for each time that the answer has it.

    >>> parse_challenges(['Basic realm="a, b", Bearer realm="https://x.io/token",service=x'])[1]
    Challenge(scheme='bearer', parameters={'realm': 'https://x.io/token', 'service': 'x'})
    """
    found: list[Challenge] = []
    for header in headers:
        found += _parse(header[:_MAX_LENGTH])
    return tuple(found[:_MAX_CHALLENGES])


def _parse(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    scheme: str | None = None
    parameters: dict[str, str] = {}
    sound = False

    def finish() -> None:
        if scheme is not None and sound:
            found.append(Challenge(scheme, parameters))

    position = 0
    while True:
        while text[position : position + 1] in _SEPARATORS:
            position += 1
        if position >= len(text):
            break
        if parameter := _PARAMETER.match(text, position):
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            sound = sound and name.lower() not in parameters
            parameters[name.lower()] = value
            position = parameter.end()
        elif start := _SCHEME.match(text, position):
            finish()
            scheme, parameters, sound = start[1].lower(), {}, True
            position = start.end()
            # Negotiate and its like have one blob in place of parameters.
            blob = _TOKEN68.match(text, position)
            if blob:
                position = blob.end()
        else:
            # What follows cannot be told apart from the challenge's parameters: give it up, and go
            # on behind the next comma.
            sound = False
            comma = text.find(",", position)
            position = len(text) if comma < 0 else comma + 1
    finish()
    return found


def first_of(challenges: Sequence[Challenge], scheme: str) -> Challenge | None:
    """The first challenge of a scheme, which is in lower case."""
    return next((challenge for challenge in challenges if challenge.scheme == scheme), None)


def bearer_of(challenges: Sequence[Challenge]) -> Challenge | None:
    """The challenge that names a token server; it comes before Basic, as in container runtimes."""
    bearer = first_of(challenges, "bearer")
    return bearer if bearer is not None and bearer.get("realm") else None
