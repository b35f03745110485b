"""The rules of lead qualification as clauses, and the scores they give."""

from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import Clause, Component, Version
from leads.models import APPEND_ONLY, Lead
from leads.stages import Stage


class Dimension(models.TextChoices):
    FIT = "fit", _("Fit")
    INTEREST = "interest", _("Interest")


class ScoringRule(Clause):
    """Points for who a lead is (fit: conditions on it) or for what it did (interest: activities of a type).

    An interest rule gives `points` for each matching activity, halved every `half_life_days`, at most `cap`
    in all. Negative points lower the score; their cap is the most they take away, as a positive number.
    """

    component = Component.QUALIFICATION

    dimension = models.CharField(max_length=10, choices=Dimension)
    points = models.SmallIntegerField()
    conditions = models.JSONField(
        default=list, blank=True, help_text=_("All must hold: on the lead, or on the activity’s payload.")
    )
    activity_type = models.SlugField(max_length=60, blank=True, help_text=_("Interest only."))
    half_life_days = models.PositiveSmallIntegerField(null=True, blank=True)
    cap = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta(Clause.Meta):
        constraints = [
            *Clause.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(dimension=Dimension.FIT, activity_type="", half_life_days=None, cap=None)
                | (models.Q(dimension=Dimension.INTEREST) & ~models.Q(activity_type="")),
                name="rule_fits_its_dimension",
            ),
            models.CheckConstraint(condition=~models.Q(points=0), name="rule_gives_points"),
        ]

    def clean(self) -> None:
        is_fit = self.dimension == Dimension.FIT
        errors = {}
        if self.points == 0:
            errors["points"] = _("A rule gives points or takes them away.")
        if not is_fit and not self.activity_type:
            errors["activity_type"] = _("Name the activity that shows interest.")
        for name in ("activity_type", "half_life_days", "cap") if is_fit else ():
            if getattr(self, name) not in ("", None):
                errors[name] = _("Only a rule of interest has this.")
        if errors:
            raise ValidationError(errors)


class ScoreRange(Clause):
    """Least and most a dimension's score can be."""

    component = Component.QUALIFICATION

    dimension = models.CharField(max_length=10, choices=Dimension)
    minimum = models.SmallIntegerField(default=0)
    maximum = models.SmallIntegerField(default=100)

    class Meta(Clause.Meta):
        constraints = [
            *Clause.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(maximum__gt=models.F("minimum")), name="range_is_a_range"
            ),
        ]


class Grade(Clause):
    """A row (A–D, by fit) or column (1–4, by interest) of the grade matrix: label and least score."""

    component = Component.QUALIFICATION

    dimension = models.CharField(max_length=10, choices=Dimension)
    label = models.CharField(max_length=1)
    at_least = models.SmallIntegerField()

    class Meta(Clause.Meta):
        constraints = [
            *Clause.Meta.constraints,
            models.UniqueConstraint(fields=["version", "dimension", "label"], name="one_grade_per_label"),
        ]


class Qualification(Clause):
    """Which cells of the matrix qualify a lead for a stage, and what excludes it all the same."""

    component = Component.QUALIFICATION
    joined_by = {"grades": "or", "unless": "or"}

    stage = models.CharField(max_length=12, choices=Stage)
    grades = models.JSONField(default=list, help_text=_('Cells such as ["A1", "A2", "B1"].'))
    unless = models.JSONField(
        default=list, blank=True, help_text=_("A lead that meets any of these is excluded.")
    )


class LeadScore(models.Model):
    """A lead's score now, written by `scoring.services.rescore` alone.

    Points are whole numbers; `qualifies` is for MQL; `decays` says that time alone will change it.
    `scored_at` is when the score last changed or was last found unchanged by the sweep. The version has no
    foreign key in the database: checking it would lock the one active version's row for every lead
    (docs/decisions/0004-scoring-in-sql.md).
    """

    lead = models.OneToOneField(Lead, primary_key=True, on_delete=models.CASCADE, related_name="score")
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    fit = models.SmallIntegerField(default=0)
    interest = models.SmallIntegerField(default=0)
    grade = models.CharField(max_length=2, blank=True, help_text=_("Such as B2."))
    qualifies = models.BooleanField(default=False)
    decays = models.BooleanField(default=False)
    scored_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["grade"], name="score_by_grade")]

    def __str__(self) -> str:
        return f"{self.grade} · {self.fit} + {self.interest}"


class ScoreChangeQuerySet(models.QuerySet["ScoreChange"]):
    def told(self) -> Self:
        """Those that people are told of: another grade, or it qualifies now, or no longer."""
        return self.exclude(grade=models.F("grade_before"), qualifies=models.F("qualified_before"))


class ScoreChange(models.Model):
    """A score changed. Append-only, with what explains it under its version.

    receipt: `{"fit": [keys of the rules met], "interest": {rule key: points after decay, before the cap},
    "excluded": [keys of the qualifications that shut the lead out]}`. Without a version, the lead's
    agreement has none in force any more and the score was taken away.
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="score_changes", db_index=False)
    at = models.DateTimeField()
    version = models.ForeignKey(
        Version, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    fit_before = models.SmallIntegerField()
    interest_before = models.SmallIntegerField()
    grade_before = models.CharField(max_length=2, blank=True)
    qualified_before = models.BooleanField()
    fit = models.SmallIntegerField()
    interest = models.SmallIntegerField()
    grade = models.CharField(max_length=2, blank=True)
    qualifies = models.BooleanField()
    receipt = models.JSONField()

    objects = ScoreChangeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["lead", "at"], name="score_change_of_lead")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.grade_before} → {self.grade}"
