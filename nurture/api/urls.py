from rest_framework.routers import SimpleRouter

from nurture.api import views

router = SimpleRouter()
router.register("nurture/tracks", views.Tracks, basename="api-tracks")
router.register("nurture/enrolments", views.Enrolments, basename="api-enrolments")
urlpatterns = router.urls
