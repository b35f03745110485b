from django.urls import URLPattern, URLResolver, path

from scoring import views

app_name = "scoring"
urlpatterns: list[URLPattern | URLResolver] = [
    path("leads/<int:lead_id>/score/", views.score_receipt, name="receipt"),
]
