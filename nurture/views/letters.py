"""An e-mail as it was sent, for whoever looks after its reader."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from nurture.models import Delivery
from nurture.rules import without_links
from nurture.selectors.leads import state_words
from nurture.selectors.wording import label_of, subject_of


@requires(Capability.READ)
def letter(request: PortalRequest, pk: int) -> HttpResponse:
    """Its text but for its links: whoever opened one would act as the reader (law 10)."""
    deliveries = Delivery.objects.select_related(
        "message", "step", "enrolment__lead", "enrolment__track", "enrolment__revision"
    )
    delivery = get_object_or_404(deliveries, pk=pk)
    message = delivery.message
    context = {
        "delivery": delivery,
        "lead": delivery.enrolment.lead,
        "track": delivery.enrolment.track,
        "step": delivery.step,
        "subject": subject_of(delivery),
        "state": state_words(delivery),
        "text": without_links(
            message.text if message else "",
            offer=delivery.step.offer_url,
            unsubscribe=f"[{label_of('unsubscribe')}]",
        ),
        "now": timezone.now(),
    }
    return render(request, "nurture/letter.html", context)
