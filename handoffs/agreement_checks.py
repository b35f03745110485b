"""What an agreement must say of handoffs so that it runs; registered with `agreements.document.checks`."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from agreements.document import Document, Problem
from handoffs.models import Cadence, CadenceStep, HandoffTrigger, ReturnReason
from leads.conditions import ATTRIBUTES, LEAD_FIELDS


def check_handoffs(document: Document) -> Iterator[Problem]:
    """Information that leads have, cadences that can be worked, reasons whose conditions can be met."""
    for trigger in document.of(HandoffTrigger):
        yield from check_information(trigger)
    for cadence in document.of(Cadence):
        steps = [step for step in document.of(CadenceStep) if step.cadence == cadence.key]
        yield from check_cadence(cadence, steps)
    for reason in document.of(ReturnReason):
        if reason.needs_attempts and reason.act != ReturnReason.Act.RETURN:
            message = _("only a return can ask for the attempts first")
            yield Problem(reason.key, "needs_attempts", message)
        if reason.stops_contact and reason.act != ReturnReason.Act.DISQUALIFY:
            message = _("only a disqualification can stop every contact")
            yield Problem(reason.key, "stops_contact", message)


def check_information(trigger: HandoffTrigger) -> Iterator[Problem]:
    for name in trigger.required_information:
        if name not in LEAD_FIELDS and not str(name).startswith(ATTRIBUTES):
            message = _("a lead has no field “%(field)s”") % {"field": name}
            yield Problem(trigger.key, "required_information", message)


def check_cadence(cadence: Cadence, steps: list[CadenceStep]) -> Iterator[Problem]:
    """As many steps as the minimum of attempts; all but the first say how long after the one before."""
    if len(steps) < max(cadence.minimum_attempts, 1):
        message = _("the cadence has %(steps)s steps, fewer than the attempts it asks for")
        yield Problem(cadence.key, "minimum_attempts", message % {"steps": len(steps)})
    for number, step in enumerate(steps):
        if number == 0 and step.within is not None:
            message = _("the first step’s time is the response policy’s: leave it out here")
            yield Problem(step.key, "within", message)
        if number > 0 and step.within is None:
            yield Problem(step.key, "within", _("say how long after the attempt before"))
