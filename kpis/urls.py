from django.urls import path

from kpis.views import behind, dashboard, home, traffic

app_name = "kpis"
urlpatterns = [
    path("", home.home, name="home"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/csv/<slug:table>/", dashboard.table, name="table"),
    path("dashboard/behind/", behind.behind_figure, name="behind"),
    path("settings/visitors/", traffic.traffic, name="traffic"),
    path("dashboard/behind/csv/", behind.behind_csv, name="behind_csv"),
]
