"""The router of the REST API: every app brings its own endpoints."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from sla_portal.api_docs import ApiDocs

urlpatterns = [
    path(
        "schema/", SpectacularAPIView.as_view(permission_classes=[], authentication_classes=[]), name="schema"
    ),
    path("docs/", ApiDocs.as_view(), name="api-docs"),
    path("", include("leads.api.urls")),
    path("", include("scoring.api.urls")),
    path("", include("handoffs.api.urls")),
    path("", include("kpis.api.urls")),
    path("", include("nurture.api.urls")),
]
