"""REST clients authenticate with `Authorization: Token …`."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import ApiToken, User
from accounts.selectors import find_token
from accounts.services import note_token_use


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox's header and tokens, found by their digest in one query; a token is noted as used once a minute.

    Answers 401 that says why: unknown, revoked, expired, or its person may not log in.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        now = timezone.now()
        found = find_token(token.decode(errors="replace"))
        if found is None:
            raise AuthenticationFailed(_("There is no such token. Settings, API tokens makes one."))
        if found.revoked_at is not None:
            raise AuthenticationFailed(_("This token was revoked. Settings, API tokens makes a new one."))
        if not found.is_usable(now=now):
            raise AuthenticationFailed(_("This token has expired. Settings, API tokens makes a new one."))
        if not found.user.is_active:
            raise AuthenticationFailed(_("The person this token acts for may not log in any more."))
        note_token_use(token=found, now=now)
        return found.user, found


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the token is described in the OpenAPI schema."""

    target_class = "accounts.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return build_bearer_security_scheme_object(header_name="Authorization", token_prefix="Token")
