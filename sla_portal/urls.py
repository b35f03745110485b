"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path

from sla_portal import views
from sla_portal.palette import palette
from sla_portal.styleguide import styleguide

handler404 = "sla_portal.views.not_found"
handler500 = "sla_portal.views.failed"

urlpatterns = [
    path("start/", views.start, name="start"),
    path("palette/", palette, name="palette"),
    path("settings/", views.settings_home, name="settings"),
    path("settings/health/", views.health, name="health"),
    path("styleguide/", styleguide, name="styleguide"),
    path("health/", views.alive, name="alive"),
    path("", include("accounts.entrance_urls")),
    path("", include("accounts.urls")),
    path("", include("outbox.urls")),
    path("", include("agreements.urls")),
    path("", include("leads.urls")),
    path("", include("scoring.urls")),
    path("", include("handoffs.urls")),
    path("", include("kpis.urls")),
    path("", include("nurture.urls")),
    path("api/v1/", include("sla_portal.api")),
    path("metrics/", views.metrics, name="metrics"),
    path("admin/login/", views.admin_login),
    path("admin/", admin.site.urls),
]
