from rest_framework.routers import SimpleRouter

from handoffs.api import views

router = SimpleRouter()
router.register("handoffs", views.Handoffs, basename="api-handoffs")
router.register("deadlines", views.Deadlines, basename="api-deadlines")
router.register("breaches", views.Breaches, basename="api-breaches")
urlpatterns = router.urls
