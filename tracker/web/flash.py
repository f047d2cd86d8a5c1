"""Messages that survive one redirect, in a short-lived cookie: a code of ours and its values."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from tracker.web.i18n import N_

COOKIE = "tracker_flash"
_MOST_CHARS = 3_500
#: Code → (tone, text). Values are inserted as text and escaped like all text.
MESSAGES: Mapping[str, tuple[str, str]] = {
    "signed-out": ("info", N_("You are signed out.")),
    "password-changed": ("good", N_("Your password is changed. Sign in with the new one.")),
    "language-changed": ("good", N_("Your language is saved.")),
    "agency-added": ("good", N_("Agency %(name)s is added.")),
    "user-added": (
        "good",
        N_("User %(name)s is added with the one-time password below. It is shown only now."),
    ),
    "role-added": ("good", N_("User %(name)s already existed and now has this role.")),
    "user-disabled": ("good", N_("User %(name)s is disabled and signed out everywhere.")),
    "user-enabled": ("good", N_("User %(name)s is enabled.")),
    "token-created": ("good", N_("Token %(name)s is created. It is shown only now: copy it.")),
    "token-revoked": ("good", N_("The token is revoked.")),
    "batch-previewed": ("info", N_("Nothing is written yet. Check the rows below, then apply.")),
    "columns-read": (
        "info",
        N_("Read again with your columns. Nothing is written yet: check the rows below, then apply."),
    ),
    "columns-as-before": ("info", N_("No column was changed, so the file was not read again.")),
    "columns-refused": ("bad", N_("The file could not be read again: %(why)s")),
    "column-forgotten": ("good", N_("The column is forgotten.")),
    "batch-applied": ("good", N_("Applied: %(created)s created, %(updated)s updated.")),
    "batch-applied-before": ("info", N_("This import was already applied. Nothing was done a second time.")),
    "batch-undone-before": ("info", N_("This import was already undone. Nothing was done a second time.")),
    "batch-undone": (
        "good",
        N_("Undone: %(restored)s values restored, %(withdrawn)s assets withdrawn, %(kept)s values kept."),
    ),
    "names-none": ("info", N_("No name was chosen.")),
    "names-accepted": ("good", N_("%(count)s names are accepted as they are written.")),
    "names-ignored": ("good", N_("%(count)s names are ignored from now on.")),
    "names-reopened": ("good", N_("%(count)s names are to be decided again. Assets stay as they are.")),
    "names-merged": (
        "good",
        N_("Merged into %(name)s: %(count)s values of assets changed. Later files are read the same way."),
    ),
    "names-not-merged": ("bad", N_("Not merged: %(why)s")),
    "subscribed": ("good", N_("You are subscribed. What is found from today on is told.")),
    "unsubscribed": ("info", N_("The subscription is ended.")),
    "test-sent": ("good", N_("A test is on its way to %(to)s.")),
    "test-failed": ("bad", N_("The test was not sent: %(why)s")),
    "calendar-made": ("good", N_("The address of your calendar is below. It is shown only now: copy it.")),
    "calendar-ended": ("info", N_("The calendar is ended: its address answers nothing any more.")),
    "findings-none-chosen": ("info", N_("No finding was chosen.")),
    "findings-handled": ("good", N_("Done for %(count)s findings.")),
    "findings-none-fit": (
        "info",
        N_(
            "Nothing was changed: the step fits none of the chosen findings, or they are not yours to handle."
        ),
    ),
    "findings-not-handled": ("bad", N_("Nothing was changed: %(why)s")),
    "scan-done": ("good", N_("Scan finished: %(opened)s findings opened, %(resolved)s resolved.")),
    "plan-made": ("good", N_("The plan is made and saved.")),
    "plan-adjusted": ("good", N_("The line is changed and the totals are counted anew.")),
    "plan-undone": ("info", N_("The last adjustment is taken back.")),
    "plan-refused": ("bad", N_("Not done: %(why)s")),
    "plan-submitted": ("good", N_("The plan is submitted. Another person approves it.")),
    "plan-returned": ("info", N_("The plan is a draft again.")),
    "plan-approved": ("good", N_("The plan is approved. From now on it cannot be changed, only superseded.")),
    "plan-commented": ("good", N_("Your comment is kept with the plan.")),
    "progress-recorded": ("good", N_("Recorded. Planned against actual is counted anew.")),
    "plan-studied": ("good", N_("Computed and kept with the plan.")),
    "local-kept": ("good", N_("%(name)s is kept. The next scan follows it.")),
    "local-ended": ("info", N_("%(name)s is ended. The next scan follows it.")),
    "date-overridden": ("good", N_("The date is kept. The next scan follows it.")),
    "override-ended": ("info", N_("The catalogue's date, or that of an agency above, holds again.")),
    "models-told": (
        "good",
        N_("Hardware models: %(added)s added, %(changed)s changed, %(unchanged)s as before."),
    ),
    "update-applied": ("good", N_("The update is applied. The next scan brings the findings up to date.")),
    "update-gone": ("info", N_("This update was already applied or discarded, or waited too long.")),
    "update-discarded": ("info", N_("The update is discarded. The catalogue stays as it is.")),
    "asset-saved": ("good", N_("The asset is saved.")),
    "policy-saved": ("good", N_("Policy %(name)s holds from %(day)s on.")),
    "contract-saved": ("good", N_("The contract is recorded. The next scan takes it into account.")),
    "name-decided": ("good", N_("Decided. %(titles)s titles were matched again; the next scan follows.")),
    "proposals-accepted": (
        "good",
        N_("%(names)s proposals are accepted, %(titles)s titles were matched again; the next scan follows."),
    ),
    "decision-ended": ("info", N_("The decision is taken back. What holds without it holds again.")),
    "schedule-changed": ("good", N_("The schedule is changed.")),
    "run-cancelled": ("info", N_("The run was asked to stop. It does so at its next safe point.")),
    "run-over": ("info", N_("This run has ended already.")),
    "job-started": ("info", N_("The job was started. Reload this page to see how it goes.")),
}


@dataclass(frozen=True, slots=True)
class Flash:
    """A message of the request before: `secret` is shown in a field of its own, `items` as a list."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = None
    items: tuple[tuple[str, ...], ...] = ()


def redirect(url: str, flash: Flash | None = None, *, secure: bool = False) -> RedirectResponse:
    """Go to `url` after a form (303), with a message to show there."""
    response = RedirectResponse(url, status_code=303)
    if flash is not None:
        response.set_cookie(
            COOKIE, _pack(flash), max_age=60, httponly=True, samesite="lax", secure=secure, path="/"
        )
    return response


def _pack(flash: Flash) -> str:
    items = list(flash.items)
    while True:
        text = json.dumps([flash.code, dict(flash.values), flash.secret, items], separators=(",", ":"))
        packed = base64.urlsafe_b64encode(text.encode()).decode()
        # A cookie holds four thousand characters: a long list is cut, its full count is among the values.
        if len(packed) <= _MOST_CHARS or not items:
            return packed
        items = items[: len(items) * 2 // 3]


def read_flash(request: Request) -> Flash | None:
    """The message that the last answer left, None without one or when it is not one of ours."""
    packed = request.cookies.get(COOKIE)
    if not packed:
        return None
    try:
        code, values, secret, items = json.loads(base64.urlsafe_b64decode(packed))
        found = Flash(
            str(code),
            {str(key): str(value) for key, value in values.items()},
            None if secret is None else str(secret),
            tuple(tuple(str(part) for part in item) for item in items),
        )
    except (ValueError, TypeError, AttributeError):
        return None
    return found if found.code in MESSAGES else None


def forget_flash(response: Response) -> None:
    """Remove the message once it is shown."""
    response.delete_cookie(COOKIE, path="/")
