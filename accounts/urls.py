"""People, teams, tokens and one's own account: all under Settings."""

from django.urls import path

from accounts.views import people, profile, teams, tokens

app_name = "accounts"
urlpatterns = [
    path("settings/people/", people.people_list, name="people"),
    path("settings/people/new/", people.create, name="person_new"),
    path("settings/people/<int:pk>/", people.edit, name="person"),
    path("settings/people/<int:pk>/deactivate/", people.deactivate, name="person_deactivate"),
    path("settings/people/<int:pk>/reactivate/", people.reactivate, name="person_reactivate"),
    path("settings/people/<int:pk>/password-link/", people.new_password_link, name="person_password_link"),
    path("settings/teams/", teams.teams_list, name="teams"),
    path("settings/teams/new/", teams.create, name="team_new"),
    path("settings/teams/<int:pk>/", teams.edit, name="team"),
    path("settings/teams/<int:pk>/delete/", teams.delete, name="team_delete"),
    path("settings/tokens/", tokens.tokens_list, name="tokens"),
    path("settings/tokens/<slug:token_key>/revoke/", tokens.revoke, name="token_revoke"),
    path("settings/profile/", profile.edit, name="profile"),
    path("settings/profile/password/", profile.change_password, name="password"),
    path("settings/profile/sessions/", profile.end_other_sessions, name="end_sessions"),
]
