"""The receipt of a score as the REST API says it."""

from typing import Any

from rest_framework import serializers

from leads.stages import Stage
from scoring import wording
from scoring.models import Dimension
from scoring.receipts import Line, Receipt, Requirement
from scoring.rules import InterestRule


class VersionSerializer(serializers.Serializer[Any]):
    agreement = serializers.CharField(help_text="Slug of the agreement.")
    number = serializers.IntegerField()


class RuleSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Key of the clause.")
    reference = serializers.CharField(help_text="Its number in the document, such as 3.7.")
    title = serializers.CharField()
    dimension = serializers.ChoiceField(choices=Dimension.choices)
    points = serializers.FloatField(help_text="What the rule gives now, after decay and cap.")
    met = serializers.BooleanField()
    how = serializers.CharField(help_text="How the points come about, in words.")
    activities = serializers.IntegerField(allow_null=True, help_text="Number of them; null for fit.")
    points_each = serializers.IntegerField()
    points_after_decay = serializers.FloatField(allow_null=True, help_text="Before the cap; null for fit.")
    half_life_days = serializers.IntegerField(allow_null=True)
    cap = serializers.IntegerField(allow_null=True)
    latest_at = serializers.DateTimeField(allow_null=True)


class WaySerializer(serializers.Serializer[Any]):
    grade = serializers.CharField()
    fit = serializers.IntegerField(help_text="Points of fit more.")
    interest = serializers.IntegerField(help_text="Points of interest more.")


class RequirementSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    reference = serializers.CharField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    grades = serializers.ListField(child=serializers.CharField())
    met = serializers.BooleanField()
    excluded_because = serializers.ListField(child=serializers.CharField())
    ways = WaySerializer(many=True)
    words = serializers.CharField()


class NextSerializer(serializers.Serializer[Any]):
    step = serializers.CharField(help_text="The letter or digit.")
    points = serializers.IntegerField(help_text="Points more that it takes.")


class ReceiptSerializer(serializers.Serializer[Any]):
    lead = serializers.CharField()
    at = serializers.DateTimeField(help_text="The instant the points are of: now.")
    version = VersionSerializer()
    fit = serializers.IntegerField()
    interest = serializers.IntegerField()
    grade = serializers.CharField(help_text="Letter for fit, digit for interest.")
    qualifies = serializers.BooleanField(help_text="For MQL.")
    decays = serializers.BooleanField(help_text="Whether time alone will change it.")
    next_letter = NextSerializer(allow_null=True)
    next_digit = NextSerializer(allow_null=True)
    rules = RuleSerializer(many=True)
    qualifications = RequirementSerializer(many=True)
    words = serializers.CharField(help_text="Whether it qualifies for MQL, or what is missing.")


def present(receipt: Receipt) -> dict[str, Any]:
    """A receipt in the shape of `ReceiptSerializer`."""
    score = receipt.score
    return {
        "lead": str(receipt.lead_id),
        "at": receipt.at,
        "version": {"agreement": receipt.version.agreement.slug, "number": receipt.version.number},
        "fit": score.fit,
        "interest": score.interest,
        "grade": score.grade,
        "qualifies": any(each.is_met for each in receipt.requirements if each.stage == Stage.MQL),
        "decays": score.decays,
        "next_letter": receipt.fit.next_step
        and {"step": receipt.fit.next_step.label, "points": receipt.fit.missing},
        "next_digit": receipt.interest.next_step
        and {"step": receipt.interest.next_step.label, "points": receipt.interest.missing},
        "rules": [_rule(line) for line in (*receipt.fit.lines, *receipt.interest.lines)],
        "qualifications": [_requirement(each, score.grade) for each in receipt.requirements],
        "words": wording.say_headline(receipt),
    }


def _rule(line: Line) -> dict[str, Any]:
    rule = line.rule
    of_interest = isinstance(rule, InterestRule)
    return {
        "key": line.clause.key,
        "reference": line.clause.reference,
        "title": line.clause.title,
        "dimension": line.dimension,
        "points": round(line.points, 2),
        "met": line.is_met,
        "how": wording.say_line(line),
        "activities": line.tally.count if of_interest else None,
        "points_each": rule.points,
        "points_after_decay": round(line.tally.decayed, 2) if of_interest else None,
        "half_life_days": rule.half_life_days if isinstance(rule, InterestRule) else None,
        "cap": rule.cap if isinstance(rule, InterestRule) else None,
        "latest_at": line.latest_at,
    }


def _requirement(asked: Requirement, grade: str) -> dict[str, Any]:
    return {
        "key": asked.clause.key,
        "reference": asked.clause.reference,
        "stage": asked.stage,
        "grades": asked.grades,
        "met": asked.is_met,
        "excluded_because": asked.excluded_by,
        "ways": [{"grade": way.grade, "fit": way.fit, "interest": way.interest} for way in asked.ways],
        "words": wording.say_requirement(asked, grade),
    }
