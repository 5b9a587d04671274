"""Static files under an address that changes with their content, so caches may keep them.

The hash stands in the *path* (``/static/<hash>/js/app.js``), so ES modules that import each other
by relative path stay within one version.
"""

import hashlib
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.settings import ROOT

STATIC = ROOT / "static"
_NOT_SERVED = {".md", ".py"}


def tree_hash(root: Path = STATIC) -> str:
    """A short hash over the names and contents of all static files."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(root)).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


class HashedStatic(StaticFiles):
    """Serves ``/<hash>/path``. An old hash still answers (open pages), but is cached briefly."""

    def __init__(self, version: str) -> None:
        super().__init__(directory=STATIC)
        self.version = version

    async def get_response(self, path: str, scope: Scope) -> Response:
        version, _, rest = path.partition("/")
        if Path(rest).suffix in _NOT_SERVED:
            rest = "does-not-exist"
        response = await super().get_response(rest, scope)
        if response.status_code in (200, 304):
            lasting = "public, max-age=31536000, immutable"
            response.headers["Cache-Control"] = (
                lasting if version == self.version else "public, max-age=60"
            )
        return response
