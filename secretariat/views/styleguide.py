"""The living page of the parts: every one with real content, long titles and mistakes included. For officers."""

from datetime import timedelta
from types import SimpleNamespace

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import rules
from secretariat.calendar import today
from secretariat.errors import refusals_told
from secretariat.fields import CanonicalCharField, JalaliDateFormField, MobileFormField, WholeNumberFormField
from secretariat.lists import BulkAction, Choice, Column, DateRange, ListPage, RowAction
from secretariat.models import Agency

LONG = "مجموعهٔ کتاب‌های گویای «قصه‌های خوب برای بچه‌های خوب» با بازخوانی Audiobook v2.1 برای کودکان کم‌بینا و نابینا"


class SpecimenForm(forms.Form):
    """A form with every kind of field."""

    title = CanonicalCharField(label=gettext_lazy("Title"), help_text=gettext_lazy("As it is written on the product itself."))
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[("", "—"), ("book", gettext_lazy("Book")), ("film", gettext_lazy("Film")), ("course", gettext_lazy("Course"))],
    )
    held_on = JalaliDateFormField(label=gettext_lazy("Date"), required=False)
    audience = WholeNumberFormField(label=gettext_lazy("Number of people"), required=False, min_value=1)
    mobile = MobileFormField(label=gettext_lazy("Mobile number"))
    site = forms.URLField(label=gettext_lazy("Address on the web"), max_length=500, required=False, assume_scheme="https")
    abstract = CanonicalCharField(label=gettext_lazy("Abstract"), widget=forms.Textarea, required=False)
    ages = forms.MultipleChoiceField(
        label=gettext_lazy("For whom"),
        choices=[("child", gettext_lazy("Children")), ("teen", gettext_lazy("Teenagers")), ("adult", gettext_lazy("Adults"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    reach = forms.ChoiceField(
        label=gettext_lazy("Reach"),
        choices=[("local", gettext_lazy("One province")), ("national", gettext_lazy("The whole country"))],
        widget=forms.RadioSelect,
        required=False,
    )
    agreed = forms.BooleanField(label=gettext_lazy("The rights belong to our agency or have been granted to it."))


class UploadForm(forms.Form):
    upload = forms.FileField(label=gettext_lazy("Files of the product"), help_text=gettext_lazy("PDF or pictures."))


class AgencySpecimens(ListPage):
    """A list page on real rows."""

    name = "agencies"
    caption = gettext_lazy("Agencies")
    columns = [
        Column("name", gettext_lazy("Name"), sort="sort_key", link=True),
        Column("kind", gettext_lazy("Kind"), sort="kind", value="get_kind_display"),
        Column("member", gettext_lazy("Member"), sort="is_member", value="is_member", kind="bool"),
        Column("since", gettext_lazy("Member since"), sort="joined_on", value="joined_on", kind="date"),
        Column("phone", gettext_lazy("Telephone"), kind="code", shown=False),
    ]
    filters = [
        Choice("kind", gettext_lazy("Kind"), Agency.Kind.choices),
        DateRange("since", gettext_lazy("Member since"), "joined_on", day=True),
    ]
    search = ("search_key", "slug")
    default_sort = "name"
    bulk = [BulkAction("greet", gettext_lazy("Greet"), confirm=gettext_lazy("Greet all chosen agencies?"))]

    def queryset(self):
        return Agency.objects.visible_to(self.request.user)

    def row_url(self, row):
        return f"{reverse('styleguide')}?q={row.slug}"

    def row_actions(self, row):
        return [RowAction(_("Only this"), f"{reverse('styleguide')}?q={row.slug}", "funnel")]


def styleguide(request):
    """Show the parts; officers only."""
    if not rules.is_officer(request.user):
        raise Http404
    page = AgencySpecimens(request)
    if request.method == "POST":
        return _answer(request, page)
    return page.respond("secretariat/styleguide.html", _specimens(request.user))


def _answer(request, page):
    if "bulk_action" in request.POST:
        with refusals_told(request):
            _action, rows = page.bulk_choice()
            messages.success(request, _("Greeted: %(count)s.") % {"count": rows.count()})
        return redirect("styleguide")
    if "upload" in request.POST or "upload" in request.FILES:
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            messages.success(request, _("Received, looked at, and thrown away: this is a specimen."))
            return redirect("styleguide")
        return render(request, "secretariat/styleguide.html", {"list": page, **_specimens(request.user), "upload": form})
    form = SpecimenForm(request.POST)
    if form.is_valid():
        messages.success(request, _("The form was right."))
        return redirect("styleguide")
    return render(request, "secretariat/styleguide.html", {"list": page, **_specimens(request.user), "form": form})


def _specimens(user):
    now = timezone.now()
    typed = {"title": LONG, "kind": "", "held_on": "2026-01-25", "mobile": "0912", "site": "www", "audience": "۱۲٫۵"}
    moving = SimpleNamespace(
        MOVES={
            "submit": SimpleNamespace(label=_("Submit")),
            "return": SimpleNamespace(label=_("Return for correction")),
            "accept": SimpleNamespace(label=_("Accept")),
        },
        _meta=SimpleNamespace(
            get_field=lambda name: SimpleNamespace(flatchoices=[(code, label) for code, label, _tone in _STATES()])
        ),
    )
    move = {"by": user, "by_id": user.pk, "why": ""}
    return {
        "form": SpecimenForm(initial={"title": LONG}),
        "wrong_form": SpecimenForm(typed, auto_id="wrong-%s"),
        "upload": UploadForm(),
        "states": _STATES(),
        "days": [today() + timedelta(days=days) for days in (-3, 0, 2, 9, 40)],
        "moving": moving,
        "moves": [
            SimpleNamespace(
                **{**move, "action": "submit", "source": "draft", "target": "submitted", "at": now - timedelta(days=6)}
            ),
            SimpleNamespace(
                **{
                    **move,
                    "action": "return",
                    "source": "submitted",
                    "target": "returned",
                    "at": now - timedelta(days=4),
                    "why": "شناسنامهٔ اثر ناقص است: شابک (ISBN) و نام ناشر نوشته نشده.\nپروندهٔ PDF باز نمی‌شود.",
                }
            ),
            SimpleNamespace(
                **{**move, "action": "submit", "source": "returned", "target": "submitted", "at": now - timedelta(days=2)}
            ),
            SimpleNamespace(
                **{**move, "action": "accept", "source": "submitted", "target": "accepted", "at": now, "by": None, "by_id": None}
            ),
        ],
        "files": [
            SimpleNamespace(name="شناسنامهٔ اثر – ویرایش 2.pdf", url="#files", size=1_284_220, content_type="application/pdf"),
            SimpleNamespace(name="cover_final (3).png", url="#files", size=320_111, content_type="image/png", note=_("cover")),
        ],
        "score_rows": [
            {"label": "غنای محتوا و اصالت پژوهش", "value": 82.4, "low": 75.1, "high": 89.7, "n": 5},
            {"label": "زبان و ویرایش", "value": 74.0, "low": 61.5, "high": 86.5, "n": 5},
            {"label": "طراحی و کیفیت هنری", "value": 66.8, "low": 58.2, "high": 75.4, "n": 4},
            {"label": "تناسب با گروه سنی و نیاز مخاطبان کم‌بینا", "value": 91.2, "low": 86.0, "high": 96.4, "n": 5},
            {"label": "دسترس‌پذیری (WCAG 2.2 AA)", "value": 58.3, "low": None, "high": None, "n": 1},
        ],
        "tab_items": [
            (_("Waiting"), "?tab=waiting", True, 12),
            (_("Under assessment"), "?tab=assessment", False, 3),
            (_("All"), "?tab=all", False),
        ],
        "agency": Agency.objects.first(),
        "notes": [
            ("info", "info-circle"),
            ("success", "check-circle"),
            ("warning", "exclamation-triangle"),
            ("danger", "exclamation-octagon"),
        ],
        "colours": [
            "paper",
            "surface",
            "surface-2",
            "teal-wash",
            "teal",
            "accent",
            "accent-wash",
            "green",
            "amber",
            "red",
            "blue",
        ],
    }


def _STATES():
    return [
        ("draft", _("draft"), ""),
        ("submitted", _("submitted, waiting for screening"), ""),
        ("returned", _("returned for correction"), ""),
        ("accepted", _("accepted for assessment"), ""),
        ("refused", _("not accepted"), ""),
        ("withdrawn", _("withdrawn by the agency"), ""),
        ("granted", _("in force"), ""),
        ("suspended", _("suspended"), ""),
        ("revoked", _("revoked"), ""),
        ("published", _("results published"), ""),
        ("offered", _("waiting for an answer"), ""),
        ("gold", _("Quality mark with distinction"), ""),
    ]
