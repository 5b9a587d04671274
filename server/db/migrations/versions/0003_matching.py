"""Matching: preferences, help calls, slots, waiting list, check-in, notices."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


SQL = Path(__file__).parent.parent / "sql"


def _run(name: str) -> None:
    """Hand a script to the driver as it is; SQLAlchemy would read its % signs as parameters."""
    script = (SQL / name).read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(script)


def upgrade() -> None:
    op.create_table(
        "calendar_addresses",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_calendar_addresses_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_calendar_addresses")),
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "code ~ '^[2-9A-HJKMNP-Z]{12}$'", name=op.f("ck_certificates_code_shape")
        ),
        sa.CheckConstraint("to_on >= from_on", name=op.f("ck_certificates_days_in_order")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_certificates_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("code", name=op.f("uq_certificates_code")),
    )
    op.create_index("ix_certificates_account", "certificates", ["account_id"], unique=False)
    op.create_table(
        "line_links",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("line_user", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("code_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_line_links_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_line_links")),
        sa.UniqueConstraint("code", name=op.f("uq_line_links_code")),
        sa.UniqueConstraint("line_user", name=op.f("uq_line_links_line_user")),
    )
    op.create_table(
        "notice_choices",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('mail', 'push', 'line')", name=op.f("ck_notice_choices_channel_known")
        ),
        sa.CheckConstraint(
            "kind IN ('signup', 'reminder', 'offer', 'help', 'nearby', 'partner', 'announcement')",
            name=op.f("ck_notice_choices_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_notice_choices_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", "channel", name=op.f("pk_notice_choices")),
    )
    op.create_table(
        "notice_settings",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        sa.CheckConstraint(
            "rhythm IN ('now', 'daily', 'weekly')", name=op.f("ck_notice_settings_rhythm_known")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_notice_settings_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_notice_settings")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('signup', 'reminder', 'offer', 'help', 'nearby', 'partner', 'announcement')",
            name=op.f("ck_notices_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notices_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_account", "notices", ["account_id", "created_at"], unique=False)
    op.create_index("ix_notices_created", "notices", ["created_at"], unique=False)
    op.create_index("uq_notices_once", "notices", ["account_id", "key"], unique=True)
    op.create_table(
        "opportunity_series",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("rrule", sa.Text(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column(
            "exceptions",
            postgresql.ARRAY(sa.Date()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_opportunity_series_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_opportunity_series_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity_series")),
    )
    op.create_geospatial_table(
        "preferences",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column(
            "home",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("home_label", sa.Text(), nullable=False),
        sa.Column("reach_m", sa.Integer(), nullable=False),
        sa.Column("travel", sa.Text(), nullable=False),
        sa.Column("free_times", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("works", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("strength", sa.Text(), nullable=False),
        sa.Column("with_children", sa.Boolean(), nullable=False),
        sa.Column("step_free", sa.Boolean(), nullable=False),
        sa.Column("tools", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("group_people", sa.Integer(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("helps", sa.Boolean(), nullable=False),
        sa.Column("help_per_month", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "company IN ('alone', 'family', 'school', 'company', 'group')",
            name=op.f("ck_preferences_company_known"),
        ),
        sa.CheckConstraint(
            "strength IN ('light', 'normal', 'hard')", name=op.f("ck_preferences_strength_known")
        ),
        sa.CheckConstraint(
            "travel IN ('walk', 'bicycle', 'car')", name=op.f("ck_preferences_travel_known")
        ),
        sa.CheckConstraint(
            "group_people BETWEEN 1 AND 50", name=op.f("ck_preferences_group_range")
        ),
        sa.CheckConstraint(
            "help_per_month BETWEEN 0 AND 31", name=op.f("ck_preferences_help_range")
        ),
        sa.CheckConstraint(
            "reach_m BETWEEN 200 AND 50000", name=op.f("ck_preferences_reach_range")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_preferences_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_preferences")),
    )
    op.create_index(
        "ix_preferences_home_geog",
        "preferences",
        [sa.literal_column("(home::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_push_subscriptions_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscriptions_endpoint")),
    )
    op.create_index(
        "ix_push_subscriptions_account", "push_subscriptions", ["account_id"], unique=False
    )
    op.create_geospatial_table(
        "saved_searches",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column(
            "point",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("works", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("bands", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("children_ok", sa.Boolean(), nullable=False),
        sa.Column("empty_handed_ok", sa.Boolean(), nullable=False),
        sa.Column("step_free", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("told_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "radius_m BETWEEN 0 AND 50000", name=op.f("ck_saved_searches_radius_range")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_saved_searches_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index("ix_saved_searches_account", "saved_searches", ["account_id"], unique=False)
    op.create_index(
        "ix_saved_searches_point_geog",
        "saved_searches",
        [sa.literal_column("(point::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("notice_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest_id", sa.UUID(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_deliveries_sent_dated")
        ),
        sa.CheckConstraint(
            "channel IN ('mail', 'push', 'line')", name=op.f("ck_deliveries_channel_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'dead', 'dropped')",
            name=op.f("ck_deliveries_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_deliveries_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_deliveries_notice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_dead",
        "deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index("ix_deliveries_digest", "deliveries", ["digest_id"], unique=False)
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_deliveries_once", "deliveries", ["notice_id", "channel", "target"], unique=True
    )
    op.create_geospatial_table(
        "help_calls",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=True),
        sa.Column("opportunity_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("what_for", sa.Text(), nullable=False),
        sa.Column("works", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("strength", sa.Text(), nullable=False),
        sa.Column("needs_course", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "point",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("people_wanted", sa.Integer(), nullable=False),
        sa.Column("to_citizens", sa.Boolean(), nullable=False),
        sa.Column("to_partners", sa.Boolean(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("next_wave_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('open', 'filled', 'done', 'cancelled')",
            name=op.f("ck_help_calls_state_known"),
        ),
        sa.CheckConstraint(
            "strength IN ('light', 'normal', 'hard')", name=op.f("ck_help_calls_strength_known")
        ),
        sa.CheckConstraint(
            "(starts_at IS NULL) = (opportunity_id IS NULL)",
            name=op.f("ck_help_calls_dated_is_posted"),
        ),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 80", name=op.f("ck_help_calls_title_length")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_help_calls_ends_after_start")),
        sa.CheckConstraint(
            "people_wanted BETWEEN 1 AND 200", name=op.f("ck_help_calls_people_range")
        ),
        sa.CheckConstraint("to_citizens OR to_partners", name=op.f("ck_help_calls_to_somebody")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_help_calls_area_id")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.id"], name=op.f("fk_help_calls_opportunity_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_help_calls_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_help_calls_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_calls")),
    )
    op.create_index("ix_help_calls_partner", "help_calls", ["partner_id"], unique=False)
    op.create_index(
        "ix_help_calls_point_geog",
        "help_calls",
        [sa.literal_column("(point::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index("ix_help_calls_state", "help_calls", ["state", "section"], unique=False)
    op.create_table(
        "opportunity_areas",
        sa.Column("opportunity_id", sa.UUID(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"], ["areas.id"], name=op.f("fk_opportunity_areas_area_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunities.id"],
            name=op.f("fk_opportunity_areas_opportunity_id"),
        ),
        sa.PrimaryKeyConstraint("opportunity_id", "area_id", name=op.f("pk_opportunity_areas")),
    )
    op.create_index("ix_opportunity_areas_area", "opportunity_areas", ["area_id"], unique=False)
    op.create_table(
        "opportunity_hosts",
        sa.Column("opportunity_id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column(
            "invited_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunities.id"],
            name=op.f("fk_opportunity_hosts_opportunity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_opportunity_hosts_partner_id")
        ),
        sa.PrimaryKeyConstraint("opportunity_id", "partner_id", name=op.f("pk_opportunity_hosts")),
    )
    op.create_index(
        "ix_opportunity_hosts_partner", "opportunity_hosts", ["partner_id"], unique=False
    )
    op.create_table(
        "opportunity_slots",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("opportunity_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("needs_course", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('any', 'reception', 'litter', 'mower', 'planting', 'guide', 'other')",
            name=op.f("ck_opportunity_slots_role_known"),
        ),
        sa.CheckConstraint(
            "capacity BETWEEN 1 AND 2000", name=op.f("ck_opportunity_slots_capacity_range")
        ),
        sa.CheckConstraint(
            "char_length(label) BETWEEN 1 AND 40", name=op.f("ck_opportunity_slots_label_length")
        ),
        sa.CheckConstraint(
            "ends_at > starts_at", name=op.f("ck_opportunity_slots_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunities.id"],
            name=op.f("fk_opportunity_slots_opportunity_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity_slots")),
    )
    op.create_index(
        "ix_opportunity_slots_opportunity",
        "opportunity_slots",
        ["opportunity_id", "position"],
        unique=False,
    )
    op.create_table(
        "help_asks",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("help_call_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("for_partner_id", sa.UUID(), nullable=True),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('yes', 'no')", name=op.f("ck_help_asks_answer_known")
        ),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_help_asks_answer_dated")
        ),
        sa.CheckConstraint("people BETWEEN 1 AND 50", name=op.f("ck_help_asks_people_range")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_help_asks_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["for_partner_id"], ["partners.id"], name=op.f("fk_help_asks_for_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["help_call_id"], ["help_calls.id"], name=op.f("fk_help_asks_help_call_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_asks")),
    )
    op.create_index("ix_help_asks_account", "help_asks", ["account_id", "asked_at"], unique=False)
    op.create_index("uq_help_asks_once", "help_asks", ["help_call_id", "account_id"], unique=True)
    op.create_table(
        "attendances",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("opportunity_id", sa.UUID(), nullable=False),
        sa.Column("signup_id", sa.UUID(), nullable=True),
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("for_partner_id", sa.UUID(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("near", sa.Boolean(), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "account_id IS NOT NULL OR how IN ('list', 'walk_in')", name=op.f("ck_attendances_who")
        ),
        sa.CheckConstraint(
            "how IN ('qr', 'printed', 'list', 'walk_in')", name=op.f("ck_attendances_how_known")
        ),
        sa.CheckConstraint("minutes BETWEEN 0 AND 1440", name=op.f("ck_attendances_minutes_range")),
        sa.CheckConstraint("people BETWEEN 1 AND 500", name=op.f("ck_attendances_people_range")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_attendances_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["for_partner_id"], ["partners.id"], name=op.f("fk_attendances_for_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.id"], name=op.f("fk_attendances_opportunity_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_attendances_recorded_by")
        ),
        sa.ForeignKeyConstraint(
            ["signup_id"], ["signups.id"], name=op.f("fk_attendances_signup_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendances")),
    )
    op.create_index("ix_attendances_account", "attendances", ["account_id"], unique=False)
    op.create_index("ix_attendances_opportunity", "attendances", ["opportunity_id"], unique=False)
    op.create_index("ix_attendances_partner", "attendances", ["for_partner_id"], unique=False)
    op.create_index(
        "uq_attendances_account",
        "attendances",
        ["opportunity_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL AND account_id IS NOT NULL"),
    )
    op.create_table(
        "waitlist_entries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("opportunity_id", sa.UUID(), nullable=False),
        sa.Column("slot_id", sa.UUID(), nullable=True),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("place", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offer_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.Text(), nullable=False),
        sa.Column("signup_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "(offered_at IS NULL) = (offer_expires_at IS NULL)",
            name=op.f("ck_waitlist_entries_offer_has_an_end"),
        ),
        sa.CheckConstraint(
            "people BETWEEN 1 AND 50", name=op.f("ck_waitlist_entries_people_range")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_waitlist_entries_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"],
            ["opportunities.id"],
            name=op.f("fk_waitlist_entries_opportunity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["signup_id"], ["signups.id"], name=op.f("fk_waitlist_entries_signup_id")
        ),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["opportunity_slots.id"], name=op.f("fk_waitlist_entries_slot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entries")),
    )
    op.create_index("ix_waitlist_entries_account", "waitlist_entries", ["account_id"], unique=False)
    op.create_index(
        "ix_waitlist_entries_queue",
        "waitlist_entries",
        ["opportunity_id", "place"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_waitlist_entries_one_live",
        "waitlist_entries",
        ["opportunity_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column(
        "opportunities", sa.Column("kind", sa.Text(), server_default="cleanup", nullable=False)
    )
    op.add_column(
        "opportunities",
        sa.Column(
            "forms",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{cooperation}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "opportunities", sa.Column("strength", sa.Text(), server_default="normal", nullable=False)
    )
    op.add_column("opportunities", sa.Column("min_people", sa.Integer(), nullable=True))
    op.add_column(
        "opportunities", sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("opportunities", sa.Column("min_age", sa.Integer(), nullable=True))
    op.add_column(
        "opportunities", sa.Column("guardian", sa.Text(), server_default="none", nullable=False)
    )
    op.add_column(
        "opportunities",
        sa.Column(
            "languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column(
        "opportunities",
        sa.Column("wants_hands", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("opportunities", sa.Column("series_id", sa.UUID(), nullable=True))
    op.add_column("opportunities", sa.Column("occurrence_on", sa.Date(), nullable=True))
    op.add_column(
        "opportunities", sa.Column("postponed_from", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "opportunities", sa.Column("go_ahead_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "opportunities", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index("ix_opportunities_published", "opportunities", ["published_at"], unique=False)
    op.create_index(
        "uq_opportunities_occurrence", "opportunities", ["series_id", "occurrence_on"], unique=True
    )
    op.create_foreign_key(
        op.f("fk_opportunities_series_id"),
        "opportunities",
        "opportunity_series",
        ["series_id"],
        ["id"],
    )
    op.add_column("signups", sa.Column("slot_id", sa.UUID(), nullable=True))
    op.add_column(
        "signups", sa.Column("under15", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "signups", sa.Column("guardian_name", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("signups", sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("signups", sa.Column("group_name", sa.Text(), server_default="", nullable=False))
    op.add_column("signups", sa.Column("for_partner_id", sa.UUID(), nullable=True))
    op.create_index("ix_signups_slot", "signups", ["slot_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_signups_slot_id"), "signups", "opportunity_slots", ["slot_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_signups_for_partner_id"), "signups", "partners", ["for_partner_id"], ["id"]
    )
    op.create_check_constraint(
        "ck_opportunities_kind_known",
        "opportunities",
        "kind IN ('cleanup', 'joint', 'help', 'flowerbed', 'training', 'festival', 'council', 'briefing', 'exchange', 'other')",
    )
    op.create_check_constraint(
        "ck_opportunities_series_day",
        "opportunities",
        "(series_id IS NULL) = (occurrence_on IS NULL)",
    )
    op.create_check_constraint(
        "ck_opportunities_deadline_before_start", "opportunities", "deadline_at <= starts_at"
    )
    op.create_check_constraint(
        "ck_opportunities_guardian_known",
        "opportunities",
        "guardian IN ('none', 'accompany', 'consent')",
    )
    op.create_check_constraint(
        "ck_opportunities_forms_known",
        "opportunities",
        "forms <@ ARRAY['subsidy', 'endorsement', 'cohosting', 'cooperation', 'information', 'committee', 'commission', 'planning']::text[] AND cardinality(forms) >= 1",
    )
    op.create_check_constraint(
        "ck_opportunities_min_people_range", "opportunities", "min_people BETWEEN 1 AND capacity"
    )
    op.create_check_constraint(
        "ck_opportunities_min_age_range", "opportunities", "min_age BETWEEN 0 AND 99"
    )
    op.create_check_constraint(
        "ck_opportunities_strength_known",
        "opportunities",
        "strength IN ('light', 'normal', 'hard')",
    )
    op.create_check_constraint(
        "ck_signups_under15_range", "signups", "under15 BETWEEN 0 AND people"
    )
    _run("0003_edges.sql")
    _run("0003_after_tables.sql")


def downgrade() -> None:
    raise NotImplementedError("restore a backup: history is not thrown away")
