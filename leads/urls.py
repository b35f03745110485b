from django.urls import URLPattern, URLResolver, include, path

from leads.views import detail, editing, listing

app_name = "leads"
urlpatterns: list[URLPattern | URLResolver] = [
    path("leads/", listing.leads_list, name="list"),
    path("leads/export.csv", listing.export, name="export"),
    path("leads/new/", editing.create, name="new"),
    path("leads/<int:pk>/", detail.lead_detail, name="detail"),
    path("leads/<int:pk>/edit/", editing.edit, name="edit"),
    path("", include("leads.imports_urls")),
]
