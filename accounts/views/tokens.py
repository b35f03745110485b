"""Settings: the tokens other systems call with."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import selectors, services
from accounts.forms import TokenForm
from accounts.models import ApiToken
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability


@requires(Capability.ADMINISTER)
@never_cache
def tokens_list(request: PortalRequest) -> HttpResponse:
    """The list, and the form that adds to it.

    A new token's plain text is in the answer to the form and nowhere else; htmx swaps it in, so that loading
    the page again does not send the form again.
    """
    form = TokenForm(request.POST or None)
    plain = ""
    status = 200
    if request.method == "POST":
        plain = _create(request, form)
        form, status = (TokenForm(), 200) if plain else (form, 422)
    now = timezone.now()
    at_work = request.GET.get("state") != "ended"
    context = {
        "form": form,
        "plain": plain,
        "tokens": selectors.tokens(now=now, usable=at_work),
        "at_work": at_work,
        "now": now,
    }
    template = "accounts/_tokens.html" if request.headers.get("HX-Request") else "accounts/tokens.html"
    return render(request, template, context, status=status)


@requires(Capability.ADMINISTER)
@require_POST
def revoke(request: PortalRequest, token_key: str) -> HttpResponse:
    token = get_object_or_404(ApiToken, token_key=token_key)
    services.revoke_api_token(token=token, now=timezone.now(), actor=request.user)
    messages.success(
        request, _("Revoked %(name)s. Whoever calls with it is refused from now on.") % {"name": token}
    )
    return redirect("accounts:tokens")


def _create(request: PortalRequest, form: TokenForm) -> str:
    if not form.is_valid():
        return ""
    try:
        _token, plain = services.create_api_token(
            user=form.cleaned_data["user"],
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
            now=timezone.now(),
            actor=request.user,
        )
    except services.ExpiryRefused as refusal:
        form.add_error("expires_on", str(refusal))
        return ""
    except services.TokenRefused as refusal:
        form.add_error(None, str(refusal))
        return ""
    return plain
