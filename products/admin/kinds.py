"""Kinds of products and their questions, edited without touching JSON."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from products.models import KindField, ProductKind
from secretariat import persian
from secretariat.admin.access import ForOfficers
from secretariat.refusals import why_too_long
from secretariat.templatetags.portal_text import num


class ChoicesField(forms.CharField):
    """The choices of a question, one a line: code | Persian | English."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 40, "dir": "auto"})

    def prepare_value(self, value):
        """Write the stored choices as lines; give typed text back as it was typed."""
        if not isinstance(value, list):
            return value
        return "\n".join(f"{option['value']} | {option['fa']} | {option['en']}" for option in value)

    def to_python(self, value):
        """Read the lines."""
        rows, typed = [], super().to_python(value) or ""
        if told := why_too_long(typed):
            raise ValidationError(told)
        for line in typed.splitlines():
            if not line.strip():
                continue
            parts = [persian.canonical(part) for part in line.split("|")]
            if len(parts) != 3 or not all(parts):
                raise ValidationError(_("Write each choice as: code | Persian | English."))
            if parts[0] in {row["value"] for row in rows}:
                raise ValidationError(_("The code “%(code)s” stands twice.") % {"code": parts[0]})
            rows.append({"value": parts[0], "fa": parts[1], "en": parts[2]})
        return rows


class QuestionForm(forms.ModelForm):
    """One question of a kind."""

    choices = ChoicesField(
        label=gettext_lazy("choices"),
        required=False,
        help_text=gettext_lazy("Only for the type “choice”: one a line, code | Persian | English."),
    )

    class Meta:
        model = KindField
        fields = ["position", "key", "label_fa", "label_en", "help_fa", "help_en", "type", "choices", "required", "names_maker"]

    def clean(self):
        cleaned = super().clean()
        wanted, choices = cleaned.get("type") == KindField.Type.CHOICE, cleaned.get("choices")
        if wanted and not choices and "choices" not in self.errors:
            self.add_error("choices", _("A question with choices needs at least one."))
        if not wanted:
            cleaned["choices"] = []
        return cleaned


class QuestionInline(admin.StackedInline):
    """The questions of a kind; whoever may edit the kind may edit them."""

    model = KindField
    form = QuestionForm
    extra = 0

    def has_view_permission(self, request, obj=None):
        return True

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission

    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("position", "key", "type"), ("label_fa", "label_en"), ("help_fa", "help_en"), "choices", ("required", "names_maker"),
                ]
            },
        )
    ]  # fmt: skip


@admin.register(ProductKind)
class ProductKindAdmin(ForOfficers):
    """What can be submitted, by which set it is judged, and what is asked about it.

    Answers already handed in keep their own labels, so a question may be reworded or taken out at any time.
    """

    list_display = ["__str__", "group", "indicator_set", "question_count", "is_active"]
    list_filter = ["group", "is_active"]
    search_fields = ["title_fa", "title_en", "code"]
    inlines = [QuestionInline]
    fieldsets = [
        (None, {"fields": [("title_fa", "title_en"), ("intro_fa", "intro_en"), ("group", "code"), "indicator_set", "is_active"]})
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("indicator_set").annotate(questions=Count("fields"))

    @admin.display(description=gettext_lazy("questions"), ordering="questions")
    def question_count(self, kind):
        """How many questions are asked."""
        return num(kind.questions)

    def get_readonly_fields(self, request, obj=None):
        """The code is written into every submission: it is given once."""
        return ["code"] if obj else []

    def has_delete_permission(self, request, obj=None):
        """A kind that was ever used is closed, not deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.products.exists())
