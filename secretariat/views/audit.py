"""The officers' page of changes: read only."""

import datetime

from django import forms
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from secretariat import calendar, persian, rules
from secretariat.fields import JalaliDateFormField
from secretariat.models import User
from secretariat.selectors import audit as selectors
from secretariat.typed import whole

PAGE_SIZE = 50
LAST_PAGE = 200  # further back one goes by date


class AuditFilter(forms.Form):
    model = forms.ChoiceField(label=_("What"), required=False)
    person = forms.CharField(label=_("By whom"), required=False, max_length=100, help_text=_("A name, or part of one."))
    first = JalaliDateFormField(label=_("From"), required=False)
    last = JalaliDateFormField(label=_("Until"), required=False)
    row = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        kinds = [(label, model._meta.verbose_name) for label, (model, _event) in selectors.tracked().items()]
        self.fields["model"].choices = [("", _("everything")), *kinds]


@never_cache
@require_safe
def audit(request):
    """Who changed what, when, from what to what; by kind, person and day."""
    if not rules.is_officer(request.user):
        raise Http404
    form = AuditFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    people, person = [], None
    if asked.get("person"):
        exact = User.objects.filter(username__iexact=asked["person"])
        people = list(exact or User.objects.filter(search_key__contains=persian.search_key(asked["person"]))[:8])
        person = people[0].pk if len(people) == 1 else 0
    number = min(max(whole(request.GET.get("page"), 1), 1), LAST_PAGE)
    changes, more = [], False
    if form.is_valid():
        changes, more = selectors.changes(
            model=asked.get("model", ""),
            person=person,
            first=_midnight(asked.get("first")),
            last=_midnight(asked.get("last"), days=1),
            row=asked.get("row"),
            offset=(number - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "secretariat/audit.html",
        {
            "form": form,
            "changes": changes,
            "people": people if person == 0 else [],
            "nobody": person == 0 and not people,
            "number": number,
            "older": number + 1 if more and number < LAST_PAGE else None,
            "newer": number - 1 if number > 1 else None,
            "query": query.urlencode(),
        },
    )


def _midnight(day, days=0):
    if day is None:
        return None
    return datetime.datetime.combine(calendar.day_of(day) + datetime.timedelta(days=days), datetime.time(), calendar.TEHRAN)
