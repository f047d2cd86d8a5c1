"""The one place where a query is limited to what its principal may see; it fails closed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from tracker.db import table_of
from tracker.identity.models import Agency
from tracker.identity.schemas import Scope

_agency = table_of(Agency)


def limit(column: Any, scope: Scope) -> ColumnElement[bool]:
    """SQL condition: `column` (an agency_id) is inside `scope`. An empty scope is false."""
    if scope.is_empty:
        return false()
    if scope.is_everything:
        return true()
    return column.in_(select(_agency.c.id).where(in_paths(scope)))  # type: ignore[no-any-return]


def in_paths(scope: Scope) -> ColumnElement[bool]:
    """SQL condition on the agency table itself: the row's path is inside `scope`."""
    if scope.is_empty:
        return false()
    return or_(*(and_(_agency.c.path >= low, _agency.c.path < high) for low, high in scope.ranges))
