from django.urls import URLPattern, URLResolver, path

from nurture.views import behind, enrolments, letters, public, suppressions, tracks

app_name = "nurture"
urlpatterns: list[URLPattern | URLResolver] = [
    path("nurture/", tracks.overview, name="home"),
    path("nurture/starter/", tracks.adopt, name="adopt"),
    path("nurture/suppressed/", suppressions.suppressions, name="suppressions"),
    path("nurture/suppressed/<int:pk>/lift/", suppressions.lift, name="lift"),
    path("nurture/behind/<slug:figure>/", behind.behind, name="behind"),
    path("nurture/behind/<slug:figure>/csv/", behind.behind_csv, name="behind_csv"),
    path("nurture/letters/<int:pk>/", letters.letter, name="letter"),
    path("nurture/enrolments/<int:pk>/leave/", enrolments.leave, name="leave"),
    path("nurture/<int:pk>/", tracks.track, name="track"),
    path("nurture/<int:pk>/edit/", tracks.edit, name="edit"),
    path("nurture/<int:pk>/start/", tracks.start, name="start"),
    path("nurture/<int:pk>/pause/", tracks.pause, name="pause"),
    path("nurture/<int:pk>/preview/<int:position>/", tracks.preview, name="preview"),
    path("leads/<int:pk>/enrol/", enrolments.enrol, name="enrol"),
    # The links of e-mails; nurture.services.letters.address_of makes them.
    path("n/u/<str:token>/", public.unsubscribe_page, name="unsubscribe"),
    path("n/o/<str:token>/", public.offer_page, name="offer"),
]
