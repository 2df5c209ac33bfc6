"""Telling people: a line on the desk and, for those with an e-mail address, a letter, in the caller's transaction."""

from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.background import after_commit
from secretariat.models import Letter, Notice, RoleGrant, User
from secretariat.services.letters import written

GREETING = gettext_lazy("Dear %(name)s,")


def tell(user, kind, text_fa, text_en, *, link="", once=None, mail=True, more=("", ""), calendar=("", "")):
    """Tell one person. `link` is a path within the portal; the same `once` key tells the same person only once.

    The letter says `more` (Persian, English) than the line on the desk, and carries a `calendar` file.
    """
    tell_all([user], kind, text_fa, text_en, link=link, once=once, mail=mail, more=more, calendar=calendar)


def tell_officers(kind, text_fa, text_en, *, link="", once=None, mail=True):
    """Tell everybody who works in the secretariat."""
    roles = RoleGrant.objects.current().filter(role__in=RoleGrant.SECRETARIAT_ROLES)
    tell_all(_holders(roles), kind, text_fa, text_en, link=link, once=once, mail=mail)


def tell_heads(kind, text_fa, text_en, *, link="", once=None, mail=True):
    """Tell whoever heads the secretariat."""
    roles = RoleGrant.objects.current().filter(role=RoleGrant.Role.SECRETARY)
    tell_all(_holders(roles), kind, text_fa, text_en, link=link, once=once, mail=mail)


def tell_agency(agency_id, kind, text_fa, text_en, *, link="", once=None, mail=True):
    """Tell those who represent an agency now."""
    roles = RoleGrant.objects.current().filter(role=RoleGrant.Role.REPRESENTATIVE, agency=agency_id)
    tell_all(_holders(roles), kind, text_fa, text_en, link=link, once=once, mail=mail)


def tell_all(users, kind, text_fa, text_en, *, link="", once=None, mail=True, more=("", ""), calendar=("", "")):
    """Tell several people the same; those whose accounts are closed are left out."""
    users = [user for user in users if user.is_active]
    keys = {user.pk: once and f"{once}:{user.pk}" for user in users}
    Notice.objects.bulk_create(
        [
            Notice(user=user, kind=kind, text_fa=text_fa[:500], text_en=text_en[:500], link=link, once=keys[user.pk])
            for user in users
        ],
        ignore_conflicts=True,
    )
    letters = [
        _letter(user, text_fa, text_en, link, keys[user.pk], more, calendar) for user in users if mail and user.email
    ]
    if letters:
        Letter.objects.bulk_create(letters, ignore_conflicts=True)
        after_commit("secretariat.tasks.send_mail")


def mark_read(pk, *, by):
    """Note that the person has seen a notice; gives the notice. Raises DoesNotExist for somebody else's."""
    notice = Notice.objects.visible_to(by).get(pk=pk)
    if notice.read_at is None:
        Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=timezone.now())
    return notice


def mark_all_read(*, by):
    """Note that the person has seen every notice there is."""
    Notice.objects.visible_to(by).unread().update(read_at=timezone.now())


def _holders(roles):
    return User.objects.filter(Q(pk__in=roles.values("user")), is_active=True)


def _letter(user, text_fa, text_en, link, key, more, calendar):
    column = 0 if user.language == User.Language.FA else 1
    text = (text_fa, text_en)[column]
    with translation.override(user.language):
        greeting = str(GREETING) % {"name": user.display_name}
        action = _("Open in the portal")
    return written(
        user.email,
        text if len(text) <= 120 else f"{text[:118].rsplit(' ', 1)[0]}…",
        f"{greeting}\n\n{text}\n\n{more[column]}",
        language=user.language,
        link=link,
        action=action,
        once=key and f"notice:{key}",
        calendar=calendar[column],
    )
