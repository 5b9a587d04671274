"""Process settings, read once from the environment.

Every value may be given as ``MACHIPIKA_NAME`` or, for secrets, as ``MACHIPIKA_NAME_FILE`` (a path).
Rules that a *city* decides (seasons, limits) are not here: see ``server/citysettings``.
"""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
GSI_PALE = "https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png"


class Settings(BaseSettings):
    """How this process runs. Immutable; tests make their own."""

    # hide_input: a refused setting must not print the passwords beside it into a log.
    model_config = SettingsConfigDict(
        env_prefix="MACHIPIKA_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = "development"
    demo: bool = False
    demo_now: AwareDatetime | None = None  # start the demo's clock here: to see it in winter
    database_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    pool_size: int = Field(10, ge=1, le=100)
    worker_in_app: bool = True
    var_dir: Path = ROOT / "var"

    map_tiles_url: str = GSI_PALE
    map_tiles_attribution: str = "地理院タイル"
    map_tiles_attribution_url: str = "https://maps.gsi.go.jp/development/ichiran.html"

    mail_from: str = "machipika@localhost"
    smtp_url: str = ""  # smtp://user:password@host:587?starttls=1 ; empty = kept in the outbox only
    secret_key: str = ""  # signs links and keys of Web Push; empty = one made under var_dir
    push_allow_local: bool = False  # tests only: push services on this machine
    line_channel_token: str = ""  # of the city's official LINE account; empty = no LINE
    line_channel_secret: str = ""
    line_api_url: str = "https://api.line.me"
    files_url: str = ""  # s3://bucket/prefix for photos and papers; empty = a folder under var_dir
    trusted_proxies: int = Field(0, ge=0, le=5)

    @model_validator(mode="after")
    def _refuse_unsafe_mixtures(self) -> Self:
        if self.environment == "production":
            if self.demo:
                raise ValueError("MACHIPIKA_DEMO cannot be on in production: anybody could log in")
            if not self.base_url.startswith("https://"):
                raise ValueError("MACHIPIKA_BASE_URL must be https:// in production")
            if not self.database_url:
                raise ValueError("MACHIPIKA_DATABASE_URL is required in production")
            if not self.smtp_url:
                raise ValueError("MACHIPIKA_SMTP_URL is required in production")
            if len(self.secret_key) < 32:
                raise ValueError("MACHIPIKA_SECRET_KEY (32 characters) is required in production")
            if self.push_allow_local:
                raise ValueError("MACHIPIKA_PUSH_ALLOW_LOCAL is for tests: it reaches inner hosts")
        return self

    @model_validator(mode="after")
    def _line_is_whole(self) -> Self:
        if bool(self.line_channel_token) != bool(self.line_channel_secret):
            raise ValueError("MACHIPIKA_LINE_CHANNEL_TOKEN and _SECRET belong together")
        return self

    @model_validator(mode="after")
    def _only_a_demo_may_travel_in_time(self) -> Self:
        if self.demo_now and not self.demo:
            raise ValueError("MACHIPIKA_DEMO_NOW is for demo mode only")
        return self

    @property
    def https(self) -> bool:
        """Whether cookies may carry ``Secure`` and the ``__Host-`` prefix."""
        return self.base_url.startswith("https://")


def load_settings(**overrides: object) -> Settings:
    """Read the environment, following ``*_FILE`` secrets; ``overrides`` win."""
    values: dict[str, object] = {}
    for name in (
        "database_url", "smtp_url", "secret_key", "line_channel_token", "line_channel_secret",
    ):  # fmt: skip
        path = os.environ.get(f"MACHIPIKA_{name.upper()}_FILE")
        if path:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
    if "MACHIPIKA_DATABASE_URL" not in os.environ and os.environ.get("DATABASE_URL"):
        values["database_url"] = os.environ["DATABASE_URL"]
    return Settings(**{**values, **overrides})  # type: ignore[arg-type]
