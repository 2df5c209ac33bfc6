"""What an assessor says of himself: what he knows, when he has time, and what ties him to others."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from assessments.forms.roster import ProfileForm
from assessments.forms.ties import Rows
from assessments.models import Assessor
from assessments.services import roster as services
from assessments.views.roster import save_profile, unit_names
from assessments.views.rounds import form_page
from secretariat.gate import once


@form_page
@once
def assessor_profile(request):
    """His own page; what it says of ties takes effect at once, and officers are told."""
    assessor = get_object_or_404(Assessor.objects.select_related("user", "province"), user=request.user)
    form = ProfileForm(request.POST or None, assessor=assessor)
    rows = Rows(request.POST or None, assessor, own_of=request.user)
    stands, version = save_profile(
        request, form, rows, lambda **said: services.edit_own_profile(by=request.user, **said), assessor.version
    )
    if version is None:
        messages.success(request, _("Saved. The secretariat sees it at once."))
        return redirect("assessor_profile")
    context = {"assessor": assessor, "form": form, "rows": rows, "units": unit_names(), "current": stands, "version": version}
    return render(request, "assessments/assessor_profile.html", context, status=422 if request.method == "POST" else 200)
