from django.urls import path

from kpis.api import views

urlpatterns = [
    path("kpis/", views.Kpis.as_view(), name="api-kpis"),
    path("kpis/behind/", views.Behind.as_view(), name="api-kpis-behind"),
    path("traffic/", views.Traffic.as_view(), name="api-traffic"),
]
