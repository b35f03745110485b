"""A form's fields and the summary of what is wrong with it."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)
CONTROL_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "form-check-input"),
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, ""),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)
"""The first that fits; RadioSelect is a kind of Select in Django, so order matters."""


def field(
    bound: BoundField, autofocus: bool = False, placeholder: str = "", suffix: str = ""
) -> dict[str, Any]:
    """One field: label above, help below, error beside. `suffix` is a unit after the control ("hours")."""
    widget = bound.field.widget
    described = [f"{bound.auto_id}_help"] if bound.help_text else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    attrs: dict[str, str | bool] = {"class": _classes(widget)}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if autofocus:
        attrs["autofocus"] = True
    if placeholder:
        attrs["placeholder"] = placeholder
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "id": bound.auto_id,
        "kind": _kind(widget),
        "suffix": suffix,
        "optional": not bound.field.required and _kind(widget) != "check",
    }


def _kind(widget: forms.Widget) -> str:
    """How a field is laid out: one control on a line, a box before its words, or a group of choices."""
    if isinstance(widget, GROUPS):
        return "group"
    return "check" if isinstance(widget, forms.CheckboxInput) else "line"


def _classes(widget: forms.Widget) -> str:
    ours = next(classes for kind, classes in CONTROL_CLASSES if isinstance(widget, kind))
    return f"{ours} {widget.attrs.get('class', '')}".strip()


def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """Everything wrong with the form, first what belongs to no field; each links to its field."""
    wrong = [{"label": "", "target": "", "text": text} for text in form.non_field_errors()]
    for bound in form.hidden_fields():
        wrong += [{"label": bound.label, "target": "", "text": text} for text in bound.errors]
    for bound in form.visible_fields():
        is_group = isinstance(bound.field.widget, GROUPS)
        target = f"{bound.auto_id}_0" if is_group else bound.id_for_label
        wrong += [{"label": bound.label, "target": target, "text": text} for text in bound.errors]
    return {"wrong": wrong, "count": len(wrong)}
