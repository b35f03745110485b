from django.urls import URLPattern, URLResolver, path

from scoring.api import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("leads/<int:pk>/score/", views.LeadScoreReceipt.as_view(), name="api-score"),
]
