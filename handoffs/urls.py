from django.urls import URLPattern, URLResolver, path

from handoffs.views import acts, board, deals, pools, queue

app_name = "handoffs"
urlpatterns: list[URLPattern | URLResolver] = [
    path("queue/", queue.queue, name="queue"),
    path("handoffs/<int:pk>/pane/", queue.pane, name="pane"),
    path("handoffs/<int:pk>/dispute/", board.dispute, name="dispute"),
    path("handoffs/<int:pk>/ruling/", board.rule, name="rule"),
    path("handoffs/reassign/", board.reassign, name="reassign"),
    path("breaches/<int:pk>/waive/", board.waive, name="waive"),
    path("handoffs/<int:pk>/wake/", acts.wake, name="wake"),
    path("handoffs/<int:pk>/<slug:name>/", acts.act, name="act"),
    path("leads/<int:pk>/hand-off/", deals.hand_off, name="hand_off"),
    path("leads/<int:pk>/deal/<slug:name>/", deals.deal, name="deal"),
    path("board/", board.board, name="board"),
    path("settings/pools/", pools.pools, name="pools"),
    path("settings/pools/new/", pools.create, name="pool_new"),
    path("settings/pools/<int:pk>/", pools.pool, name="pool"),
    path("settings/pools/<int:pk>/members/new/", pools.member_new, name="pool_member_new"),
    path("settings/pools/<int:pk>/members/<int:user_pk>/", pools.member, name="pool_member"),
    path(
        "settings/pools/<int:pk>/members/<int:user_pk>/remove/",
        pools.member_remove,
        name="pool_member_remove",
    ),
    path("settings/time-off/", pools.time_off, name="time_off"),
    path("settings/time-off/<int:pk>/remove/", pools.time_off_remove, name="time_off_remove"),
]
