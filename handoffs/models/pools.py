"""Who gets handoffs: operational, not part of the signed document."""

import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import BusinessCalendar


@pghistory.track()
class Pool(models.Model):
    """Reps who share incoming handoffs. Triggers name it by slug; what nobody can take waits for its manager."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=80)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("manager"),
        on_delete=models.PROTECT,
        related_name="managed_pools",
    )
    calendar = models.ForeignKey(
        BusinessCalendar,
        verbose_name=_("working calendar"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: the agreement’s."),
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("pool")
        verbose_name_plural = _("pools")

    def __str__(self) -> str:
        return self.name


@pghistory.track(exclude=["credit"])
class PoolMember(models.Model):
    """A rep's share of a pool: `weight` relative to the others, at most `capacity` open handoffs at a time.

    `credit` is the state of the smooth weighted round robin (`handoffs.rules.take_turns`).
    """

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pool_memberships"
    )
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    capacity = models.PositiveSmallIntegerField(_("capacity"), default=30)
    is_active = models.BooleanField(_("takes handoffs"), default=True)
    calendar = models.ForeignKey(
        BusinessCalendar,
        verbose_name=_("working calendar"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: the pool’s."),
    )
    credit = models.IntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("pool member")
        verbose_name_plural = _("pool members")
        constraints = [
            models.UniqueConstraint(fields=["pool", "user"], name="once_in_a_pool"),
            models.CheckConstraint(condition=models.Q(weight__gte=1), name="weight_of_one_at_least"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.pool}"


@pghistory.track()
class TimeOff(models.Model):
    """A person gets no new handoffs from `starts_at` until before `ends_at`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        ordering = ["starts_at"]
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="time_off_ends_after_it_starts"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.starts_at:%Y-%m-%d} – {self.ends_at:%Y-%m-%d}"
