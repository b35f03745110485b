"""Addresses of the import of files."""

from django.urls import URLPattern, URLResolver, path

from leads.views import imports

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/imports/", imports.import_list, name="imports"),
    path("settings/imports/<int:pk>/", imports.import_detail, name="import"),
    path("settings/imports/<int:pk>/columns/", imports.import_columns, name="import_columns"),
    path("settings/imports/<int:pk>/read-again/", imports.import_read_again, name="import_read_again"),
    path("settings/imports/<int:pk>/check/", imports.import_check, name="import_check"),
    path("settings/imports/<int:pk>/start/", imports.import_start, name="import_start"),
    path("settings/imports/<int:pk>/progress/", imports.import_progress, name="import_progress"),
    path("settings/imports/<int:pk>/stop/", imports.import_stop, name="import_stop"),
    path("settings/imports/<int:pk>/go-on/", imports.import_go_on, name="import_go_on"),
    path("settings/imports/<int:pk>/errors.csv", imports.import_errors, name="import_errors"),
]
