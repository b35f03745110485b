from django.urls import path

from leads.api import views

urlpatterns = [
    path("leads/", views.LeadList.as_view(), name="api-leads"),
    path("leads/upsert/", views.UpsertLeads.as_view(), name="api-upsert-leads"),
    path("leads/<int:pk>/", views.LeadDetail.as_view(), name="api-lead"),
    path("leads/<int:pk>/timeline/", views.LeadTimeline.as_view(), name="api-timeline"),
    path("activities/", views.AppendActivities.as_view(), name="api-activities"),
]
