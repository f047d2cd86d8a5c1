"""A spreadsheet's way: upload, look at what it would change, apply, take back."""

from __future__ import annotations

from fastapi import Request, Response

from tracker.db import reading
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.inventory import actions, queries, tasks
from tracker.inventory.replacing import RetiringView, list_retiring
from tracker.inventory.schemas import BatchRowView, BatchView, KeptRow
from tracker.inventory.source_models import UpdatePolicy
from tracker.inventory.sources import Choices, SourceView, get_source
from tracker.web.choices import address, agency_options, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted
from tracker.web.i18n import N_
from tracker.web.pages import import_views as views
from tracker.web.pages.import_columns import columns_part
from tracker.web.pages.import_jobs import job_address
from tracker.web.rendering import Message, formats_for, render, translate
from tracker.web.translation import error_text
from tracker.web.uploads import UploadedForm, need_file
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@router.get("/imports")
def list_imports(request: Request, visitor: SignedIn, before: str | None = None) -> Response:
    """Uploaded files of the visitor's agencies."""
    last = _number(before)
    with reading(get_engine(request)) as session:
        batches = queries.list_batches(session, visitor.principal, views.ROWS_PER_PAGE + 1, last)
    waiting = tasks.list_tasks(get_engine(request), visitor.principal, only_open=True)
    page = views.list_page(visitor, batches, visitor.may(Permission.IMPORT), last, waiting)
    return render(request, visitor, "imports.html", page)


def _upload_page(
    request: Request, visitor: Visitor, agency: str | None, error: str | None = None
) -> views.UploadPage:
    most = get_settings(request).import_limits["upload_bytes"]
    with reading(get_engine(request)) as session:
        agencies = list_agencies(session, visitor.principal, Permission.IMPORT)
    # Nothing is imported into the root itself while there are agencies to choose from.
    chosen = [one for one in agencies if one.parent_code is not None] or agencies
    size = formats_for(request, visitor).size(most)
    policies = term_options(visitor, "policy", UpdatePolicy)
    return views.UploadPage(agency_options(chosen), agency, most, size, policies, error)


@router.get("/imports/new")
def show_upload(request: Request, visitor: SignedIn, agency: str | None = None) -> Response:
    """The form for a file."""
    visitor.need(Permission.IMPORT)
    return render(request, visitor, "upload.html", _upload_page(request, visitor, agency))


@router.post("/imports")
def upload(request: Request, visitor: SignedIn, sent: UploadedForm) -> Response:
    """Read the file and store what it would change; nothing is written to assets."""
    visitor.need(Permission.IMPORT)
    settings, form = get_settings(request), sent.form
    engine, agency = get_engine(request), form.text("agency")
    try:
        path, choices = need_file(sent), _choices(form)
        if form.find("background") is not None or tasks.is_large_file(settings, path):
            task = tasks.queue_preview(
                engine, visitor.principal, path, sent.filename, agency, visitor.now,
                settings=settings, choices=choices,
            )  # fmt: skip
            return redirect(job_address(task.id), secure=settings.cookie_secure)
        batch = actions.preview(
            engine,
            visitor.principal,
            path,
            sent.filename,
            agency,
            visitor.now,
            settings=settings,
            include_near_it=choices.near_it,
            include_other=choices.other,
            policy=choices.policy,
            clear_blanks=choices.clear_blanks,
        )
    except (Conflict, Invalid, NotFound) as error:
        page = _upload_page(request, visitor, form.find("agency"), error_text(visitor, error))
        message = Message("bad", translate(visitor, N_("The file was refused. Nothing was written.")))
        return render(request, visitor, "upload.html", page, status=422, messages=(message,))
    return redirect(f"/imports/{batch.id}", Flash("batch-previewed"), secure=settings.cookie_secure)


def _choices(form: Posted) -> Choices:
    near_it, other, clear = (form.find(name) is not None for name in ("near_it", "other", "clear_blanks"))
    return Choices({}, near_it, other, _policy(form.text("policy")), clear)


def _policy(text: str) -> UpdatePolicy:
    return UpdatePolicy(text) if text in set(UpdatePolicy) else UpdatePolicy.UPDATE


@router.get("/imports/{batch_id}")
def show_import(
    request: Request, visitor: SignedIn, batch_id: int, view: str = "", after: str | None = None
) -> Response:
    """One import with a view of its rows or problems."""
    return _show(request, visitor, batch_id, view, _number(after) or 0)


def _show(
    request: Request,
    visitor: Visitor,
    batch_id: int,
    view: str = "",
    after: int = 0,
    status: int = 200,
    messages: tuple[Message, ...] = (),
) -> Response:
    view = view if view in (*views.OUTCOMES, views.PROBLEMS, views.RETIRED) else ""
    retiring: list[RetiringView] = []
    rows: list[BatchRowView] = []
    with reading(get_engine(request)) as session:
        batch = queries.get_batch(session, visitor.principal, batch_id)
        source = get_source(session, visitor.principal, batch_id)
        kept = queries.list_kept(session, visitor.principal, batch_id) if batch.undone_at else []
        if view == views.RETIRED:
            retiring = list_retiring(session, visitor.principal, batch_id, after, views.ROWS_PER_PAGE + 1)
        elif view != views.PROBLEMS:
            rows = queries.list_batch_rows(
                session, visitor.principal, batch_id, view or None, after, views.ROWS_PER_PAGE + 1
            )
    page = _batch_page(request, visitor, batch, source, kept, view, rows, retiring, after)
    return render(request, visitor, "import.html", page, status=status, messages=messages)


def _batch_page(
    request: Request,
    visitor: Visitor,
    batch: BatchView,
    source: SourceView,
    kept: list[KeptRow],
    view: str,
    rows: list[BatchRowView],
    retiring: list[RetiringView],
    after: int,
) -> views.BatchPage:
    formats, path, size = formats_for(request, visitor), f"/imports/{batch.id}", views.ROWS_PER_PAGE
    problems = batch.problems[after : after + size] if view == views.PROBLEMS else []
    more: str | None = None
    if view == views.PROBLEMS and len(batch.problems) > after + size:
        more = str(after + size)
    elif len(rows) > size:
        more = str(rows[size - 1].id)
    elif len(retiring) > size:
        more = str(retiring[size - 1].asset_id)
    may_import = visitor.may(Permission.IMPORT)
    codes = {str(one.get("message")): str(one.get("code")) for one in batch.problems}
    return views.BatchPage(
        batch=batch,
        tone=views.TONES.get(batch.state, "plain"),
        tabs=views.tabs(visitor, batch, source.retiring, view),
        view=view,
        rows=tuple(views.row_line(visitor, formats, row, codes) for row in rows[:size]),
        problems=tuple(views.problem_line(visitor, problem) for problem in problems),
        columns=columns_part(visitor, batch, source, views.sheet_notes(visitor, formats, batch)),
        kept=tuple(views.kept_line(visitor, one) for one in kept),
        policy=source.choices.policy,
        retiring=source.retiring,
        retired=tuple(retiring[:size]),
        retired_columns=columns(visitor, N_("Asset"), N_("Name"), N_("Location")),
        kept_columns=columns(visitor, N_("Asset"), N_("Field"), N_("Why it was kept")),
        row_columns=columns(
            visitor, N_("Sheet"), N_("Row"), N_("Outcome"), N_("Asset"), N_("What changes, or why not"), numbers=(1,)
        ),
        problem_columns=columns(
            visitor, N_("Sheet"), N_("Row"), N_("Column"), N_("Value"), N_("Why"), numbers=(1,)
        ),
        first_url=address(path, {"view": view}) if after else None,
        next_url=address(path, {"view": view, "after": more}) if more else None,
        may_apply=may_import and batch.state == "previewed",
        may_undo=may_import and batch.state == "applied",
        writes=batch.created + batch.updated,
    )  # fmt: skip


@router.post("/imports/{batch_id}/apply")
def apply_import(request: Request, visitor: SignedIn, form: Form, batch_id: int) -> Response:
    """Apply exactly what was shown; a second time does nothing and says so."""
    visitor.need(Permission.IMPORT)
    engine, settings, confirmed = get_engine(request), get_settings(request), form.find("confirm") is not None
    with reading(engine) as session:
        found = queries.get_batch(session, visitor.principal, batch_id)
    try:
        if found.state == "previewed" and tasks.is_large_batch(settings, found.created + found.updated):
            task = tasks.queue_apply(engine, visitor.principal, batch_id, visitor.now, confirmed=confirmed)
            return redirect(job_address(task.id), secure=settings.cookie_secure)
        batch = actions.apply(
            engine, visitor.principal, batch_id, visitor.now,
            confirmed=confirmed, retire_pct=settings.import_retire_pct,
        )  # fmt: skip
    except Conflict as error:
        return _not_done(request, visitor, batch_id, error, "applied", Flash("batch-applied-before"))
    formats = formats_for(request, visitor)
    values = {"created": formats.number(batch.created), "updated": formats.number(batch.updated)}
    flash = Flash("batch-applied", values)
    return redirect(f"/imports/{batch_id}", flash, secure=get_settings(request).cookie_secure)


@router.post("/imports/{batch_id}/undo")
def undo_import(request: Request, visitor: SignedIn, form: Form, batch_id: int) -> Response:
    """Take an applied import back; what was edited afterwards is kept and named."""
    visitor.need(Permission.IMPORT)
    try:
        report = actions.undo(get_engine(request), visitor.principal, batch_id, visitor.now)
    except Conflict as error:
        return _not_done(request, visitor, batch_id, error, "undone", Flash("batch-undone-before"))
    formats = formats_for(request, visitor)
    values = {
        "restored": formats.number(report.restored),
        "withdrawn": formats.number(report.withdrawn),
        "kept": formats.number(len(report.kept)),
    }
    flash = Flash("batch-undone", values)
    return redirect(f"/imports/{batch_id}", flash, secure=get_settings(request).cookie_secure)


def _not_done(
    request: Request, visitor: Visitor, batch_id: int, error: Conflict, state: str, again: Flash
) -> Response:
    """The same act a second time is harmless; anything else is shown with the rows it is about."""
    if error.detail.get("state") == state:
        return redirect(f"/imports/{batch_id}", again, secure=get_settings(request).cookie_secure)
    rows = error.detail.get("rows")
    items = tuple(
        (str(row["sheet"]), str(row["row"]), str(row["label"]))
        for row in (rows if isinstance(rows, list) else [])
    )
    message = Message("bad", error_text(visitor, error), items=items)
    return _show(request, visitor, batch_id, status=409, messages=(message,))
