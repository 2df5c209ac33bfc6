"""What officers type into indicator sets."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.forms.texts import text_field as _text
from assessments.models import Indicator, IndicatorSet, Scale
from assessments.selectors.sets import walk
from secretariat.calendar import digits
from secretariat.fields import CanonicalCharField, NumberFormField

CODE = RegexValidator(r"^[A-Za-z0-9_-]+$", _("Use Latin letters, digits, hyphen and underscore."))


def _weight(**options):
    return NumberFormField(min_value=0, max_value=100, max_digits=9, decimal_places=6, **options)


class AboutForm(forms.Form):
    """What a set is called and for, and what is new in the draft."""

    title_fa = _text(_("Title (Persian)"), language="fa", max_length=200)
    title_en = _text(_("Title (English)"), language="en", max_length=200)
    intro_fa = _text(_("Introduction (Persian)"), language="fa", rows=3, required=False)
    intro_en = _text(_("Introduction (English)"), language="en", rows=3, required=False)
    note_fa = _text(_("What is new in this version (Persian)"), language="fa", rows=2, required=False)
    note_en = _text(_("What is new in this version (English)"), language="en", rows=2, required=False)


class SetForm(forms.Form):
    """A new set."""

    title_fa = _text(_("Title (Persian)"), language="fa", max_length=200)
    title_en = _text(_("Title (English)"), language="en", max_length=200)
    code = CanonicalCharField(
        label=_("Code"),
        max_length=40,
        validators=[CODE],
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "off"}),
        help_text=_("A short Latin name for addresses and files, such as book. It cannot be changed later."),
    )
    layer = forms.ChoiceField(label=_("Used for"), choices=IndicatorSet.Layer.choices, widget=forms.RadioSelect, initial="kind")
    intro_fa = _text(_("Introduction (Persian)"), language="fa", rows=3, required=False)
    intro_en = _text(_("Introduction (English)"), language="en", rows=3, required=False)


class WeightsForm(forms.Form):
    """The weights of a draft, one field for each node: `weight-<primary key>`."""

    def __init__(self, data, nodes, **kwargs):
        super().__init__(data, **kwargs)
        self.nodes = list(walk(nodes))
        for node in self.nodes:
            self.fields[self.name(node)] = _weight(label=node.title, required=False, initial=node.weight)

    @staticmethod
    def name(node):
        return f"weight-{node.pk}"

    @property
    def weights(self):
        """{primary key: weight} of those that were sent; an emptied field is zero."""
        return {node.pk: self.cleaned_data.get(self.name(node)) or 0 for node in self.nodes if self.name(node) in self.data}


class DimensionChoice(forms.ChoiceField):
    """The places where a node may stand, written as an outline."""

    def set_nodes(self, nodes, *, top):
        self.by_key = {str(node.pk): node.indicator for node in nodes}
        outline = [(str(node.pk), "\u2003" * (node.depth - 1) + f"{digits(node.number)} {node.title}") for node in nodes]
        self.choices = ([("", _("at the top of the set"))] if top else []) + outline

    def clean(self, value):
        return self.by_key.get(super().clean(value))


class DimensionForm(forms.Form):
    """A dimension: a name and a weight, and what stands below it."""

    title_fa = _text(_("Title (Persian)"), language="fa", max_length=300)
    title_en = _text(_("Title (English)"), language="en", max_length=300, required=False)
    guidance_fa = _text(_("Guidance (Persian)"), language="fa", rows=2, required=False)
    guidance_en = _text(_("Guidance (English)"), language="en", rows=2, required=False)
    parent = DimensionChoice(label=_("Stands within"), required=False)
    weight = _weight(label=_("Weight among its siblings, percent"), required=False)
    code = CanonicalCharField(
        label=_("Code"),
        max_length=20,
        required=False,
        validators=[CODE],
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "off"}),
        help_text=_("Follows the row from version to version. Leave it empty and one is given."),
    )

    is_leaf = False

    def __init__(self, data=None, *, nodes, node=None, parent=None, **kwargs):
        initial = {"weight": 0, "parent": parent and str(parent)}
        if node is not None:
            initial = {name: getattr(node, name) for name in self.base_fields if name not in ("parent", "scale", "sources")}
            initial["parent"] = node.parent and str(node.parent.pk)
            initial["scale"] = node.scale_id
            initial["sources"] = "\n".join(" | ".join(filter(None, (s["title"], s.get("url")))) for s in node.sources)
        super().__init__(data, initial=initial, **kwargs)
        below = set() if node is None else {n.pk for n in walk([node])}
        deepest = rules.DEEPEST_LEVEL - (1 if self.is_leaf else 2)
        places = [n for n in walk(nodes) if not n.is_leaf and n.pk not in below and n.depth <= deepest]
        self.fields["parent"].set_nodes(places, top=not self.is_leaf)

    def clean_weight(self):
        return self.cleaned_data["weight"] or 0


def _scale_label(scale):
    return f"{scale.name} ({scale.get_kind_display()})"


class ScaleChoice(forms.ModelChoiceField):
    def label_from_instance(self, scale):
        return _scale_label(scale)


class IndicatorForm(DimensionForm):
    """An indicator: what is asked, how it is answered, what it weighs."""

    is_leaf = True

    scale = ScaleChoice(label=_("Scale"), queryset=Scale.objects.all(), empty_label=None)
    rater = forms.ChoiceField(
        label=_("Who gives the value"), choices=Indicator.Rater.choices, widget=forms.RadioSelect, initial="expert"
    )
    allow_na = forms.BooleanField(label=_("May be answered “not applicable”"), required=False)
    unit_fa = _text(_("Unit (Persian)"), language="fa", max_length=30, required=False)
    unit_en = _text(_("Unit (English)"), language="en", max_length=30, required=False)
    gate_least = NumberFormField(
        label=_("Gate: least value on 0–100"),
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        required=False,
        help_text=_("Below it no mark is granted, whatever the score. Leave it empty for no gate."),
    )
    sources = _text(
        _("Sources"),
        rows=2,
        required=False,
        help_text=_("One a line; an address may follow after a bar: title | https://…"),
    )

    field_order = [
        "title_fa", "title_en", "guidance_fa", "guidance_en", "scale", "rater", "weight", "allow_na", "gate_least", "unit_fa",
        "unit_en", "parent", "code", "sources",
    ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["parent"].required = True
        self.scales = list(self.fields["scale"].queryset)

    def clean_sources(self):
        """Read the lines into the stored shape; only web addresses become links."""
        sources = []
        for line in self.cleaned_data["sources"].splitlines():
            title, _bar, url = (part.strip() for part in line.partition("|"))
            if url and not url.startswith(("http://", "https://")):
                raise forms.ValidationError(_("An address begins with https:// — look at “%(line)s”.") % {"line": line.strip()})
            if title or url:
                sources.append({"title": title or url, **({"url": url} if url else {})})
        return sources

    def clean(self):
        cleaned = super().clean()
        scale = cleaned.get("scale")
        if scale and scale.kind == Scale.Kind.RATIO and cleaned.get("rater") == Indicator.Rater.EXPERT:
            self.add_error("rater", _("A ratio to a target is measured by the secretariat, who sets the target in each round."))
        return cleaned
