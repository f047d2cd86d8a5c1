"""Commands about digests: what was sent, sending now, and addresses of agencies."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.identity.errors import Invalid
from tracker.lifecycle.models import Severity
from tracker.notifications import actions
from tracker.notifications.actions import NewSubscription
from tracker.notifications.models import Cadence
from tracker.notifications.queries import list_deliveries, list_subscriptions

notifications = typer.Typer(help="Digests of new and nearly due findings.", no_args_is_help=True)


@notifications.command()
@explained
def send(as_json: Json = False) -> None:
    """Send every digest that is due and has something to tell."""
    context = open_context()
    done = actions.send_digests(context.engine, context.settings, context.today, context.now)
    if not done.is_configured:
        raise Invalid("mail-unset", "no mail server is set: TRACKER_MAIL_HOST and TRACKER_MAIL_FROM")
    if as_json:
        print_json(done.to_json())
    say(f"{done.sent} sent, {done.failed} failed, {done.uncertain} uncertain, {done.quiet} quiet")
    for error in done.errors:
        say(error)


@notifications.command("list")
@explained
def list_sent() -> None:
    """Subscriptions of agencies, and the newest deliveries."""
    context = open_context()
    with reading(context.engine) as session:
        subscribed = list_subscriptions(session, context.principal)
        sent = list_deliveries(session, context.principal)
    print_table(
        ["number", "agency", "to", "cadence", "from severity"],
        ((one.id, one.agency, one.to, one.cadence, one.least_severity) for one in subscribed),
    )
    print_table(
        ["slot", "to", "state", "items", "attempt", "error"],
        ((one.slot, one.to, one.state, one.items, one.attempt, one.error) for one in sent),
    )


@notifications.command()
@explained
def add(
    agency: str,
    address: str,
    cadence: Annotated[Cadence, typer.Option(help="How often a digest may come.")] = Cadence.DAILY,
    severity: Annotated[Severity, typer.Option(help="The least severity that is told.")] = Severity.MEDIUM,
) -> None:
    """Send digests about an agency and all below it to an address."""
    context = open_context()
    if "@" not in address:
        raise typer.BadParameter("an e-mail address is needed", param_hint="ADDRESS")
    new = NewSubscription(agency=agency, address=address, cadence=cadence, least_severity=severity)
    with transaction(context.engine) as session:
        number = actions.subscribe(session, context.principal, new, context.today, context.now)
    say(f"subscription {number}")


@notifications.command()
@explained
def remove(number: int) -> None:
    """End a subscription of an agency."""
    context = open_context()
    with transaction(context.engine) as session:
        actions.unsubscribe(session, context.principal, number, context.now)
    say("ended")
