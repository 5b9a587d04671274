"""Partner programme: applications, agreements, ledgers, desk, reviews, exchange."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


SQL = Path(__file__).parent.parent / "sql"


def _run(name: str) -> None:
    """Hand a script to the driver as it is; SQLAlchemy would read its % signs as parameters."""
    script = (SQL / name).read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(script)


def upgrade() -> None:
    _run("0002_before_tables.sql")
    op.create_table(
        "collection_days",
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_collection_days_capacity_sane")),
        sa.PrimaryKeyConstraint("on_day", name=op.f("pk_collection_days")),
    )
    op.create_table(
        "supply_items",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("per_request", sa.Integer(), nullable=True),
        sa.Column("per_year", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "category IN ('bag', 'fuel', 'armband', 'other')",
            name=op.f("ck_supply_items_category_known"),
        ),
        sa.CheckConstraint(
            "per_request > 0 AND per_year > 0", name=op.f("ck_supply_items_limits_positive")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_items")),
        sa.UniqueConstraint("code", name=op.f("uq_supply_items_code")),
    )
    op.create_geospatial_table(
        "supply_places",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
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
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_places")),
        sa.UniqueConstraint("name", name=op.f("uq_supply_places_name")),
    )
    op.create_table(
        "workflow_edges",
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "machine", "from_state", "to_state", name=op.f("pk_workflow_edges")
        ),
    )
    op.create_table(
        "agreement_templates",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_agreement_templates_created_by")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_agreement_templates")),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("audience", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by_centre", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_announcements_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_index("ix_announcements_sent", "announcements", ["sent_at"], unique=False)
    op.create_table(
        "area_lineage",
        sa.Column("from_area_id", sa.UUID(), nullable=False),
        sa.Column("to_area_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("by", sa.UUID(), nullable=True),
        sa.CheckConstraint("kind IN ('split', 'merge')", name=op.f("ck_area_lineage_kind_known")),
        sa.CheckConstraint("from_area_id <> to_area_id", name=op.f("ck_area_lineage_not_itself")),
        sa.ForeignKeyConstraint(["by"], ["accounts.id"], name=op.f("fk_area_lineage_by")),
        sa.ForeignKeyConstraint(
            ["from_area_id"], ["areas.id"], name=op.f("fk_area_lineage_from_area_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_area_id"], ["areas.id"], name=op.f("fk_area_lineage_to_area_id")
        ),
        sa.PrimaryKeyConstraint("from_area_id", "to_area_id", name=op.f("pk_area_lineage")),
    )
    op.create_index("ix_area_lineage_to", "area_lineage", ["to_area_id"], unique=False)
    op.create_table(
        "centre_supports",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('advice', 'matching', 'publicity', 'equipment', 'people', 'other')",
            name=op.f("ck_centre_supports_kind_known"),
        ),
        sa.ForeignKeyConstraint(["by"], ["accounts.id"], name=op.f("fk_centre_supports_by")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_centre_supports_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre_supports")),
    )
    op.create_index("ix_centre_supports_day", "centre_supports", ["on_day"], unique=False)
    op.create_table(
        "desk_assignments",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_desk_assignments_account_id")
        ),
        sa.PrimaryKeyConstraint("kind", "object_id", name=op.f("pk_desk_assignments")),
    )
    op.create_index("ix_desk_assignments_account", "desk_assignments", ["account_id"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "code",
            sa.Text(),
            server_default=sa.text("next_code('N', 'enrolment_code_seq')"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("by_proxy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_from", sa.Date(), nullable=True),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("renewal_wished_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
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
            "(state = 'paused') <= (paused_from IS NOT NULL)",
            name=op.f("ck_enrolments_paused_has_day"),
        ),
        sa.CheckConstraint(
            "(state IN ('rejected', 'expired', 'withdrawn', 'cancelled')) = (ended_on IS NOT NULL)",
            name=op.f("ck_enrolments_ended_has_day"),
        ),
        sa.CheckConstraint("code ~ '^N-[0-9]{4,}$'", name=op.f("ck_enrolments_code_shape")),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'checking', 'returned', 'rejected', 'agreed', 'active', 'changing', 'paused', 'renewal', 'expired', 'withdrawn', 'cancelled')",
            name=op.f("ck_enrolments_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('agreed', 'active', 'changing', 'paused', 'renewal', 'expired', 'cancelled') OR partner_id IS NOT NULL",
            name=op.f("ck_enrolments_partner_once_agreed"),
        ),
        sa.CheckConstraint(
            "subject IN ('citizen', 'neighbourhood', 'npo', 'university', 'company', 'government')",
            name=op.f("ck_enrolments_subject_known"),
        ),
        sa.CheckConstraint(
            "by_proxy OR requested_by IS NOT NULL", name=op.f("ck_enrolments_somebody_filed_it")
        ),
        sa.CheckConstraint("paused_until > paused_from", name=op.f("ck_enrolments_pause_in_order")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_enrolments_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_enrolments_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("code", name=op.f("uq_enrolments_code")),
    )
    op.create_index("ix_enrolments_partner", "enrolments", ["partner_id"], unique=False)
    op.create_index("ix_enrolments_requested_by", "enrolments", ["requested_by"], unique=False)
    op.create_index("ix_enrolments_state", "enrolments", ["state", "section"], unique=False)
    op.create_index(
        "uq_enrolments_one_live",
        "enrolments",
        ["partner_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('agreed', 'active', 'changing', 'paused', 'renewal')"),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_files_size_positive")),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_files_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index("ix_files_owner", "files", ["owner", "owner_id"], unique=False)
    op.create_table(
        "loan_units",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place_id", sa.UUID(), nullable=False),
        sa.Column("condition", sa.Text(), server_default=sa.text("'good'"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "condition IN ('good', 'repair', 'retired')", name=op.f("ck_loan_units_condition_known")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["supply_places.id"], name=op.f("fk_loan_units_place_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_units")),
        sa.UniqueConstraint("code", name=op.f("uq_loan_units_code")),
    )
    op.create_table(
        "meetings",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'held', 'cancelled')",
            name=op.f("ck_meetings_state_known"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_meetings_times_in_order")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_meetings_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_meetings_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
    )
    op.create_table(
        "partner_contacts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("period", postgresql.DATERANGE(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_kana", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("partner_id"), "="),
            (sa.column("role"), "="),
            (sa.column("period"), "&&"),
            using="gist",
            name="ex_partner_contacts_one_at_a_time",
        ),
        sa.CheckConstraint(
            "role IN ('representative', 'contact', 'emergency')",
            name=op.f("ck_partner_contacts_role_known"),
        ),
        sa.CheckConstraint(
            "NOT isempty(period) AND NOT lower_inf(period)",
            name=op.f("ck_partner_contacts_period_real"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_contacts_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_contacts")),
    )
    op.create_table(
        "partner_operators",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("course_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_operators_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_operators")),
    )
    op.create_index(
        "ix_partner_operators_partner", "partner_operators", ["partner_id"], unique=False
    )
    op.create_table(
        "partner_people",
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("minors", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "minors BETWEEN 0 AND people", name=op.f("ck_partner_people_minors_within")
        ),
        sa.CheckConstraint("people >= 1", name=op.f("ck_partner_people_people_positive")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_people_partner_id")
        ),
        sa.PrimaryKeyConstraint("partner_id", "counted_on", name=op.f("pk_partner_people")),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answers", sa.UUID(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("voice", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(answers IS NULL) = (title <> '')", name=op.f("ck_posts_questions_have_titles")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'published', 'refused', 'hidden')",
            name=op.f("ck_posts_state_known"),
        ),
        sa.ForeignKeyConstraint(["answers"], ["posts.id"], name=op.f("fk_posts_answers")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_posts_partner_id")),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_posts_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
    )
    op.create_index("ix_posts_answers", "posts", ["answers"], unique=False)
    op.create_index("ix_posts_state", "posts", ["state", "created_at"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remarks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("side IN ('partner', 'city')", name=op.f("ck_reviews_side_known")),
        sa.CheckConstraint("fiscal_year BETWEEN 2004 AND 2200", name=op.f("ck_reviews_year_sane")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_reviews_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["accounts.id"], name=op.f("fk_reviews_submitted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint(
            "partner_id", "fiscal_year", "side", name=op.f("uq_reviews_partner_id_fiscal_year_side")
        ),
    )
    op.create_geospatial_table(
        "signs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wished_wording", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
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
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'removed') = (removed_on IS NOT NULL)", name=op.f("ck_signs_removed_has_day")
        ),
        sa.CheckConstraint(
            "state IN ('wished', 'naming', 'installed', 'removed', 'cancelled')",
            name=op.f("ck_signs_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('installed', 'removed') OR (wording <> '' AND installed_on IS NOT NULL)",
            name=op.f("ck_signs_installed_has_wording"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_signs_area_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_signs_partner_id")),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_signs_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signs")),
    )
    op.create_index("ix_signs_area", "signs", ["area_id"], unique=False)
    op.create_index("ix_signs_partner", "signs", ["partner_id"], unique=False)
    op.create_table(
        "state_changes",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("object_id", sa.UUID(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.UUID(), nullable=True),
        sa.Column("by_hat", sa.Text(), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text::bigint)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "from_state <> to_state OR verb <> ''", name=op.f("ck_state_changes_real")
        ),
        sa.ForeignKeyConstraint(["by"], ["accounts.id"], name=op.f("fk_state_changes_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_changes")),
    )
    op.create_index("ix_state_changes_object", "state_changes", ["object_id", "at"], unique=False)
    op.create_table(
        "stock_levels",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("place_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_stock_levels_not_below_zero")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supply_items.id"], name=op.f("fk_stock_levels_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["supply_places.id"], name=op.f("fk_stock_levels_place_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "place_id", name=op.f("pk_stock_levels")),
    )
    op.create_geospatial_table(
        "successions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "part",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("part_note", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("other_partner_id", sa.UUID(), nullable=True),
        sa.Column("trial", postgresql.DATERANGE(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('offered', 'trial', 'handed_over', 'withdrawn')",
            name=op.f("ck_successions_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('trial', 'handed_over') OR (other_partner_id IS NOT NULL AND trial IS NOT NULL)",
            name=op.f("ck_successions_trial_with_somebody"),
        ),
        sa.CheckConstraint(
            "other_partner_id <> partner_id", name=op.f("ck_successions_not_to_itself")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_successions_area_id")),
        sa.ForeignKeyConstraint(
            ["other_partner_id"], ["partners.id"], name=op.f("fk_successions_other_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_successions_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_successions_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_successions")),
    )
    op.create_index("ix_successions_state", "successions", ["state", "section"], unique=False)
    op.create_index(
        "uq_successions_one_open",
        "successions",
        ["partner_id", "area_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('offered', 'trial')"),
    )
    op.create_table(
        "supply_requests",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("place_id", sa.UUID(), nullable=False),
        sa.Column("wanted_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("handed_on", sa.Date(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("by_proxy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'handed_over') = (handed_on IS NOT NULL)",
            name=op.f("ck_supply_requests_handed_over_has_day"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'approved', 'handed_over', 'rejected', 'cancelled')",
            name=op.f("ck_supply_requests_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_supply_requests_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["supply_places.id"], name=op.f("fk_supply_requests_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_supply_requests_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_requests")),
    )
    op.create_index(
        "ix_supply_requests_partner", "supply_requests", ["partner_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_supply_requests_state", "supply_requests", ["state", "section"], unique=False
    )
    op.create_table(
        "announcement_recipients",
        sa.Column("announcement_id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements.id"],
            name=op.f("fk_announcement_recipients_announcement_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_announcement_recipients_partner_id")
        ),
        sa.PrimaryKeyConstraint(
            "announcement_id", "partner_id", name=op.f("pk_announcement_recipients")
        ),
    )
    op.create_index(
        "ix_announcement_recipients_partner",
        "announcement_recipients",
        ["partner_id"],
        unique=False,
    )
    op.create_table(
        "change_notices",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("enrolment_id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("by_proxy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('representative', 'name', 'contact', 'areas')",
            name=op.f("ck_change_notices_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'returned', 'accepted', 'withdrawn')",
            name=op.f("ck_change_notices_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolments.id"], name=op.f("fk_change_notices_enrolment_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_change_notices_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_change_notices_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_notices")),
    )
    op.create_index("ix_change_notices_partner", "change_notices", ["partner_id"], unique=False)
    op.create_index("ix_change_notices_state", "change_notices", ["state", "section"], unique=False)
    op.create_index(
        "uq_change_notices_one_open",
        "change_notices",
        ["partner_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('submitted', 'returned')"),
    )
    op.create_geospatial_table(
        "enrolment_areas",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("enrolment_id", sa.UUID(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("approximate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "length_m",
            sa.Double(),
            sa.Computed("ST_Length(geom::geography)", persisted=True),
            nullable=True,
        ),
        sa.Column(
            "area_m2",
            sa.Double(),
            sa.Computed("ST_Area(geom::geography)", persisted=True),
            nullable=True,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "geom IS NULL OR (ST_IsValid(geom) AND NOT ST_IsEmpty(geom) AND ST_NDims(geom) = 2 AND GeometryType(geom) IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON') AND ST_NPoints(geom) <= 20000 AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90)",
            name=op.f("ck_enrolment_areas_geom_sound"),
        ),
        sa.CheckConstraint(
            "kind IS NULL OR kind IN ('national_road', 'prefectural_road', 'city_road', 'park', 'river', 'beach', 'other')",
            name=op.f("ck_enrolment_areas_kind_known"),
        ),
        sa.CheckConstraint(
            "(area_id IS NULL) <> (geom IS NULL)", name=op.f("ck_enrolment_areas_picked_or_drawn")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_enrolment_areas_area_id")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolments.id"],
            name=op.f("fk_enrolment_areas_enrolment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_areas")),
    )
    op.create_index(
        "ix_enrolment_areas_enrolment", "enrolment_areas", ["enrolment_id"], unique=False
    )
    op.create_index(
        "uq_enrolment_areas_once",
        "enrolment_areas",
        ["enrolment_id", "area_id"],
        unique=True,
        postgresql_where=sa.text("area_id IS NOT NULL"),
    )
    op.create_table(
        "loans",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("period", postgresql.DATERANGE(), nullable=False),
        sa.Column("area_id", sa.UUID(), nullable=True),
        sa.Column("operator_id", sa.UUID(), nullable=True),
        sa.Column("fuel_litres", sa.Numeric(precision=6, scale=1), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("out_on", sa.Date(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("checked", sa.Text(), nullable=True),
        sa.Column("check_note", sa.Text(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("by_proxy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("unit_id"), "="),
            (sa.column("period"), "&&"),
            where=sa.text("state IN ('reserved', 'out')"),
            using="gist",
            name="ex_loans_unit_once",
        ),
        sa.CheckConstraint(
            "(state IN ('returned', 'damaged')) = (returned_on IS NOT NULL)",
            name=op.f("ck_loans_returned_has_day"),
        ),
        sa.CheckConstraint(
            "checked IS NULL OR checked IN ('good', 'dirty', 'worn', 'broken')",
            name=op.f("ck_loans_checked_known"),
        ),
        sa.CheckConstraint(
            "state IN ('reserved', 'out', 'returned', 'damaged', 'cancelled')",
            name=op.f("ck_loans_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('out', 'returned', 'damaged') OR (out_on IS NOT NULL AND operator_id IS NOT NULL)",
            name=op.f("ck_loans_out_with_operator"),
        ),
        sa.CheckConstraint(
            "(returned_on IS NULL) = (checked IS NULL)", name=op.f("ck_loans_returned_was_checked")
        ),
        sa.CheckConstraint(
            "NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)",
            name=op.f("ck_loans_period_real"),
        ),
        sa.CheckConstraint("returned_on >= out_on", name=op.f("ck_loans_days_in_order")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_loans_area_id")),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["partner_operators.id"], name=op.f("fk_loans_operator_id")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_loans_partner_id")),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_loans_requested_by")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["loan_units.id"], name=op.f("fk_loans_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
    )
    op.create_index("ix_loans_partner", "loans", ["partner_id", "created_at"], unique=False)
    op.create_index("ix_loans_state", "loans", ["state", "section"], unique=False)
    op.create_index(
        "uq_loans_unit_out_once",
        "loans",
        ["unit_id"],
        unique=True,
        postgresql_where=sa.text("state = 'out'"),
    )
    op.create_table(
        "meeting_replies",
        sa.Column("meeting_id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("attended", sa.Integer(), nullable=True),
        sa.Column("replied_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "people BETWEEN 0 AND 100 AND attended BETWEEN 0 AND 100",
            name=op.f("ck_meeting_replies_people_sane"),
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meetings.id"],
            name=op.f("fk_meeting_replies_meeting_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_meeting_replies_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["replied_by"], ["accounts.id"], name=op.f("fk_meeting_replies_replied_by")
        ),
        sa.PrimaryKeyConstraint("meeting_id", "partner_id", name=op.f("pk_meeting_replies")),
    )
    op.create_table(
        "succession_hands",
        sa.Column("succession_id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("raised_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_succession_hands_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["raised_by"], ["accounts.id"], name=op.f("fk_succession_hands_raised_by")
        ),
        sa.ForeignKeyConstraint(
            ["succession_id"],
            ["successions.id"],
            name=op.f("fk_succession_hands_succession_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("succession_id", "partner_id", name=op.f("pk_succession_hands")),
    )
    op.create_table(
        "supply_lines",
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("asked", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("granted", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("handed", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.CheckConstraint(
            "asked > 0 AND granted >= 0 AND handed >= 0", name=op.f("ck_supply_lines_amounts_sane")
        ),
        sa.CheckConstraint("handed <= granted", name=op.f("ck_supply_lines_not_more_than_granted")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supply_items.id"], name=op.f("fk_supply_lines_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["supply_requests.id"],
            name=op.f("fk_supply_lines_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", "item_id", name=op.f("pk_supply_lines")),
    )
    op.create_table(
        "accidents",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("cleanup_id", sa.UUID(), nullable=True),
        sa.Column("area_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place_note", sa.Text(), nullable=False),
        sa.Column("people_hurt", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('injury', 'property', 'near_miss', 'other')",
            name=op.f("ck_accidents_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'acknowledged', 'closed')",
            name=op.f("ck_accidents_state_known"),
        ),
        sa.CheckConstraint(
            "people_hurt BETWEEN 0 AND 1000", name=op.f("ck_accidents_people_hurt_range")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_accidents_area_id")),
        sa.ForeignKeyConstraint(
            ["cleanup_id"], ["cleanups.id"], name=op.f("fk_accidents_cleanup_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_accidents_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_accidents_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accidents")),
    )
    op.create_index("ix_accidents_partner", "accidents", ["partner_id", "created_at"], unique=False)
    op.create_geospatial_table(
        "faults",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "code",
            sa.Text(),
            server_default=sa.text("next_code('F', 'fault_code_seq')"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
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
        sa.Column("place_note", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("manager", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("area_id", sa.UUID(), nullable=True),
        sa.Column("cleanup_id", sa.UUID(), nullable=True),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("track_hash", postgresql.BYTEA(), nullable=True),
        sa.Column("seen_by_others", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "category IN ('dumping', 'damage', 'danger', 'other')",
            name=op.f("ck_faults_category_known"),
        ),
        sa.CheckConstraint("code ~ '^F-[0-9]{4,}$'", name=op.f("ck_faults_code_shape")),
        sa.CheckConstraint(
            "manager IN ('state', 'prefecture', 'city', 'port', 'other')",
            name=op.f("ck_faults_manager_known"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'forwarded', 'in_progress', 'done', 'out_of_scope')",
            name=op.f("ck_faults_state_known"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_faults_area_id")),
        sa.ForeignKeyConstraint(["cleanup_id"], ["cleanups.id"], name=op.f("fk_faults_cleanup_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_faults_partner_id")),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_faults_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faults")),
        sa.UniqueConstraint("code", name=op.f("uq_faults_code")),
    )
    op.create_index(
        "ix_faults_geog",
        "faults",
        [sa.literal_column("(point::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_geospatial_index(
        "ix_faults_point",
        "faults",
        ["point"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index("ix_faults_requested_by", "faults", ["requested_by"], unique=False)
    op.create_index("ix_faults_state", "faults", ["state", "section"], unique=False)
    op.create_index("uq_faults_track", "faults", ["track_hash"], unique=True)
    op.create_geospatial_table(
        "pickups",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "code",
            sa.Text(),
            server_default=sa.text("next_code('K', 'pickup_code_seq')"),
            nullable=False,
        ),
        sa.Column("partner_id", sa.UUID(), nullable=False),
        sa.Column("cleanup_id", sa.UUID(), nullable=True),
        sa.Column("area_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
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
        sa.Column("place_note", sa.Text(), nullable=False),
        sa.Column("manager", sa.Text(), nullable=False),
        sa.Column("covered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("private_land", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("wished_on", sa.Date(), nullable=False),
        sa.Column("scheduled_on", sa.Date(), nullable=True),
        sa.Column("route_position", sa.Integer(), nullable=True),
        sa.Column("collected_on", sa.Date(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=True),
        sa.Column("by_proxy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state IN ('collected', 'partly')) = (collected_on IS NOT NULL)",
            name=op.f("ck_pickups_collected_has_day"),
        ),
        sa.CheckConstraint("code ~ '^K-[0-9]{4,}$'", name=op.f("ck_pickups_code_shape")),
        sa.CheckConstraint(
            "manager IN ('state', 'prefecture', 'city', 'port', 'other')",
            name=op.f("ck_pickups_manager_known"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'accepted', 'scheduled', 'collected', 'partly', 'refused', 'cancelled')",
            name=op.f("ck_pickups_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('scheduled', 'collected', 'partly') OR scheduled_on IS NOT NULL",
            name=op.f("ck_pickups_scheduled_has_day"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_pickups_area_id")),
        sa.ForeignKeyConstraint(
            ["cleanup_id"], ["cleanups.id"], name=op.f("fk_pickups_cleanup_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_pickups_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["accounts.id"], name=op.f("fk_pickups_requested_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickups")),
        sa.UniqueConstraint("code", name=op.f("uq_pickups_code")),
    )
    op.create_index("ix_pickups_day", "pickups", ["scheduled_on"], unique=False)
    op.create_index("ix_pickups_partner", "pickups", ["partner_id", "created_at"], unique=False)
    op.create_geospatial_index(
        "ix_pickups_point",
        "pickups",
        ["point"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index("ix_pickups_state", "pickups", ["state", "section"], unique=False)
    op.create_table(
        "stock_moves",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("place_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.UUID(), nullable=True),
        sa.Column("request_id", sa.UUID(), nullable=True),
        sa.Column("loan_id", sa.UUID(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(reason = 'handout') <= (quantity < 0) AND (reason = 'return') <= (quantity > 0) AND (reason = 'delivery') <= (quantity > 0)",
            name=op.f("ck_stock_moves_sign_fits_reason"),
        ),
        sa.CheckConstraint(
            "reason IN ('delivery', 'handout', 'return', 'correction')",
            name=op.f("ck_stock_moves_reason_known"),
        ),
        sa.CheckConstraint(
            "reason NOT IN ('handout', 'return') OR partner_id IS NOT NULL",
            name=op.f("ck_stock_moves_handout_to_partner"),
        ),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_moves_something_moved")),
        sa.ForeignKeyConstraint(["by"], ["accounts.id"], name=op.f("fk_stock_moves_by")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["supply_items.id"], name=op.f("fk_stock_moves_item_id")
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_stock_moves_loan_id")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_stock_moves_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["supply_places.id"], name=op.f("fk_stock_moves_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["supply_requests.id"], name=op.f("fk_stock_moves_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_moves")),
    )
    op.create_index("ix_stock_moves_item", "stock_moves", ["item_id", "moved_on"], unique=False)
    op.create_index(
        "ix_stock_moves_partner", "stock_moves", ["partner_id", "moved_on"], unique=False
    )
    op.create_table(
        "fault_sightings",
        sa.Column("fault_id", sa.UUID(), nullable=False),
        sa.Column("seen_by", postgresql.BYTEA(), nullable=False),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["fault_id"], ["faults.id"], name=op.f("fk_fault_sightings_fault_id")
        ),
        sa.PrimaryKeyConstraint("fault_id", "seen_by", name=op.f("pk_fault_sightings")),
    )
    op.create_table(
        "pickup_contents",
        sa.Column("pickup_id", sa.UUID(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=9, scale=2), nullable=False),
        sa.Column("collected", sa.Numeric(precision=9, scale=2), nullable=True),
        sa.CheckConstraint(
            "class IN ('burnable', 'nonburnable', 'recyclable', 'grass', 'bulky', 'other')",
            name=op.f("ck_pickup_contents_class_known"),
        ),
        sa.CheckConstraint(
            "unit IN ('bag', 'kg', 'm3', 'item')", name=op.f("ck_pickup_contents_unit_known")
        ),
        sa.CheckConstraint(
            "quantity > 0 AND collected >= 0", name=op.f("ck_pickup_contents_quantity_range")
        ),
        sa.ForeignKeyConstraint(
            ["pickup_id"],
            ["pickups.id"],
            name=op.f("fk_pickup_contents_pickup_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pickup_id", "class", "unit", name=op.f("pk_pickup_contents")),
    )
    op.add_column(
        "agreement_areas",
        sa.Column("trial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "agreements",
        sa.Column("planned_season", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "agreements",
        sa.Column(
            "supports",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
    )
    op.add_column(
        "agreements",
        sa.Column("consent_name", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.add_column(
        "agreements",
        sa.Column("consent_areas", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.add_column(
        "agreements",
        sa.Column("consent_photos", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("agreements", sa.Column("enrolment_id", sa.UUID(), nullable=True))
    op.add_column(
        "agreements",
        sa.Column("occasion", sa.Text(), server_default=sa.text("'new'"), nullable=False),
    )
    op.add_column(
        "agreements",
        sa.Column(
            "document",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column(
        "agreements",
        sa.Column("document_sha256", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "agreements", sa.Column("partner_confirmed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("agreements", sa.Column("partner_confirmed_by", sa.UUID(), nullable=True))
    op.add_column("agreements", sa.Column("partner_confirmed_how", sa.Text(), nullable=True))
    op.add_column(
        "agreements",
        sa.Column(
            "partner_confirmed_name", sa.Text(), server_default=sa.text("''"), nullable=False
        ),
    )
    op.add_column(
        "agreements", sa.Column("city_confirmed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("agreements", sa.Column("city_confirmed_by", sa.UUID(), nullable=True))
    op.add_column("agreements", sa.Column("city_confirmed_how", sa.Text(), nullable=True))
    op.add_column(
        "agreements",
        sa.Column("city_confirmed_name", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("agreements", sa.Column("paper_file_id", sa.UUID(), nullable=True))
    op.alter_column("agreements", "partner_id", existing_type=sa.UUID(), nullable=True)
    op.alter_column("agreements", "agreed_on", existing_type=sa.DATE(), nullable=True)
    op.create_index("ix_agreements_enrolment", "agreements", ["enrolment_id"], unique=False)
    op.create_index(
        "uq_agreements_one_proposal",
        "agreements",
        ["enrolment_id"],
        unique=True,
        postgresql_where=sa.text("agreed_on IS NULL"),
    )
    op.create_foreign_key(
        op.f("fk_agreements_partner_confirmed_by"),
        "agreements",
        "accounts",
        ["partner_confirmed_by"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_agreements_paper_file_id"), "agreements", "files", ["paper_file_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_agreements_city_confirmed_by"),
        "agreements",
        "accounts",
        ["city_confirmed_by"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_agreements_enrolment_id"), "agreements", "enrolments", ["enrolment_id"], ["id"]
    )
    _run("0002_edges.sql")
    _run("0002_after_tables.sql")


def downgrade() -> None:
    raise NotImplementedError("restore a backup: history is not thrown away")
