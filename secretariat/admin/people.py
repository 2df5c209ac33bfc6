"""People, their roles and invitations, and what they were told, in the admin."""

from django.contrib import admin, messages
from django.contrib.auth.forms import BaseUserCreationForm
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from secretariat import rules
from secretariat.admin.access import ForTheHead, ToRead, jalali
from secretariat.models import Agency, Invitation, Letter, Notice, RoleGrant, User
from secretariat.persian import search_key
from secretariat.services import second_factor
from secretariat.services.passwords import request_reset, sign_out_everywhere


class NewPersonForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "name_en", "email", "mobile", "language"]


class RoleGrantInline(admin.TabularInline):
    """Roles are granted here and end by a date; a granted one is never deleted."""

    model = RoleGrant
    fk_name = "user"
    fields = ["role", "agency", "unit", "council", "since", "until", "end_reason"]
    autocomplete_fields = ["agency", "unit"]
    extra = 0
    verbose_name_plural = _("Roles: each within one agency, unit, council or the secretariat")

    def has_view_permission(self, request, obj=None):
        return rules.is_officer(request.user)

    def has_add_permission(self, request, obj=None):
        return rules.is_secretary(request.user)

    def has_change_permission(self, request, obj=None):
        return rules.is_secretary(request.user)

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(User)
class UserAdmin(ForTheHead):
    list_display = ["display_name", "username", "email", "mobile", "is_active", "second_factor_required"]
    list_filter = ["is_active", "second_factor_required", "is_superuser", "role_grants__role"]
    search_fields = ["username"]
    ordering = ["sort_key"]

    def get_search_results(self, request, queryset, search_term):
        """Every word in the name in whatever order, in the address, or all of them in the name of the agency represented."""
        words = [search_key(word) for word in search_term.split()]
        if words:
            agencies = Agency.objects.all()
            for word in words:
                agencies = agencies.filter(search_key__contains=word)
            name = Q(search_key__contains=search_key(search_term))
            name |= Q(*(Q(search_key__contains=word) for word in words))
            represents = RoleGrant.objects.current().filter(agency__in=agencies).values("user")
            queryset = queryset.filter(name | Q(email__icontains=search_term.strip()) | Q(pk__in=represents))
        return queryset, False

    inlines = [RoleGrantInline]
    actions = ["close_sessions", "forget_second_factor", "send_reset"]
    add_form = NewPersonForm

    def get_form(self, request, obj=None, **kwargs):
        if obj is None:
            kwargs["form"] = self.add_form
        return super().get_form(request, obj, **kwargs)

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            fields = ["username", "first_name", "last_name", "name_en", "email", "mobile", "language", "password1", "password2"]
            return [(None, {"fields": fields})]
        access = ["is_active", "second_factor_required", "last_sign_in", "member_since"]
        if request.user.is_superuser:
            access[1:1] = ["is_superuser"]
        return [
            (None, {"fields": ["username", "first_name", "last_name", "name_en", "email", "mobile", "language"]}),
            (
                _("Access"),
                {"fields": access, "description": _("Whoever is not active cannot sign in; what they did stays on record.")},
            ),
        ]

    def get_readonly_fields(self, request, obj=None):
        return ["last_sign_in", "member_since"]

    def has_change_permission(self, request, obj=None):
        # Nobody below an administrator changes an administrator: the address alone would open that account.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_inline_instances(self, request, obj=None):
        return super().get_inline_instances(request, obj) if obj else []

    def save_formset(self, request, form, formset, change):
        for grant in formset.save(commit=False):
            if grant.granted_by_id is None:
                grant.granted_by = request.user
            grant.save()
        formset.save_m2m()

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            sign_out_everywhere(obj)

    @admin.display(description=_("name"), ordering="sort_key")
    def display_name(self, user):
        return user.display_name

    @admin.display(description=_("last sign-in"))
    def last_sign_in(self, user):
        return jalali(user.last_login)

    @admin.display(description=_("account since"))
    def member_since(self, user):
        return jalali(user.date_joined)

    def _changeable(self, request, people):
        chosen = [person for person in people if self.has_change_permission(request, person)]
        if len(chosen) < len(people):
            self.message_user(request, _("Administrators were left out."), messages.WARNING)
        return chosen

    @admin.action(description=_("Sign them out on every device"), permissions=["change"])
    def close_sessions(self, request, people):
        for person in self._changeable(request, people):
            sign_out_everywhere(person)
        self.message_user(request, _("Their sessions have ended."), messages.SUCCESS)

    @admin.action(description=_("Take away a lost second factor"), permissions=["change"])
    def forget_second_factor(self, request, people):
        for person in self._changeable(request, people):
            second_factor.forget_phone(person)
        self.message_user(
            request,
            _("They sign in with the password alone now, and set up a second factor anew where one is required."),
            messages.SUCCESS,
        )

    @admin.action(description=_("Send them a link to set a new password"), permissions=["change"])
    def send_reset(self, request, people):
        for person in self._changeable(request, people):
            request_reset(person.username)
        self.message_user(request, _("Links are on their way to those who have an e-mail address."), messages.SUCCESS)


class InForce(admin.SimpleListFilter):
    """Roles held now, or ended."""

    title = _("in force")
    parameter_name = "now"

    def lookups(self, request, model_admin):
        return [("yes", _("yes")), ("no", _("no"))]

    def queryset(self, request, queryset):
        if self.value() == "yes":
            return queryset.current()
        if self.value() == "no":
            return queryset.filter(until__lte=timezone.now())
        return queryset


@admin.register(RoleGrant)
class RoleGrantAdmin(ForTheHead):
    list_display = ["user", "role", "scope", "since_day", "until_day"]
    list_filter = [InForce, "role"]
    list_select_related = ["user", "agency", "unit", "council"]
    search_fields = ["user__search_key", "agency__search_key"]
    autocomplete_fields = ["user", "agency", "unit"]
    fields = ["user", "role", "agency", "unit", "council", "since", "until", "end_reason"]

    def get_readonly_fields(self, request, obj=None):
        return ["user", "role", "agency", "unit", "council", "since"] if obj else []

    def save_model(self, request, obj, form, change):
        if not change:
            obj.granted_by = request.user
        super().save_model(request, obj, form, change)

    @admin.display(description=_("within"))
    def scope(self, grant):
        return grant.agency or grant.unit or grant.council or _("secretariat")

    @admin.display(description=_("since"), ordering="since")
    def since_day(self, grant):
        return jalali(grant.since)

    @admin.display(description=_("until"), ordering="until")
    def until_day(self, grant):
        return jalali(grant.until)


@admin.register(Invitation)
class InvitationAdmin(ToRead):
    list_display = ["full_name", "email", "purpose", "agency", "sent", "expires", "accepted"]
    list_filter = ["purpose"]
    list_select_related = ["agency"]
    search_fields = ["full_name", "email"]
    fields = [
        "full_name",
        "email",
        "purpose",
        "agency",
        "language",
        "invited_by",
        "sent",
        "expires",
        "accepted",
        "accepted_by",
        "revoked",
    ]

    @admin.display(description=_("invited at"), ordering="invited_at")
    def sent(self, invitation):
        return jalali(invitation.invited_at)

    @admin.display(description=_("expires at"), ordering="expires_at")
    def expires(self, invitation):
        return jalali(invitation.expires_at)

    @admin.display(description=_("accepted at"), ordering="accepted_at")
    def accepted(self, invitation):
        return jalali(invitation.accepted_at)

    @admin.display(description=_("revoked at"))
    def revoked(self, invitation):
        return jalali(invitation.revoked_at)


@admin.register(Notice)
class NoticeAdmin(ToRead):
    list_display = ["user", "text", "told", "read"]
    list_select_related = ["user"]
    search_fields = ["text_fa", "text_en", "user__search_key"]
    fields = ["user", "text_fa", "text_en", "link", "told", "read"]

    @admin.display(description=_("told at"), ordering="created_at")
    def told(self, notice):
        return jalali(notice.created_at)

    @admin.display(description=_("read at"), ordering="read_at")
    def read(self, notice):
        return jalali(notice.read_at)


class LetterState(admin.SimpleListFilter):
    """Where a letter stands."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("waiting", _("waiting")), ("sent", _("sent")), ("given_up", _("given up"))]

    def queryset(self, request, queryset):
        conditions = {
            "waiting": {"sent_at": None, "given_up_at": None},
            "sent": {"sent_at__isnull": False},
            "given_up": {"given_up_at__isnull": False},
        }
        return queryset.filter(**conditions.get(self.value(), {}))


@admin.register(Letter)
class LetterAdmin(ToRead):
    """The outbox. The words of letters are not shown: some hold links that open doors."""

    list_display = ["to", "subject", "posted", "sent", "tries", "last_error"]
    list_filter = [LetterState, "language"]
    search_fields = ["to", "subject"]
    fields = ["to", "subject", "language", "posted", "sent", "given_up", "next_try", "tries", "last_error"]

    @admin.display(description=_("posted at"), ordering="created_at")
    def posted(self, letter):
        return jalali(letter.created_at)

    @admin.display(description=_("sent at"), ordering="sent_at")
    def sent(self, letter):
        return jalali(letter.sent_at)

    @admin.display(description=_("given up at"))
    def given_up(self, letter):
        return jalali(letter.given_up_at)

    @admin.display(description=_("next try"))
    def next_try(self, letter):
        return jalali(letter.next_try_at) if not (letter.sent_at or letter.given_up_at) else "–"
