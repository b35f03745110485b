"""What pages say of scores; the words are `scoring.wording`'s."""

from django import template

from scoring import wording

register = template.Library()

register.filter("points", wording.say_points)
register.filter("signed", wording.say_signed)
register.filter("how", wording.say_line)
register.filter("total", wording.say_total)
register.filter("to_next", wording.say_next)
register.filter("headline", wording.say_headline)
register.filter("ahead", wording.say_ahead)
register.filter("lag", wording.say_lag)
register.filter("requirement", wording.say_requirement)
