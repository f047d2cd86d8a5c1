"""Which role may do what: data, and the pure functions over it."""

from __future__ import annotations

from enum import StrEnum

from tracker.identity.models import Role


class Permission(StrEnum):
    """What can be allowed."""

    VIEW = "view"
    IMPORT = "import"
    MANAGE_ASSETS = "manage-assets"
    MANAGE_FINDINGS = "manage-findings"
    WAIVE = "waive"
    SCAN = "scan"
    PLAN = "plan"
    APPROVE = "approve"
    ADMIN = "admin"
    AUDIT = "audit"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.IT_MANAGER: frozenset(
        {
            Permission.VIEW,
            Permission.IMPORT,
            Permission.MANAGE_ASSETS,
            Permission.MANAGE_FINDINGS,
            Permission.SCAN,
            Permission.APPROVE,
        }
    ),
    Role.BUDGET_OFFICER: frozenset({Permission.VIEW, Permission.PLAN}),
    Role.UPLOADER: frozenset({Permission.VIEW, Permission.IMPORT}),
    Role.AUDITOR: frozenset({Permission.VIEW, Permission.AUDIT}),
}


def roles_with(permission: Permission) -> frozenset[Role]:
    """The roles that allow `permission`."""
    return frozenset(role for role, allowed in PERMISSIONS.items() if permission in allowed)


def subtree_range(path: str) -> tuple[str, str]:
    """The half-open range of paths at or below `path`: '/1/5/' → ('/1/5/', '/1/50').

    Paths end in '/', and '0' is the byte after '/': every longer path falls inside, no sibling does.
    """
    if not path.startswith("/") or not path.endswith("/"):
        raise ValueError(f"not an agency path: {path!r}")
    return path, path[:-1] + "0"


def merge_ranges(paths: list[str]) -> tuple[tuple[str, str], ...]:
    """Ranges of `paths` without those that another one covers, in order."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not (kept and path.startswith(kept[-1])):
            kept.append(path)
    return tuple(subtree_range(path) for path in kept)
