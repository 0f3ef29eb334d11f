"""Real registries for the tests: Debian's `docker-registry`, a token server, nginx, skopeo.

Everything listens on loopback only, on a free port, in a folder of the test's own:

    from registries import Registry, TokenServer, Htpasswd, skopeo_can_pull

    with Registry.start(folder, auth=Htpasswd({"ann": "secret"})) as registry:
        registry.push("team/a", "1.0")
        assert skopeo_can_pull(registry.image("team/a", "1.0"), "ann", "secret")
        assert registry.requests() == [...]

`registries.fixtures` holds pytest fixtures over it.
"""

from __future__ import annotations

from .certificates import Authority, Certificate
from .distribution import Htpasswd, Logged, Registry, TokenAuth
from .front import Front, FrontRequest
from .programs import require
from .skopeo import skopeo_can_pull
from .tokens import TokenRequest, TokenServer

__all__ = [
    "Authority",
    "Certificate",
    "Front",
    "FrontRequest",
    "Htpasswd",
    "Logged",
    "Registry",
    "TokenAuth",
    "TokenRequest",
    "TokenServer",
    "require",
    "skopeo_can_pull",
]
