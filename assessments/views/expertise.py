"""Fields of expertise: the words from which assessors choose what they know."""

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments.forms.roster import FieldForm
from assessments.models import ExpertiseField
from assessments.services import roster as services
from assessments.views.rounds import form_page
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.lists import Column, ListPage


class FieldList(ListPage):
    name = "fields"
    caption = gettext_lazy("Fields of expertise")
    columns = [
        Column("name", gettext_lazy("Field of expertise"), sort="sort_key", link=True),
        Column("english", gettext_lazy("Name (English)"), sort="name_en", value="name_en", shown=False),
        Column("assessors", gettext_lazy("Assessors"), sort="assessor_count", value="assessor_count", kind="number"),
        Column("offered", gettext_lazy("Offered for choice"), sort="is_active", value="is_active", kind="bool"),
    ]
    search = ("search_key",)
    default_sort = "name"
    empty_title = gettext_lazy("There is no field yet.")

    def queryset(self):
        return ExpertiseField.objects.annotate(assessor_count=Count("assessors"))

    def row_url(self, row):
        return reverse("field_edit", args=[row.pk])


@officers_only
@require_safe
def field_list(request):
    return FieldList(request).respond("assessments/field_list.html")


@officers_only
@form_page
@once
def field_new(request):
    return _page(request, None)


@officers_only
@form_page
@once
def field_edit(request, pk):
    return _page(request, get_object_or_404(ExpertiseField, pk=pk))


def _page(request, field):
    names = ("name_fa", "name_en", "is_active")
    initial = {name: getattr(field, name) for name in names} if field else {}
    form = FieldForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_field(field and field.pk, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect("field_list")
    return render(request, "assessments/field_edit.html", {"form": form, "field_": field}, status=422 if form.errors else 200)
