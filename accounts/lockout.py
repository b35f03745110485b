"""Whom django-axes counts failed log-ins for."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.rules import normal_email


def username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The address as it is kept, so that spelling it in another case is not another person."""
    typed = (credentials or {}).get("username") or request.POST.get("username") or ""
    return normal_email(str(typed))


def address(request: HttpRequest) -> str | None:
    """The client's IP address: the peer's, or behind TRUSTED_PROXIES proxies what the outermost of them saw.

    Every proxy appends its peer to X-Forwarded-For; what stands left of that the client may have invented.
    """
    proxies: int = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if proxies and len(forwarded) >= proxies and forwarded[-proxies]:
        return forwarded[-proxies]
    return request.META.get("REMOTE_ADDR") or None
