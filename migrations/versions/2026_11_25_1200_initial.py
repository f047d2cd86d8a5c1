"""initial

Revision: 0001, after: .
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agency",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("path", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("service_area", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(service_area = 'urban' OR service_area = 'rural' OR service_area = 'remote') OR service_area IS NULL",
            name=op.f("ck_agency_service_area"),
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["agency.id"], name=op.f("fk_agency_parent_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
        sa.UniqueConstraint("code", name=op.f("uq_agency_code")),
        sa.UniqueConstraint("path", name=op.f("uq_agency_path")),
    )
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agency_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "app_user",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(length=254), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("email", name=op.f("uq_app_user_email")),
    )
    op.create_table(
        "audit_head",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "catalogue_fetch",
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("etag", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_modified", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("fetched_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_catalogue_fetch")),
    )
    op.create_table(
        "catalogue_proposal",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("base", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "shown",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("made_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_proposal")),
    )
    op.create_table(
        "catalogue_snapshot",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("licence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loaded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column(
            "counts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_snapshot")),
    )
    op.create_table(
        "finding_condition",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "subject_kind IN ('product', 'model', 'asset')", name=op.f("ck_finding_condition_subject_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_condition")),
        sa.UniqueConstraint(
            "rule",
            "subject_kind",
            "subject_id",
            "threshold",
            name=op.f("uq_finding_condition_rule_subject_kind_subject_id_threshold"),
        ),
    )
    op.create_table(
        "hardware_model",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("manufacturer", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hardware_model")),
        sa.UniqueConstraint("manufacturer", "name", name=op.f("uq_hardware_model_manufacturer_name")),
    )
    op.create_table(
        "id_counter",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("next_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_id_counter")),
    )
    op.create_table(
        "job_progress",
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("phase", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column(
            "counts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("phase_began_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("cancel_requested_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_job_progress")),
    )
    op.create_table(
        "job_run",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("job", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("slot", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "counts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("schedule", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("retry_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("cancel_requested_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('running', 'done', 'failed', 'lost', 'cancelled', 'timed-out')",
            name=op.f("ck_job_run_outcome"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint("job", "slot", name=op.f("uq_job_run_job_slot")),
    )
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.create_index(
            "ix_job_run_retry_at",
            ["retry_at"],
            unique=False,
            sqlite_where=sa.text("retry_at IS NOT NULL"),
            postgresql_where=sa.text("retry_at IS NOT NULL"),
        )
        batch_op.create_index("ix_job_run_started_at", ["started_at"], unique=False)
        batch_op.create_index(
            "uq_job_run_running",
            ["job"],
            unique=True,
            sqlite_where=sa.text("outcome = 'running'"),
            postgresql_where=sa.text("outcome = 'running'"),
        )

    op.create_table(
        "job_schedule",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("job", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("trigger", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "parameters",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("timeout_seconds", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("changed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("attempts BETWEEN 1 AND 20", name=op.f("ck_job_schedule_attempts")),
        sa.CheckConstraint("timeout_seconds > 0", name=op.f("ck_job_schedule_timeout_seconds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_schedule")),
    )
    op.create_table(
        "price_book",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("inflation_pct", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "terms",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_book")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_price_book_name_version")),
    )
    op.create_table(
        "refresh_policy",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column(
            "document",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "superseded_at IS NULL OR superseded_at >= recorded_at", name=op.f("ck_refresh_policy_period")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_policy")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_refresh_policy_name_version")),
    )
    op.create_table(
        "software_title",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("publisher", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_software_title")),
        sa.UniqueConstraint(
            "publisher", "name", "version", name=op.f("uq_software_title_publisher_name_version")
        ),
    )
    op.create_table(
        "api_token",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prefix", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_api_token_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "asset",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("asset_tag", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "sort_tag",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column("item_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("register_number", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("serial", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asset_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("it_scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hardware_model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("condition", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("acquired_on", sa.Date(), nullable=True),
        sa.Column("acquired_precision", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("cost_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("location", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("custodian", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("hostname", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("warranty_ends_on", sa.Date(), nullable=True),
        sa.Column("support_ends_on", sa.Date(), nullable=True),
        sa.Column("notes", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("processor", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("is_edge", sa.Boolean(), nullable=True),
        sa.Column("internet_facing", sa.Boolean(), nullable=True),
        sa.Column("criticality", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_seen_on", sa.Date(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("updated_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("status_changed_on", sa.Date(), nullable=True),
        sa.Column("transferred_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(acquired_precision = 'day' OR acquired_precision = 'month' OR acquired_precision = 'year') OR acquired_precision IS NULL",
            name=op.f("ck_asset_acquired_precision"),
        ),
        sa.CheckConstraint(
            "(asset_class = 'laptop' OR asset_class = 'desktop' OR asset_class = 'server' OR asset_class = 'network' OR asset_class = 'storage' OR asset_class = 'printer' OR asset_class = 'mobile' OR asset_class = 'ups' OR asset_class = 'peripheral' OR asset_class = 'virtual-machine' OR asset_class = 'other')",
            name=op.f("ck_asset_asset_class"),
        ),
        sa.CheckConstraint(
            "(condition = 'good' OR condition = 'fair' OR condition = 'broken') OR condition IS NULL",
            name=op.f("ck_asset_condition"),
        ),
        sa.CheckConstraint(
            "(criticality = 'low' OR criticality = 'medium' OR criticality = 'high' OR criticality = 'critical') OR criticality IS NULL",
            name=op.f("ck_asset_criticality"),
        ),
        sa.CheckConstraint(
            "(it_scope = 'it' OR it_scope = 'near-it' OR it_scope = 'other')", name=op.f("ck_asset_it_scope")
        ),
        sa.CheckConstraint(
            "(status = 'planned' OR status = 'in-use' OR status = 'in-store' OR status = 'retired' OR status = 'withdrawn')",
            name=op.f("ck_asset_status"),
        ),
        sa.CheckConstraint("(cost_minor IS NULL) OR (currency IS NOT NULL)", name=op.f("ck_asset_currency")),
        sa.CheckConstraint("cost_minor IS NULL OR cost_minor >= 0", name=op.f("ck_asset_cost_minor")),
        sa.CheckConstraint("units > 0", name=op.f("ck_asset_units")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_asset_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["hardware_model_id"],
            ["hardware_model.id"],
            name=op.f("fk_asset_hardware_model_id_hardware_model"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_asset")),
    )
    with op.batch_alter_table("asset", schema=None) as batch_op:
        batch_op.create_index("ix_asset_class", ["asset_class", "agency_id", "id"], unique=False)
        batch_op.create_index("ix_asset_id", ["id"], unique=False)
        batch_op.create_index("ix_asset_list", ["sort_tag", "id"], unique=False)
        batch_op.create_index("ix_asset_model", ["hardware_model_id"], unique=False)

    op.create_table(
        "audit_event",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "detail",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("previous_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_audit_event_agency_id_agency")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_seq", ["seq"], unique=True)
        batch_op.create_index("ix_audit_event_subject", ["subject_kind", "subject_id"], unique=False)

    op.create_table(
        "calendar_feed",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_calendar_feed_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    op.create_table(
        "column_mapping",
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("header", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("field", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_column_mapping_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("agency_id", "header", name=op.f("pk_column_mapping")),
    )
    op.create_table(
        "daily_rollup",
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("measure", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_daily_rollup_agency_id_agency")),
        sa.PrimaryKeyConstraint("agency_id", "day", "measure", name=op.f("pk_daily_rollup")),
    )
    op.create_table(
        "exploited_entry",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("cve_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("vendor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("product_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("ransomware", sa.Boolean(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["catalogue_snapshot.id"],
            name=op.f("fk_exploited_entry_snapshot_id_catalogue_snapshot"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exploited_entry")),
        sa.UniqueConstraint("cve_id", name=op.f("uq_exploited_entry_cve_id")),
    )
    op.create_table(
        "finding_act",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("act", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column(
            "detail",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(act = 'acknowledged' OR act = 'assigned' OR act = 'unassigned' OR act = 'commented' OR act = 'waiver-asked' OR act = 'waiver-granted' OR act = 'waiver-refused' OR act = 'waiver-ended' OR act = 'plan-linked')",
            name=op.f("ck_finding_act_act"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_finding_act_agency_id_agency")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_finding_act")),
    )
    op.create_table(
        "import_batch",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("filename", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("format", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("applied_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("undone_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column(
            "sheets",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "problems",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "undo_report",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(state = 'previewed' OR state = 'applied' OR state = 'undone' OR state = 'refused')",
            name=op.f("ck_import_batch_state"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_import_batch_agency_id_agency")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_import_batch")),
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.create_index("ix_import_batch_id", ["id"], unique=False)

    op.create_table(
        "name_suggestion",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "manufacturer", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("value", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("target_manufacturer", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("target", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "nearest",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("assets", sa.Integer(), nullable=False),
        sa.Column("noted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'maker' OR kind = 'model' OR kind = 'location' OR kind = 'class')",
            name=op.f("ck_name_suggestion_kind"),
        ),
        sa.CheckConstraint(
            "(state = 'merged') = (target IS NOT NULL)", name=op.f("ck_name_suggestion_target")
        ),
        sa.CheckConstraint(
            "(state = 'open' OR state = 'accepted' OR state = 'merged' OR state = 'ignored')",
            name=op.f("ck_name_suggestion_state"),
        ),
        sa.CheckConstraint("assets >= 0", name=op.f("ck_name_suggestion_assets")),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_name_suggestion_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_name_suggestion")),
        sa.UniqueConstraint(
            "agency_id",
            "kind",
            "manufacturer",
            "value",
            name=op.f("uq_name_suggestion_agency_id_kind_manufacturer_value"),
        ),
    )
    op.create_table(
        "plan",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("based_on_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("method", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("last_year", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("price_book_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("catalogue_as_of", sa.Date(), nullable=True),
        sa.Column("objective", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bound", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("gap", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "inputs",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "told",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "result",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'draft' OR state = 'submitted' OR state = 'approved' OR state = 'superseded')",
            name=op.f("ck_plan_state"),
        ),
        sa.CheckConstraint("last_year >= first_year", name=op.f("ck_plan_years")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_plan_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["refresh_policy.id"], name=op.f("fk_plan_policy_id_refresh_policy")
        ),
        sa.ForeignKeyConstraint(
            ["price_book_id"], ["price_book.id"], name=op.f("fk_plan_price_book_id_price_book")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_plan")),
        sa.UniqueConstraint("agency_id", "name", name=op.f("uq_plan_agency_id_name")),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index("ix_plan_id", ["id"], unique=False)

    op.create_table(
        "price",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("price_book_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asset_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("min_quantity", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column(
            "parts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "(action = 'replace' OR action = 'upgrade' OR action = 'extend-support' OR action = 'retire' OR action = 'accept')",
            name=op.f("ck_price_action"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_price_amount_minor")),
        sa.CheckConstraint("min_quantity > 0", name=op.f("ck_price_min_quantity")),
        sa.ForeignKeyConstraint(
            ["price_book_id"], ["price_book.id"], name=op.f("fk_price_price_book_id_price_book")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price")),
        sa.UniqueConstraint(
            "price_book_id",
            "asset_class",
            "subject",
            "action",
            "min_quantity",
            "valid_from",
            name=op.f("uq_price_price_book_id_asset_class_subject_action_min_quantity_valid_from"),
        ),
    )
    op.create_table(
        "product",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("label", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("category", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_scheme", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "aliases",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "identifiers",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "tags",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "labels",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("link", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("missing_since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["catalogue_snapshot.id"], name=op.f("fk_product_snapshot_id_catalogue_snapshot")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
    )
    op.create_table(
        "role_grant",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "(role = 'admin' OR role = 'it-manager' OR role = 'budget-officer' OR role = 'uploader' OR role = 'auditor')",
            name=op.f("ck_role_grant_role"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_role_grant_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_role_grant_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "agency_id", name=op.f("pk_role_grant")),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_grant_agency_id"), ["agency_id"], unique=False)

    op.create_table(
        "scan_mark",
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("assets", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_scan_mark_agency_id_agency")),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_scan_mark")),
    )
    op.create_table(
        "scan_run",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("matcher_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("catalogue_as_of", sa.Date(), nullable=True),
        sa.Column(
            "result",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["refresh_policy.id"], name=op.f("fk_scan_run_policy_id_refresh_policy")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_run")),
    )
    op.create_table(
        "subscription",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=254), nullable=True),
        sa.Column("cadence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("least_severity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("(cadence = 'daily' OR cadence = 'weekly')", name=op.f("ck_subscription_cadence")),
        sa.CheckConstraint(
            "(least_severity = 'info' OR least_severity = 'low' OR least_severity = 'medium' OR least_severity = 'high' OR least_severity = 'critical')",
            name=op.f("ck_subscription_least_severity"),
        ),
        sa.CheckConstraint("(user_id IS NULL) <> (address IS NULL)", name=op.f("ck_subscription_recipient")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_subscription_agency_id_agency")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_subscription_user_id_app_user")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("agency_id", "address", name=op.f("uq_subscription_agency_id_address")),
        sa.UniqueConstraint("agency_id", "user_id", name=op.f("uq_subscription_agency_id_user_id")),
    )
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscription_user_id"), ["user_id"], unique=False)

    op.create_table(
        "user_session",
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("csrf_token", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_user_session_user_id_app_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
    )
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "asset_change",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("field", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("before", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("after", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "asset_id"],
            ["asset.agency_id", "asset.id"],
            name=op.f("fk_asset_change_agency_id_asset_id_asset"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_asset_change")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("asset_change", schema=None) as batch_op:
        batch_op.create_index("ix_asset_change_asset", ["agency_id", "asset_id", "id"], unique=False)
        batch_op.create_index("ix_asset_change_batch", ["agency_id", "batch_id"], unique=False)

    op.create_table(
        "asset_identifier",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("scheme", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column(
            "asset_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("superseded_batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "asset_id"],
            ["asset.agency_id", "asset.id"],
            name=op.f("fk_asset_identifier_agency_id_asset_id_asset"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "scheme", "value", "asset_id", name=op.f("pk_asset_identifier")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("asset_identifier", schema=None) as batch_op:
        batch_op.create_index("ix_asset_identifier_asset", ["agency_id", "asset_id"], unique=False)
        batch_op.create_index(
            "ix_asset_identifier_serial",
            ["value"],
            unique=False,
            sqlite_where=sa.text("scheme = 'serial' AND superseded_at IS NULL"),
            postgresql_where=sa.text("scheme = 'serial' AND superseded_at IS NULL"),
        )

    op.create_table(
        "asset_risk",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "asset_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("profile", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("band", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("(band = 'unknown') = (score IS NULL)", name=op.f("ck_asset_risk_band")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_asset_risk_score")),
        sa.ForeignKeyConstraint(
            ["agency_id", "asset_id"],
            ["asset.agency_id", "asset.id"],
            name=op.f("fk_asset_risk_agency_id_asset_id_asset"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "asset_id", name=op.f("pk_asset_risk")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("asset_risk", schema=None) as batch_op:
        batch_op.create_index("ix_asset_risk_score", ["agency_id", "score"], unique=False)

    op.create_table(
        "batch_block",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first_asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("installations", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("payload", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "created + updated + unchanged + skipped + rejected = rows", name=op.f("ck_batch_block_outcomes")
        ),
        sa.CheckConstraint("rows > 0", name=op.f("ck_batch_block_rows")),
        sa.ForeignKeyConstraint(
            ["agency_id", "batch_id"],
            ["import_batch.agency_id", "import_batch.id"],
            name=op.f("fk_batch_block_agency_id_batch_id_import_batch"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_batch_block")),
    )
    with op.batch_alter_table("batch_block", schema=None) as batch_op:
        batch_op.create_index("ix_batch_block_batch", ["agency_id", "batch_id", "id"], unique=False)

    op.create_table(
        "batch_retirement",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "asset_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "asset_id"],
            ["asset.agency_id", "asset.id"],
            name=op.f("fk_batch_retirement_agency_id_asset_id_asset"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "batch_id"],
            ["import_batch.agency_id", "import_batch.id"],
            name=op.f("fk_batch_retirement_agency_id_batch_id_import_batch"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "batch_id", "asset_id", name=op.f("pk_batch_retirement")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "batch_source",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("stored", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "mapping",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("near_it", sa.Boolean(), nullable=False),
        sa.Column("other", sa.Boolean(), nullable=False),
        sa.Column("clear_blanks", sa.Boolean(), nullable=False),
        sa.Column("policy", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("retiring", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(policy = 'add-only' OR policy = 'update' OR policy = 'replace')",
            name=op.f("ck_batch_source_policy"),
        ),
        sa.CheckConstraint("retiring >= 0", name=op.f("ck_batch_source_retiring")),
        sa.ForeignKeyConstraint(
            ["agency_id", "batch_id"],
            ["import_batch.agency_id", "import_batch.id"],
            name=op.f("fk_batch_source_agency_id_batch_id_import_batch"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "batch_id", name=op.f("pk_batch_source")),
    )
    op.create_table(
        "batch_title",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("publisher", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "kind = 'model' OR (kind = 'operating-system' OR kind = 'office' OR kind = 'database' OR kind = 'application')",
            name=op.f("ck_batch_title_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "batch_id"],
            ["import_batch.agency_id", "import_batch.id"],
            name=op.f("fk_batch_title_agency_id_batch_id_import_batch"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "batch_id", "n", name=op.f("pk_batch_title")),
    )
    op.create_table(
        "delivery",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "(state = 'claimed' OR state = 'sent' OR state = 'failed' OR state = 'uncertain')",
            name=op.f("ck_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "subscription_id"],
            ["subscription.agency_id", "subscription.id"],
            name=op.f("fk_delivery_agency_id_subscription_id_subscription"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "agency_id", "subscription_id", "slot", name=op.f("uq_delivery_agency_id_subscription_id_slot")
        ),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_state", ["state", "claimed_at"], unique=False)

    op.create_table(
        "exploited_product",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["exploited_entry.id"], name=op.f("fk_exploited_product_entry_id_exploited_entry")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_exploited_product_product_id_product")
        ),
        sa.PrimaryKeyConstraint("entry_id", "product_id", name=op.f("pk_exploited_product")),
    )
    with op.batch_alter_table("exploited_product", schema=None) as batch_op:
        batch_op.create_index("ix_exploited_product_product_id", ["product_id"], unique=False)

    op.create_table(
        "exploited_range",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("to_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("to_included", sa.Boolean(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("from_version <> '' OR to_version <> ''", name=op.f("ck_exploited_range_bounded")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["exploited_entry.id"], name=op.f("fk_exploited_range_entry_id_exploited_entry")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_exploited_range_product_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["catalogue_snapshot.id"],
            name=op.f("fk_exploited_range_snapshot_id_catalogue_snapshot"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exploited_range")),
        sa.UniqueConstraint(
            "entry_id",
            "product_id",
            "from_version",
            "to_version",
            "to_included",
            name=op.f("uq_exploited_range_entry_id_product_id_from_version_to_version_to_included"),
        ),
    )
    with op.batch_alter_table("exploited_range", schema=None) as batch_op:
        batch_op.create_index("ix_exploited_range_product_id", ["product_id"], unique=False)

    op.create_table(
        "import_task",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("filename", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stored", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "choices",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("error_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("(kind = 'preview' OR kind = 'apply')", name=op.f("ck_import_task_kind")),
        sa.CheckConstraint(
            "(state = 'waiting' OR state = 'running' OR state = 'done' OR state = 'failed' OR state = 'cancelled')",
            name=op.f("ck_import_task_state"),
        ),
        sa.CheckConstraint(
            "kind <> 'apply' OR batch_id IS NOT NULL", name=op.f("ck_import_task_applies_a_batch")
        ),
        sa.CheckConstraint("attempt >= 0", name=op.f("ck_import_task_attempt")),
        sa.ForeignKeyConstraint(
            ["agency_id", "batch_id"],
            ["import_batch.agency_id", "import_batch.id"],
            name=op.f("fk_import_task_agency_id_batch_id_import_batch"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_import_task_agency_id_agency")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_import_task")),
    )
    with op.batch_alter_table("import_task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_import_task_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )
        batch_op.create_index(
            "uq_import_task_open_apply",
            ["agency_id", "batch_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'apply' AND state IN ('waiting', 'running')"),
            postgresql_where=sa.text("kind = 'apply' AND state IN ('waiting', 'running')"),
        )

    op.create_table(
        "installation",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("superseded_batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(role = 'operating-system' OR role = 'office' OR role = 'database' OR role = 'application')",
            name=op.f("ck_installation_role"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "asset_id"],
            ["asset.agency_id", "asset.id"],
            name=op.f("fk_installation_agency_id_asset_id_asset"),
        ),
        sa.ForeignKeyConstraint(
            ["title_id"], ["software_title.id"], name=op.f("fk_installation_title_id_software_title")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_installation")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.create_index("ix_installation_asset", ["agency_id", "asset_id"], unique=False)
        batch_op.create_index("ix_installation_title", ["title_id"], unique=False)

    op.create_table(
        "plan_event",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("comment", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column(
            "changes",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(step = 'adjusted' OR step = 'undone' OR step = 'submitted' OR step = 'returned' OR step = 'approved' OR step = 'superseded' OR step = 'commented')",
            name=op.f("ck_plan_event_step"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "plan_id"],
            ["plan.agency_id", "plan.id"],
            name=op.f("fk_plan_event_agency_id_plan_id_plan"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "plan_id", "number", name=op.f("pk_plan_event")),
    )
    op.create_table(
        "plan_line",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("need_no", sa.Integer(), nullable=False),
        sa.Column("owner_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asset_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("group_label", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=True),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("risk_removed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deferral_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "evidence",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(action = 'replace' OR action = 'upgrade' OR action = 'extend-support' OR action = 'retire' OR action = 'accept')",
            name=op.f("ck_plan_line_action"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_plan_line_quantity")),
        sa.ForeignKeyConstraint(
            ["agency_id", "plan_id"],
            ["plan.agency_id", "plan.id"],
            name=op.f("fk_plan_line_agency_id_plan_id_plan"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_agency_id"], ["agency.id"], name=op.f("fk_plan_line_owner_agency_id_agency")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_plan_line")),
    )
    with op.batch_alter_table("plan_line", schema=None) as batch_op:
        batch_op.create_index("ix_plan_line_need", ["agency_id", "plan_id", "need_no"], unique=False)
        batch_op.create_index("ix_plan_line_plan", ["agency_id", "plan_id", "position"], unique=False)

    op.create_table(
        "plan_study",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column(
            "document",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "plan_id"],
            ["plan.agency_id", "plan.id"],
            name=op.f("fk_plan_study_agency_id_plan_id_plan"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "plan_id", "revision", name=op.f("pk_plan_study")),
    )
    op.create_table(
        "plan_year",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "plan_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("budget_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cost_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actions", sa.Integer(), nullable=False),
        sa.CheckConstraint("budget_minor >= 0", name=op.f("ck_plan_year_budget_minor")),
        sa.ForeignKeyConstraint(
            ["agency_id", "plan_id"],
            ["plan.agency_id", "plan.id"],
            name=op.f("fk_plan_year_agency_id_plan_id_plan"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "plan_id", "fiscal_year", name=op.f("pk_plan_year")),
    )
    op.create_table(
        "product_alias",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alias", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_alias_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_alias")),
        sa.UniqueConstraint("agency_id", "alias", name=op.f("uq_product_alias_agency_id_alias")),
    )
    op.create_table(
        "release",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("label", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("codename", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "version_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_release_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("product_id", "name", name=op.f("uq_release_product_id_name")),
    )
    op.create_table(
        "delivered_item",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "subscription_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "finding_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("about_on", sa.Date(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(reason = 'new' OR reason = 'due' OR reason = 'waiver-ends')",
            name=op.f("ck_delivered_item_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "delivery_id"],
            ["delivery.agency_id", "delivery.id"],
            name=op.f("fk_delivered_item_agency_id_delivery_id_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "agency_id", "subscription_id", "finding_id", "reason", "about_on", name=op.f("pk_delivered_item")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("delivered_item", schema=None) as batch_op:
        batch_op.create_index("ix_delivered_item_delivery", ["agency_id", "delivery_id"], unique=False)

    op.create_table(
        "fact_override",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("date_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sa.Date(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("document", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("superseded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "date_name IN ('active_support_ends', 'security_support_ends', 'extended_support_ends', 'discontinued')",
            name=op.f("ck_fact_override_date_name"),
        ),
        sa.CheckConstraint(
            "superseded_at IS NULL OR superseded_at >= recorded_at", name=op.f("ck_fact_override_period")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_fact_override_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_fact_override_release_id_release")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_override")),
    )
    with op.batch_alter_table("fact_override", schema=None) as batch_op:
        batch_op.create_index("ix_fact_override_release_id", ["release_id"], unique=False)
        batch_op.create_index(
            "uq_fact_override_current",
            ["agency_id", "release_id", "date_name"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "finding_verdict",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("condition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("severity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("title_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("scope_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "evidence",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(severity = 'info' OR severity = 'low' OR severity = 'medium' OR severity = 'high' OR severity = 'critical')",
            name=op.f("ck_finding_verdict_severity"),
        ),
        sa.ForeignKeyConstraint(
            ["condition_id"],
            ["finding_condition.id"],
            name=op.f("fk_finding_verdict_condition_id_finding_condition"),
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_finding_verdict_release_id_release")
        ),
        sa.ForeignKeyConstraint(
            ["title_id"], ["software_title.id"], name=op.f("fk_finding_verdict_title_id_software_title")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_verdict")),
        sa.UniqueConstraint("id", "condition_id", name=op.f("uq_finding_verdict_id_condition_id")),
        sa.UniqueConstraint("key", name=op.f("uq_finding_verdict_key")),
    )
    with op.batch_alter_table("finding_verdict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_verdict_condition_id"), ["condition_id"], unique=False)
        batch_op.create_index("ix_finding_verdict_title_id", ["title_id"], unique=False)

    op.create_table(
        "local_release",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("document", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("superseded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "superseded_at IS NULL OR superseded_at >= recorded_at", name=op.f("ck_local_release_period")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_local_release_release_id_release")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_release")),
    )
    with op.batch_alter_table("local_release", schema=None) as batch_op:
        batch_op.create_index(
            "uq_local_release_current",
            ["release_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "plan_line_asset",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "plan_line_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "asset_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_plan_line_asset_units")),
        sa.ForeignKeyConstraint(
            ["agency_id", "plan_line_id"],
            ["plan_line.agency_id", "plan_line.id"],
            name=op.f("fk_plan_line_asset_agency_id_plan_line_id_plan_line"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "plan_line_id", "asset_id", name=op.f("pk_plan_line_asset")),
    )
    with op.batch_alter_table("plan_line_asset", schema=None) as batch_op:
        batch_op.create_index("ix_plan_line_asset_asset", ["asset_id"], unique=False)

    op.create_table(
        "plan_progress",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("new_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("new_asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(step = 'ordered' OR step = 'delivered' OR step = 'replaced')",
            name=op.f("ck_plan_progress_step"),
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_plan_progress_amount_minor")),
        sa.CheckConstraint("units > 0", name=op.f("ck_plan_progress_units")),
        sa.ForeignKeyConstraint(
            ["agency_id", "plan_id"],
            ["plan.agency_id", "plan.id"],
            name=op.f("fk_plan_progress_agency_id_plan_id_plan"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "plan_line_id"],
            ["plan_line.agency_id", "plan_line.id"],
            name=op.f("fk_plan_progress_agency_id_plan_line_id_plan_line"),
        ),
        sa.ForeignKeyConstraint(
            ["new_agency_id", "new_asset_id"],
            ["asset.agency_id", "asset.id"],
            name=op.f("fk_plan_progress_new_agency_id_new_asset_id_asset"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_plan_progress")),
    )
    with op.batch_alter_table("plan_progress", schema=None) as batch_op:
        batch_op.create_index("ix_plan_progress_plan", ["agency_id", "plan_id"], unique=False)

    op.create_table(
        "release_fact",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("active_support_ends_on", sa.Date(), nullable=True),
        sa.Column("active_support_flag", sa.Boolean(), nullable=True),
        sa.Column("security_support_ends_on", sa.Date(), nullable=True),
        sa.Column("security_support_flag", sa.Boolean(), nullable=True),
        sa.Column("extended_support_ends_on", sa.Date(), nullable=True),
        sa.Column("extended_support_flag", sa.Boolean(), nullable=True),
        sa.Column("discontinued_on", sa.Date(), nullable=True),
        sa.Column("discontinued_flag", sa.Boolean(), nullable=True),
        sa.Column("is_lts", sa.Boolean(), nullable=False),
        sa.Column("lts_starts_on", sa.Date(), nullable=True),
        sa.Column("latest_version", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("latest_released_on", sa.Date(), nullable=True),
        sa.Column("latest_link", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "superseded_at IS NULL OR superseded_at >= recorded_at", name=op.f("ck_release_fact_period")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_release_fact_release_id_release")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["catalogue_snapshot.id"],
            name=op.f("fk_release_fact_snapshot_id_catalogue_snapshot"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_fact")),
    )
    with op.batch_alter_table("release_fact", schema=None) as batch_op:
        batch_op.create_index("ix_release_fact_release_id", ["release_id", "recorded_at"], unique=False)
        batch_op.create_index(
            "uq_release_fact_current",
            ["release_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "support_contract",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_support_contract_period")),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_support_contract_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_support_contract_product_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_support_contract_release_id_release")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_support_contract")),
    )
    op.create_table(
        "title_decision",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("superseded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("superseded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "(outcome = 'product' OR outcome = 'not-tracked' OR outcome = 'ignored')",
            name=op.f("ck_title_decision_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome = 'product') = (product_id IS NOT NULL)", name=op.f("ck_title_decision_product")
        ),
        sa.CheckConstraint(
            "release_id IS NULL OR product_id IS NOT NULL", name=op.f("ck_title_decision_release")
        ),
        sa.CheckConstraint(
            "superseded_at IS NULL OR superseded_at >= recorded_at", name=op.f("ck_title_decision_period")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_title_decision_agency_id_agency")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_title_decision_product_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_title_decision_release_id_release")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_title_decision")),
    )
    with op.batch_alter_table("title_decision", schema=None) as batch_op:
        batch_op.create_index("ix_title_decision_key", ["key"], unique=False)
        batch_op.create_index(
            "uq_title_decision_current",
            ["agency_id", "key", "name", "version"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "title_match",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "subject_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "version_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("tier", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("method", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "evidence",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("matcher_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("matched_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'matched' OR outcome = 'product-only' OR outcome = 'not-tracked' OR outcome = 'unrecognised')",
            name=op.f("ck_title_match_outcome"),
        ),
        sa.CheckConstraint("subject_kind IN ('title', 'model')", name=op.f("ck_title_match_subject_kind")),
        sa.CheckConstraint("tier IN ('auto', 'review', 'none')", name=op.f("ck_title_match_tier")),
        sa.CheckConstraint("confidence >= 0 AND confidence <= 1", name=op.f("ck_title_match_confidence")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_title_match_product_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_title_match_release_id_release")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title_match")),
        sa.UniqueConstraint(
            "subject_kind",
            "subject_id",
            "scope_agency_id",
            name=op.f("uq_title_match_subject_kind_subject_id_scope_agency_id"),
        ),
    )
    with op.batch_alter_table("title_match", schema=None) as batch_op:
        batch_op.create_index("ix_title_match_key", ["subject_key"], unique=False)
        batch_op.create_index("ix_title_match_product_id", ["product_id"], unique=False)

    op.create_table(
        "title_state",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope_agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phase", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("contract_phase", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("patch_state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("security_support_ends_on", sa.Date(), nullable=True),
        sa.Column("behind_versions", sa.Integer(), nullable=True),
        sa.Column("behind_since_on", sa.Date(), nullable=True),
        sa.Column(
            "evidence",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_title_state_product_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_title_state_release_id_release")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title_state")),
        sa.UniqueConstraint(
            "subject_kind",
            "subject_id",
            "scope_agency_id",
            name=op.f("uq_title_state_subject_kind_subject_id_scope_agency_id"),
        ),
    )
    op.create_table(
        "version",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "version_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("article", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("snapshot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_version_product_id_product")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_version_release_id_release")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["catalogue_snapshot.id"], name=op.f("fk_version_snapshot_id_catalogue_snapshot")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint(
            "product_id", "release_id", "name", name=op.f("uq_version_product_id_release_id_name")
        ),
    )
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.create_index("ix_version_release_key", ["release_id", "version_key"], unique=False)
        batch_op.create_index(
            "uq_version_unassigned",
            ["product_id", "name"],
            unique=True,
            sqlite_where=sa.text("release_id IS NULL"),
            postgresql_where=sa.text("release_id IS NULL"),
        )

    op.create_table(
        "finding",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("condition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("verdict_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("severity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("resolved_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(severity = 'info' OR severity = 'low' OR severity = 'medium' OR severity = 'high' OR severity = 'critical')",
            name=op.f("ck_finding_severity"),
        ),
        sa.CheckConstraint("resolved_on IS NULL OR resolved_on >= opened_on", name=op.f("ck_finding_period")),
        sa.ForeignKeyConstraint(
            ["agency_id", "asset_id"],
            ["asset.agency_id", "asset.id"],
            name=op.f("fk_finding_agency_id_asset_id_asset"),
        ),
        sa.ForeignKeyConstraint(
            ["verdict_id", "condition_id"],
            ["finding_verdict.id", "finding_verdict.condition_id"],
            name=op.f("fk_finding_verdict_id_condition_id_finding_verdict"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_finding")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(
            "uq_finding_open",
            ["agency_id", "asset_id", "condition_id"],
            unique=True,
            sqlite_where=sa.text("resolved_on IS NULL"),
            postgresql_where=sa.text("resolved_on IS NULL"),
        )

    op.create_table(
        "finding_history",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "finding_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "act_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "act_id"],
            ["finding_act.agency_id", "finding_act.id"],
            name=op.f("fk_finding_history_agency_id_act_id_finding_act"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "finding_id"],
            ["finding.agency_id", "finding.id"],
            name=op.f("fk_finding_history_agency_id_finding_id_finding"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "finding_id", "act_id", name=op.f("pk_finding_history")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "finding_work",
        sa.Column(
            "agency_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "finding_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("acknowledged_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("acknowledged_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("assignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("asked_act_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("asked_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("asked_until", sa.Date(), nullable=True),
        sa.Column("waived_act_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("waived_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("waived_until", sa.Date(), nullable=True),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("plan_line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name=op.f("ck_finding_work_acknowledged")
        ),
        sa.CheckConstraint(
            "(asked_act_id IS NULL) = (asked_by IS NULL) AND (asked_act_id IS NULL) = (asked_until IS NULL)",
            name=op.f("ck_finding_work_asked"),
        ),
        sa.CheckConstraint("(plan_id IS NULL) = (plan_line_id IS NULL)", name=op.f("ck_finding_work_plan")),
        sa.CheckConstraint(
            "(waived_act_id IS NULL) = (waived_by IS NULL) AND (waived_act_id IS NULL) = (waived_until IS NULL)",
            name=op.f("ck_finding_work_waived"),
        ),
        sa.CheckConstraint("due_on IS NULL OR assignee_id IS NOT NULL", name=op.f("ck_finding_work_due")),
        sa.ForeignKeyConstraint(
            ["agency_id", "asked_act_id"],
            ["finding_act.agency_id", "finding_act.id"],
            name=op.f("fk_finding_work_agency_id_asked_act_id_finding_act"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "finding_id"],
            ["finding.agency_id", "finding.id"],
            name=op.f("fk_finding_work_agency_id_finding_id_finding"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "waived_act_id"],
            ["finding_act.agency_id", "finding_act.id"],
            name=op.f("fk_finding_work_agency_id_waived_act_id_finding_act"),
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["app_user.id"], name=op.f("fk_finding_work_assignee_id_app_user")
        ),
        sa.PrimaryKeyConstraint("agency_id", "finding_id", name=op.f("pk_finding_work")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("finding_work", schema=None) as batch_op:
        batch_op.create_index(
            "ix_finding_work_asked_until",
            ["asked_until"],
            unique=False,
            sqlite_where=sa.text("asked_until IS NOT NULL"),
            postgresql_where=sa.text("asked_until IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_finding_work_assignee_id",
            ["assignee_id"],
            unique=False,
            sqlite_where=sa.text("assignee_id IS NOT NULL"),
            postgresql_where=sa.text("assignee_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_finding_work_waived_until",
            ["waived_until"],
            unique=False,
            sqlite_where=sa.text("waived_until IS NOT NULL"),
            postgresql_where=sa.text("waived_until IS NOT NULL"),
        )
    op.execute("INSERT INTO id_counter (name, next_id) VALUES ('all', 2)")
    op.execute("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '')")


def downgrade() -> None:
    with op.batch_alter_table("finding_work", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_finding_work_waived_until",
            sqlite_where=sa.text("waived_until IS NOT NULL"),
            postgresql_where=sa.text("waived_until IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_finding_work_assignee_id",
            sqlite_where=sa.text("assignee_id IS NOT NULL"),
            postgresql_where=sa.text("assignee_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_finding_work_asked_until",
            sqlite_where=sa.text("asked_until IS NOT NULL"),
            postgresql_where=sa.text("asked_until IS NOT NULL"),
        )

    op.drop_table("finding_work")
    op.drop_table("finding_history")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_finding_open",
            sqlite_where=sa.text("resolved_on IS NULL"),
            postgresql_where=sa.text("resolved_on IS NULL"),
        )

    op.drop_table("finding")
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_version_unassigned",
            sqlite_where=sa.text("release_id IS NULL"),
            postgresql_where=sa.text("release_id IS NULL"),
        )
        batch_op.drop_index("ix_version_release_key")

    op.drop_table("version")
    op.drop_table("title_state")
    with op.batch_alter_table("title_match", schema=None) as batch_op:
        batch_op.drop_index("ix_title_match_product_id")
        batch_op.drop_index("ix_title_match_key")

    op.drop_table("title_match")
    with op.batch_alter_table("title_decision", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_title_decision_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index("ix_title_decision_key")

    op.drop_table("title_decision")
    op.drop_table("support_contract")
    with op.batch_alter_table("release_fact", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_release_fact_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index("ix_release_fact_release_id")

    op.drop_table("release_fact")
    with op.batch_alter_table("plan_progress", schema=None) as batch_op:
        batch_op.drop_index("ix_plan_progress_plan")

    op.drop_table("plan_progress")
    with op.batch_alter_table("plan_line_asset", schema=None) as batch_op:
        batch_op.drop_index("ix_plan_line_asset_asset")

    op.drop_table("plan_line_asset")
    with op.batch_alter_table("local_release", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_local_release_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("local_release")
    with op.batch_alter_table("finding_verdict", schema=None) as batch_op:
        batch_op.drop_index("ix_finding_verdict_title_id")
        batch_op.drop_index(batch_op.f("ix_finding_verdict_condition_id"))

    op.drop_table("finding_verdict")
    with op.batch_alter_table("fact_override", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_fact_override_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index("ix_fact_override_release_id")

    op.drop_table("fact_override")
    with op.batch_alter_table("delivered_item", schema=None) as batch_op:
        batch_op.drop_index("ix_delivered_item_delivery")

    op.drop_table("delivered_item")
    op.drop_table("release")
    op.drop_table("product_alias")
    op.drop_table("plan_year")
    op.drop_table("plan_study")
    with op.batch_alter_table("plan_line", schema=None) as batch_op:
        batch_op.drop_index("ix_plan_line_plan")
        batch_op.drop_index("ix_plan_line_need")

    op.drop_table("plan_line")
    op.drop_table("plan_event")
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_index("ix_installation_title")
        batch_op.drop_index("ix_installation_asset")

    op.drop_table("installation")
    with op.batch_alter_table("import_task", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_import_task_open_apply",
            sqlite_where=sa.text("kind = 'apply' AND state IN ('waiting', 'running')"),
            postgresql_where=sa.text("kind = 'apply' AND state IN ('waiting', 'running')"),
        )
        batch_op.drop_index(
            "ix_import_task_open",
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )

    op.drop_table("import_task")
    with op.batch_alter_table("exploited_range", schema=None) as batch_op:
        batch_op.drop_index("ix_exploited_range_product_id")

    op.drop_table("exploited_range")
    with op.batch_alter_table("exploited_product", schema=None) as batch_op:
        batch_op.drop_index("ix_exploited_product_product_id")

    op.drop_table("exploited_product")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_state")

    op.drop_table("delivery")
    op.drop_table("batch_title")
    op.drop_table("batch_source")
    op.drop_table("batch_retirement")
    with op.batch_alter_table("batch_block", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_block_batch")

    op.drop_table("batch_block")
    with op.batch_alter_table("asset_risk", schema=None) as batch_op:
        batch_op.drop_index("ix_asset_risk_score")

    op.drop_table("asset_risk")
    with op.batch_alter_table("asset_identifier", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_asset_identifier_serial",
            sqlite_where=sa.text("scheme = 'serial' AND superseded_at IS NULL"),
            postgresql_where=sa.text("scheme = 'serial' AND superseded_at IS NULL"),
        )
        batch_op.drop_index("ix_asset_identifier_asset")

    op.drop_table("asset_identifier")
    with op.batch_alter_table("asset_change", schema=None) as batch_op:
        batch_op.drop_index("ix_asset_change_batch")
        batch_op.drop_index("ix_asset_change_asset")

    op.drop_table("asset_change")
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_session_user_id"))

    op.drop_table("user_session")
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscription_user_id"))

    op.drop_table("subscription")
    op.drop_table("scan_run")
    op.drop_table("scan_mark")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_grant_agency_id"))

    op.drop_table("role_grant")
    op.drop_table("product")
    op.drop_table("price")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_index("ix_plan_id")

    op.drop_table("plan")
    op.drop_table("name_suggestion")
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.drop_index("ix_import_batch_id")

    op.drop_table("import_batch")
    op.drop_table("finding_act")
    op.drop_table("exploited_entry")
    op.drop_table("daily_rollup")
    op.drop_table("column_mapping")
    op.drop_table("calendar_feed")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_subject")
        batch_op.drop_index("ix_audit_event_seq")

    op.drop_table("audit_event")
    with op.batch_alter_table("asset", schema=None) as batch_op:
        batch_op.drop_index("ix_asset_model")
        batch_op.drop_index("ix_asset_list")
        batch_op.drop_index("ix_asset_id")
        batch_op.drop_index("ix_asset_class")

    op.drop_table("asset")
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_token_user_id"))

    op.drop_table("api_token")
    op.drop_table("software_title")
    op.drop_table("refresh_policy")
    op.drop_table("price_book")
    op.drop_table("job_schedule")
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_job_run_running",
            sqlite_where=sa.text("outcome = 'running'"),
            postgresql_where=sa.text("outcome = 'running'"),
        )
        batch_op.drop_index("ix_job_run_started_at")
        batch_op.drop_index(
            "ix_job_run_retry_at",
            sqlite_where=sa.text("retry_at IS NOT NULL"),
            postgresql_where=sa.text("retry_at IS NOT NULL"),
        )

    op.drop_table("job_run")
    op.drop_table("job_progress")
    op.drop_table("id_counter")
    op.drop_table("hardware_model")
    op.drop_table("finding_condition")
    op.drop_table("catalogue_snapshot")
    op.drop_table("catalogue_proposal")
    op.drop_table("catalogue_fetch")
    op.drop_table("audit_head")
    op.drop_table("app_user")
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agency_parent_id"))

    op.drop_table("agency")
