"""First tables: city, people, partners, areas, agreements, opportunities, cleanups, audit."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


SQL = Path(__file__).parent.parent / "sql"


def _run(script: str) -> None:
    """Hand a script to the driver as it is; SQLAlchemy would read its % signs as parameters."""
    op.get_bind().connection.driver_connection.execute(script)


def _read(name: str) -> str:
    return (SQL / name).read_text(encoding="utf-8")


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    _run(_read("0001_before_tables.sql"))
    op.create_table(
        "accounts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "email IS NULL OR email LIKE '%_@_%'", name=op.f("ck_accounts_email_shape")
        ),
        sa.CheckConstraint("char_length(display_name) <= 80", name=op.f("ck_accounts_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(
        "uq_accounts_email_lower", "accounts", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_geospatial_table(
        "areas",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "code",
            sa.Text(),
            server_default=sa.text("next_code('A', 'area_code_seq')"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_kana", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("manager", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "length_m",
            sa.Double(),
            sa.Computed("ST_Length(geom::geography)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "area_m2",
            sa.Double(),
            sa.Computed("ST_Area(geom::geography)", persisted=True),
            nullable=False,
        ),
        sa.Column("season_from", sa.Text(), nullable=True),
        sa.Column("season_to", sa.Text(), nullable=True),
        sa.Column("safety_notes", sa.Text(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "ST_IsValid(geom) AND NOT ST_IsEmpty(geom) AND ST_NDims(geom) = 2 AND GeometryType(geom) IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON') AND ST_NPoints(geom) <= 20000 AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90",
            name=op.f("ck_areas_geom_sound"),
        ),
        sa.CheckConstraint("code ~ '^A-[0-9]{4,}$'", name=op.f("ck_areas_code_shape")),
        sa.CheckConstraint(
            "kind IN ('national_road', 'prefectural_road', 'city_road', 'park', 'river', 'beach', 'other')",
            name=op.f("ck_areas_kind_known"),
        ),
        sa.CheckConstraint(
            "manager IN ('state', 'prefecture', 'city', 'port', 'other')",
            name=op.f("ck_areas_manager_known"),
        ),
        sa.CheckConstraint(
            "season_from ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$'", name=op.f("ck_areas_season_from_shape")
        ),
        sa.CheckConstraint(
            "season_to ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$'", name=op.f("ck_areas_season_to_shape")
        ),
        sa.CheckConstraint(
            "(season_from IS NULL) = (season_to IS NULL)",
            name=op.f("ck_areas_season_both_or_neither"),
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 120", name=op.f("ck_areas_name_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("code", name=op.f("uq_areas_code")),
    )
    op.create_index(
        "ix_areas_geog",
        "areas",
        [sa.literal_column("(geom::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_geospatial_index(
        "ix_areas_geom", "areas", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_areas_kind_manager", "areas", ["kind", "manager"], unique=False)
    op.create_index("uq_areas_source", "areas", ["source_ref"], unique=True)
    op.create_table(
        "login_codes",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("browser_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("code_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_codes")),
        sa.UniqueConstraint("browser_hash", name=op.f("uq_login_codes_browser_hash")),
    )
    op.create_index("ix_login_codes_expires", "login_codes", ["expires_at"], unique=False)
    op.create_geospatial_table(
        "municipality",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("prefecture", sa.Text(), nullable=False),
        sa.Column("plane_srid", sa.Integer(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column(
            "centre",
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
        sa.Column(
            "boundary",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_municipality_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_municipality")),
        sa.UniqueConstraint("code", name=op.f("uq_municipality_code")),
    )
    op.create_table(
        "outbox_mails",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mails")),
    )
    op.create_index("ix_outbox_mails_created", "outbox_mails", ["created_at"], unique=False)
    op.create_table(
        "partners",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "code",
            sa.Text(),
            server_default=sa.text("next_code('MP', 'partner_code_seq')"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_kana", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name_public", sa.Boolean(), nullable=False),
        sa.Column("introduction", sa.Text(), nullable=False),
        sa.Column("registered_people", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("code ~ '^MP-[0-9]{4,}$'", name=op.f("ck_partners_code_shape")),
        sa.CheckConstraint(
            "subject IN ('citizen', 'neighbourhood', 'npo', 'university', 'company', 'government')",
            name=op.f("ck_partners_subject_known"),
        ),
        sa.CheckConstraint("registered_people >= 1", name=op.f("ck_partners_people_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("code", name=op.f("uq_partners_code")),
    )
    op.create_table(
        "rate_buckets",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_buckets")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "account_roles",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column(
            "granted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('coordinator', 'staff', 'admin')", name=op.f("ck_account_roles_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_account_roles_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "role", name=op.f("pk_account_roles")),
    )
    op.create_table(
        "agreements",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("period", postgresql.DATERANGE(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("partner_role", sa.Text(), nullable=False),
        sa.Column("city_role", sa.Text(), nullable=False),
        sa.Column(
            "forms",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("ARRAY['cooperation']::text[]"),
            nullable=False,
        ),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("planned_times_per_year", sa.Integer(), nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "forms <@ ARRAY['subsidy', 'endorsement', 'cohosting', 'cooperation', 'information', 'committee', 'commission', 'planning']::text[]",
            name=op.f("ck_agreements_forms_known"),
        ),
        sa.CheckConstraint(
            "NOT isempty(period) AND NOT lower_inf(period)", name=op.f("ck_agreements_period_real")
        ),
        sa.CheckConstraint("cardinality(forms) >= 1", name=op.f("ck_agreements_forms_some")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_agreements_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("id", "partner_id", name=op.f("uq_agreements_id_partner_id")),
    )
    op.create_index("ix_agreements_partner", "agreements", ["partner_id"], unique=False)
    op.create_table(
        "area_imports",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content", postgresql.BYTEA(), nullable=True),
        sa.Column("sha256", postgresql.BYTEA(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress_done", sa.Integer(), nullable=False),
        sa.Column("progress_total", sa.Integer(), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'reading', 'asking', 'ready', 'applying', 'applied', 'failed')",
            name=op.f("ck_area_imports_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_area_imports_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_imports")),
    )
    op.create_geospatial_table(
        "area_versions",
        sa.Column("area_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("manager", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_area_versions_area_id")),
        sa.PrimaryKeyConstraint("area_id", "version", name=op.f("pk_area_versions")),
    )
    op.create_geospatial_index(
        "ix_area_versions_geom",
        "area_versions",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["accounts.id"], name=op.f("fk_audit_events_actor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(
        "ix_audit_events_at", "audit_events", [sa.literal_column("at DESC")], unique=False
    )
    op.create_index(
        "ix_audit_events_object", "audit_events", ["object_type", "object_id"], unique=False
    )
    op.create_table(
        "city_settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["accounts.id"], name=op.f("fk_city_settings_changed_by")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_city_settings")),
    )
    op.create_table(
        "login_sessions",
        sa.Column("token_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_login_sessions_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_sessions")),
    )
    op.create_index("ix_login_sessions_account", "login_sessions", ["account_id"], unique=False)
    op.create_index("ix_login_sessions_expires", "login_sessions", ["expires_at"], unique=False)
    op.create_geospatial_table(
        "opportunities",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("area_id", sa.UUID(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("works", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("meeting_place", sa.Text(), nullable=False),
        sa.Column(
            "meeting_point",
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
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("children_ok", sa.Boolean(), nullable=False),
        sa.Column("empty_handed_ok", sa.Boolean(), nullable=False),
        sa.Column("step_free", sa.Boolean(), nullable=False),
        sa.Column("bring", sa.Text(), nullable=False),
        sa.Column("safety_notes", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)",
            name=op.f("ck_opportunities_cancel_dated"),
        ),
        sa.CheckConstraint(
            "ends_at <= starts_at + interval '24 hours'",
            name=op.f("ck_opportunities_at_most_a_day"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'cancelled')",
            name=op.f("ck_opportunities_state_known"),
        ),
        sa.CheckConstraint(
            "works <@ ARRAY['litter', 'weeding', 'flowerbed', 'planting', 'winter_cover', 'patrol', 'other']::text[]",
            name=op.f("ck_opportunities_works_known"),
        ),
        sa.CheckConstraint(
            "NOT ST_IsEmpty(meeting_point)", name=op.f("ck_opportunities_point_real")
        ),
        sa.CheckConstraint(
            "capacity BETWEEN 1 AND 2000", name=op.f("ck_opportunities_capacity_range")
        ),
        sa.CheckConstraint("cardinality(works) >= 1", name=op.f("ck_opportunities_works_some")),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 80", name=op.f("ck_opportunities_title_length")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_opportunities_ends_after_start")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_opportunities_area_id")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_opportunities_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_opportunities_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunities")),
    )
    op.create_index("ix_opportunities_area", "opportunities", ["area_id"], unique=False)
    op.create_index(
        "ix_opportunities_meeting_geog",
        "opportunities",
        [sa.literal_column("(meeting_point::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_geospatial_index(
        "ix_opportunities_meeting_geom",
        "opportunities",
        ["meeting_point"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(
        "ix_opportunities_partner", "opportunities", ["partner_id", "starts_at"], unique=False
    )
    op.create_index(
        "ix_opportunities_starts",
        "opportunities",
        ["starts_at"],
        unique=False,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "partner_members",
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "role IN ('manager', 'member')", name=op.f("ck_partner_members_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_partner_members_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_members_partner_id")
        ),
        sa.PrimaryKeyConstraint("partner_id", "account_id", name=op.f("pk_partner_members")),
    )
    op.create_index("ix_partner_members_account", "partner_members", ["account_id"], unique=False)
    op.create_table(
        "agreement_areas",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("agreement_id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=False),
        sa.Column("period", postgresql.DATERANGE(), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("area_id"), "="),
            (sa.column("partner_id"), "="),
            (sa.column("period"), "&&"),
            using="gist",
            name="ex_agreement_areas_one_live",
        ),
        sa.CheckConstraint(
            "NOT isempty(period) AND NOT lower_inf(period)",
            name=op.f("ck_agreement_areas_period_real"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id", "partner_id"],
            ["agreements.id", "agreements.partner_id"],
            name=op.f("fk_agreement_areas_agreement_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_agreement_areas_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_areas")),
    )
    op.create_index(
        "ix_agreement_areas_agreement", "agreement_areas", ["agreement_id"], unique=False
    )
    op.create_index("ix_agreement_areas_partner", "agreement_areas", ["partner_id"], unique=False)
    op.create_geospatial_table(
        "cleanups",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=False),
        sa.Column("area_version", sa.Integer(), nullable=False),
        sa.Column("opportunity_id", sa.UUID(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("started_at", sa.Time(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("children", sa.Integer(), nullable=True),
        sa.Column("newcomers", sa.Integer(), nullable=True),
        sa.Column(
            "works",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column(
            "extent",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("next_plan", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("review_comment", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("logged_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "extent IS NULL OR (ST_IsValid(extent) AND NOT ST_IsEmpty(extent) AND GeometryType(extent) IN ('LINESTRING','MULTILINESTRING','POLYGON','MULTIPOLYGON'))",
            name=op.f("ck_cleanups_extent_sound"),
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'accepted', 'returned', 'withdrawn')",
            name=op.f("ck_cleanups_state_known"),
        ),
        sa.CheckConstraint(
            "children BETWEEN 0 AND people", name=op.f("ck_cleanups_children_within")
        ),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_cleanups_minutes_range")),
        sa.CheckConstraint(
            "newcomers BETWEEN 0 AND people", name=op.f("ck_cleanups_newcomers_within")
        ),
        sa.CheckConstraint("people BETWEEN 1 AND 5000", name=op.f("ck_cleanups_people_range")),
        sa.ForeignKeyConstraint(
            ["area_id", "area_version"],
            ["area_versions.area_id", "area_versions.version"],
            name=op.f("fk_cleanups_area_id_area_version"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_cleanups_area_id")),
        sa.ForeignKeyConstraint(["logged_by"], ["accounts.id"], name=op.f("fk_cleanups_logged_by")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.id"], name=op.f("fk_cleanups_opportunity_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_cleanups_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleanups")),
    )
    op.create_index(
        "ix_cleanups_accepted_area_day",
        "cleanups",
        ["area_id", sa.literal_column("done_on DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_geospatial_index(
        "ix_cleanups_extent",
        "cleanups",
        ["extent"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(
        "ix_cleanups_partner_day",
        "cleanups",
        ["partner_id", sa.literal_column("done_on DESC")],
        unique=False,
    )
    op.create_index(
        "ix_cleanups_newest",
        "cleanups",
        [sa.literal_column("done_on DESC"), sa.literal_column("created_at DESC"), "id"],
        unique=False,
    )
    op.create_index("ix_cleanups_state", "cleanups", ["state", "created_at"], unique=False)
    op.create_table(
        "signups",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("opportunity_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("people BETWEEN 1 AND 50", name=op.f("ck_signups_people_range")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_signups_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.id"], name=op.f("fk_signups_opportunity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
    )
    op.create_index("ix_signups_account", "signups", ["account_id"], unique=False)
    op.create_index(
        "uq_signups_one_live",
        "signups",
        ["opportunity_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    op.create_table(
        "cleanup_litter",
        sa.Column("cleanup_id", sa.UUID(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=9, scale=2), nullable=False),
        sa.CheckConstraint(
            "class IN ('burnable', 'nonburnable', 'recyclable', 'grass', 'bulky', 'other')",
            name=op.f("ck_cleanup_litter_class_known"),
        ),
        sa.CheckConstraint(
            "unit IN ('bag', 'kg', 'm3', 'item')", name=op.f("ck_cleanup_litter_unit_known")
        ),
        sa.CheckConstraint(
            "quantity > 0 AND quantity <= 100000", name=op.f("ck_cleanup_litter_quantity_range")
        ),
        sa.ForeignKeyConstraint(
            ["cleanup_id"],
            ["cleanups.id"],
            name=op.f("fk_cleanup_litter_cleanup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("cleanup_id", "class", "unit", name=op.f("pk_cleanup_litter")),
    )
    op.create_table(
        "cleanup_versions",
        sa.Column("cleanup_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("replaced_by", sa.UUID(), nullable=True),
        sa.Column(
            "replaced_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["cleanup_id"], ["cleanups.id"], name=op.f("fk_cleanup_versions_cleanup_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["accounts.id"], name=op.f("fk_cleanup_versions_replaced_by")
        ),
        sa.PrimaryKeyConstraint("cleanup_id", "version", name=op.f("pk_cleanup_versions")),
    )
    _run(_read("0001_after_tables.sql"))
    _run(SchemaManager.get_schema())


def downgrade() -> None:
    raise NotImplementedError("the first migration has nothing before it: drop the database")
