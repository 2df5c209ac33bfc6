"""Scales and indicator sets in the administration; versions are built in the editor of the portal."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assessments.models import IndicatorSet, Scale, SetVersion
from secretariat import persian
from secretariat.admin.access import TYPED
from secretariat.fields import CanonicalCharField, NumberFormField
from secretariat.persian import Refused
from secretariat.templatetags.portal_text import num


class ScaleForm(forms.ModelForm):
    """A scale with its anchors as lines of words."""

    minimum = NumberFormField(label=_("least"), max_digits=12, decimal_places=4)
    maximum = NumberFormField(
        label=_("most"),
        max_digits=12,
        decimal_places=4,
        required=False,
        help_text=_("Only a ratio to a target has no upper bound."),
    )
    step = NumberFormField(label=_("step"), max_digits=12, decimal_places=4, min_value=0)
    words = CanonicalCharField(
        label=_("words of the levels"),
        required=False,
        widget=forms.Textarea({"rows": 6, "dir": "auto"}),
        help_text=_("One level a line: value | Persian | English, for example: 1 | ناکافی | inadequate"),
    )

    class Meta:
        model = Scale
        fields = ["code", "name_fa", "name_en", "kind", "minimum", "maximum", "step"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A scale in use is shown and not edited: then the fields are not there.
        if "words" in self.fields:
            self.fields["words"].initial = anchor_lines(self.instance.anchors)

    def clean_words(self):
        """Read the lines into anchors in rising order."""
        anchors = []
        for line in self.cleaned_data["words"].splitlines():
            if not line.strip():
                continue
            parts = [part.strip() for part in line.split("|")]
            try:
                value = persian.parse_number(parts[0])
            except Refused:
                value = None
            if value is None or len(parts) != 3 or not all(parts):
                raise ValidationError(
                    gettext("Write each line as value | Persian | English; look at “%(line)s”.") % {"line": line}
                )
            value = int(value) if value == int(value) else float(value)
            anchors.append({"value": value, "fa": parts[1], "en": parts[2]})
        return sorted(anchors, key=lambda anchor: anchor["value"])

    def clean(self):
        """Say in words what the database would refuse."""
        cleaned = super().clean()
        least, most, kind = cleaned.get("minimum"), cleaned.get("maximum"), cleaned.get("kind")
        if kind == Scale.Kind.RATIO and most is not None:
            self.add_error("maximum", _("A ratio to a target has no upper bound: leave this empty."))
        elif kind and kind != Scale.Kind.RATIO and (most is None or (least is not None and most <= least)):
            self.add_error("maximum", _("The most must be above the least."))
        if cleaned.get("step") == 0:
            self.add_error("step", _("The step must be above zero."))
        self.instance.anchors = cleaned.get("words", self.instance.anchors)
        return cleaned


def anchor_lines(anchors):
    """Anchors as people write them."""
    return "\n".join(f"{anchor['value']} | {anchor['fa']} | {anchor['en']}" for anchor in anchors)


@admin.register(Scale)
class ScaleAdmin(admin.ModelAdmin):
    form = ScaleForm
    list_display = ["name", "code", "kind", "bounds"]
    list_filter = ["kind"]
    search_fields = ["code", "name_fa", "name_en"]
    fields = ["code", "name_fa", "name_en", "kind", "minimum", "maximum", "step", "words"]

    @admin.display(description=_("bounds"))
    def bounds(self, scale):
        return f"{num(scale.minimum)} – {num(scale.maximum) if scale.maximum is not None else '∞'}"

    def get_fields(self, request, obj=None):
        return [*self.fields[:-1], "levels_in_words"] if obj and in_use(obj) else self.fields

    @admin.display(description=_("words of the levels"))
    def levels_in_words(self, scale):
        return linebreaksbr(anchor_lines(scale.anchors) or "–")

    def has_change_permission(self, request, obj=None):
        # A published version hangs on it: the database would refuse.
        return super().has_change_permission(request, obj) and not (obj and in_use(obj))

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.indicators.exists())


def in_use(scale):
    """Whether a version that never changes any more uses this scale."""
    return scale.indicators.exclude(version__status=SetVersion.Status.DRAFT).exists()


class VersionInline(admin.TabularInline):
    """The versions of a set, each leading to its page."""

    model = SetVersion
    fields = ("page", "status", "published_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    ordering = ["-number"]

    @admin.display(description=_("version"))
    def page(self, version):
        name = "set_edit" if version.status == SetVersion.Status.DRAFT else "set_version"
        address = reverse(name, args=[version.set.code, version.number])
        return format_html('<a href="{}">{}</a>', address, gettext("Version %(number)s") % {"number": num(version.number)})

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(IndicatorSet)
class IndicatorSetAdmin(admin.ModelAdmin):
    list_display = ["title", "code", "layer"]
    list_filter = ["layer"]
    search_fields = ["code", "title_fa", "title_en"]
    fields = ["code", "layer", "title_fa", "title_en", "intro_fa", "intro_en"]
    readonly_fields = ["code", "layer"]
    formfield_overrides = TYPED
    inlines = [VersionInline]

    def has_add_permission(self, request):
        # A set begins with a draft: the editor makes both.
        return False

    def has_delete_permission(self, request, obj=None):
        return False
