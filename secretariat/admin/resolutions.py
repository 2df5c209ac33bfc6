"""Resolutions in the admin: their words, the votes of those present, and their decision after a page that asks once more."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from secretariat import calendar, rules
from secretariat.admin.access import jalali
from secretariat.admin.councils import Papers
from secretariat.errors import RuleBroken
from secretariat.forms.councils import ResolutionForm
from secretariat.models import AgendaItem, Meeting, Resolution
from secretariat.selectors.ballots import ballot_of, in_words, recused_seats, why_not_adoptable
from secretariat.selectors.meetings import presence_at, voting_seats
from secretariat.services import ballots, resolutions
from secretariat.workflow import open_steps


@admin.register(Resolution)
class ResolutionAdmin(Papers):
    form = ResolutionForm
    list_display = ["title", "council", "kind", "shown_number", "status", "adopted"]
    list_filter = ["status", "kind", "year", "council__kind", ("council", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["title", "text", "council__name_fa", "council__name_en"]
    actions = ["adopt_chosen", "reject_chosen"]
    change_form_template = "admin/secretariat/resolution/change_form.html"
    view_on_site = False  # its own page is this one
    said = [
        "council", "meeting", "agenda_item", "kind", "decision", "title", "text", "in_force_from", "in_force_until", "supersedes",
        "status", "shown_number", "standing",
    ]  # fmt: skip

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("council", "meeting")

    def has_change_permission(self, request, obj=None):
        undecided = obj is None or obj.status == rules.ResolutionStatus.DRAFT
        return undecided and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request, obj=None):
        return ["status", "shown_number", "standing", *(["council", "meeting"] if obj is not None else [])]

    def get_fieldsets(self, request, obj=None):
        said = (None, {"fields": self.said})
        votes = list(self._vote_fields(obj)) if self.has_change_permission(request, obj) else []
        if not votes:
            return [said]
        told = _("Votes of those present. Whoever is tied to what is decided is recused when the first vote is recorded.")
        return [said, (_("Votes"), {"fields": votes, "description": told})]

    def get_form(self, request, obj=None, change=False, **kwargs):
        kwargs["fields"] = [name for name in self.said if name not in self.get_readonly_fields(request, obj)]
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), self._vote_fields(obj) if self.has_change_permission(request, obj) else {})

    def _vote_fields(self, obj):
        """A choice for every voting seat that is there, while the resolution is undecided."""
        if obj is None or obj.status != rules.ResolutionStatus.DRAFT or obj.meeting.status not in rules.SETTLED_MEETINGS:
            return {}
        ballot = ballot_of(obj)
        if ballot is not None and ballot.is_secret:
            return {}
        there, recused = presence_at(obj.meeting), recused_seats(obj)
        stored = dict(ballot.votes.filter(by_hand=True).values_list("seat", "choice")) if ballot else {}
        # What a member has cast is final, and nobody reads it before the count.
        cast = ballot.votes.filter(by_hand=False).values("seat") if ballot else []
        seats = voting_seats(obj.meeting).filter(pk__in=there).exclude(pk__in=cast).select_related("user").order_by("role", "user__sort_key", "pk")
        choices = [("", _("no vote")), *rules.Choice.choices, ("recused", _("recused"))]
        return {
            f"vote_{seat.pk}": forms.ChoiceField(
                label=str(seat.user),
                choices=choices,
                required=False,
                initial="recused" if seat.pk in recused else stored.get(seat.pk, ""),
            )
            for seat in seats
        }

    def get_urls(self):
        decide = path(
            "<int:pk>/<slug:action>/decide/", self.admin_site.admin_view(self.decide_view), name="secretariat_resolution_decide"
        )
        return [decide, *super().get_urls()]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "meeting":
            meetings = Meeting.objects.select_related("council").order_by("-starts_at", "-pk")
            served = rules.served_councils(request.user)
            kwargs["queryset"] = meetings if served is None else meetings.filter(council__in=served)
        elif db_field.name in ("agenda_item", "supersedes"):
            rows, path_ = (AgendaItem, "meeting__council") if db_field.name == "agenda_item" else (Resolution, "council")
            found = rows.objects.order_by("-pk") if rows is AgendaItem else rows.objects.filter(status="adopted")
            served = rules.served_councils(request.user)
            kwargs["queryset"] = found if served is None else found.filter(**{f"{path_}__in": served})
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        """Votes go the same way as from the portal's page: who was present, who may, and nothing after the decision."""
        super().save_model(request, obj, form, change)
        changed = [name for name in form.changed_data if name.startswith("vote_")]
        if changed:
            votes = {int(name.removeprefix("vote_")): form.cleaned_data[name] for name in form.fields if name.startswith("vote_")}
            ballots.record(obj.pk, {}, votes, by=request.user)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["steps"] = open_steps(obj, request.user) if obj is not None else {}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_change(self, request, obj):
        for action in obj.MOVES:
            if f"_decide_{action}" in request.POST:
                return HttpResponseRedirect(reverse("admin:secretariat_resolution_decide", args=[obj.pk, action]))
        return super().response_change(request, obj)

    # -- deciding, always after a page that asks once more

    def decide_view(self, request, pk, action):
        resolution = self.get_object(request, str(pk))
        if resolution is None or action not in resolution.MOVES:
            raise Http404
        return self._confirm(request, [resolution], action)

    @admin.action(description=_("Adopt…"), permissions=["change"])
    def adopt_chosen(self, request, chosen):
        return self._confirm(request, chosen, "adopt")

    @admin.action(description=_("Record as not adopted…"), permissions=["change"])
    def reject_chosen(self, request, chosen):
        return self._confirm(request, chosen, "reject")

    def _confirm(self, request, chosen, action):
        chosen = list(chosen)
        if not all(rules.serves_council(request.user, resolution.council_id) for resolution in chosen):
            raise PermissionDenied
        if request.POST.get("confirmed"):
            return self._decide(request, chosen, action)
        rows = [(resolution, in_words(resolution), self._obstacle(resolution, action)) for resolution in chosen]
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(str(Resolution.MOVES[action].label)),
            "opts": self.opts,
            "rows": rows,
            "action": action,
            "from_list": request.POST.get("action", ""),
            "blocked": any(obstacle for _one, _standing, obstacle in rows),
        }
        return TemplateResponse(request, "admin/secretariat/resolution/decide.html", context)

    def _obstacle(self, resolution, action):
        if resolution.status != rules.ResolutionStatus.DRAFT:
            return gettext("It is already decided.")
        return why_not_adoptable(resolution) if action == "adopt" else None

    def _decide(self, request, chosen, action):
        for resolution in chosen:
            try:
                decided = resolutions.decide(resolution.pk, action, by=request.user, why=request.POST.get("why", ""))
                if decided.status == rules.ResolutionStatus.ADOPTED:
                    told = gettext("“%(title)s” was adopted under number %(number)s.") % {
                        "title": resolution.title,
                        "number": calendar.digits(decided.reference),
                    }
                elif decided.status == rules.ResolutionStatus.DRAFT:
                    told = gettext("Equal votes: the chair gives the casting vote.")
                else:
                    told = gettext("It is on record that “%(title)s” was not adopted.") % {"title": resolution.title}
            except RuleBroken as refused:
                messages.error(request, f"“{resolution.title}”: {refused}")
            else:
                messages.success(request, told)
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:secretariat_resolution_change", args=[chosen[0].pk]))
        return HttpResponseRedirect(reverse("admin:secretariat_resolution_changelist"))

    # -- what is read only

    @admin.display(description=_("number"), ordering="number")
    def shown_number(self, resolution):
        return format_html('<bdi dir="ltr">{}</bdi>', calendar.digits(resolution.reference)) if resolution.number else "–"

    @admin.display(description=_("adopted on"), ordering="adopted_at")
    def adopted(self, resolution):
        return jalali(resolution.adopted_at)

    @admin.display(description=_("Quorum and votes now"))
    def standing(self, resolution):
        if resolution.pk is None:
            return gettext("Save the resolution first; then the votes are recorded here.")
        sentences = list(in_words(resolution))
        if resolution.status == rules.ResolutionStatus.DRAFT and (obstacle := why_not_adoptable(resolution)):
            sentences.append(obstacle)
        return format_html("<div>{}</div>", format_html_join("", "<p>{}</p>", ((sentence,) for sentence in sentences)))
