"""What must be told: notices on the desk, letters in the outbox, and keys against doing a thing twice."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from secretariat.bilingual import Bilingual
from secretariat.models.people import User


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user)

    def unread(self):
        return self.filter(read_at=None)


class Notice(models.Model):
    """A line on somebody's desk, in both languages, with a link to the work."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    text_fa = models.CharField(max_length=500)
    text_en = models.CharField(max_length=500)
    link = models.CharField(max_length=300, blank=True)  # a path within the portal
    # The same event told twice (a retried task, a double click) stays one notice.
    once = models.CharField(max_length=120, null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    text = Bilingual("text")
    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("notice"), _("notices")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["user", "-created_at"], name="notice_of_user")]

    def __str__(self):
        return self.text


class LetterQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(sent_at=None, given_up_at=None, next_try_at__lte=timezone.now())


class Letter(models.Model):
    """An e-mail that must go out: the row is the queue, sending it is only work."""

    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    language = models.CharField(max_length=2, default="fa")
    calendar = models.TextField(blank=True)  # a calendar file that goes with it
    # Its link opens a door (an invitation, a new password): the words are wiped once it has gone.
    is_secret = models.BooleanField(default=False)
    once = models.CharField(max_length=120, null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    next_try_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("letter"), _("letters")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(sent_at=None, given_up_at=None), name="letter_waiting")]

    def __str__(self):
        return f"{self.to}: {self.subject}"


class ResetRequest(models.Model):
    """Somebody's wish to set a new password, before it is known whether such a person exists."""

    name = models.CharField(max_length=150)  # as typed, in canonical form
    window = models.BigIntegerField()  # the number of the ten minutes in which it was asked
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "window"], name="reset_asked_once_in_ten_minutes")]
        indexes = [models.Index(fields=["asked_at"], condition=Q(answered_at=None), name="reset_waiting")]

    def __str__(self):
        return str(self.asked_at)


class FormKey(models.Model):
    """A one-time key that came back with a form; remembers where the first submission led."""

    key = models.UUIDField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, null=True)
    path = models.CharField(max_length=300)
    result = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="form_key_age")]

    def __str__(self):
        return str(self.key)


class Heartbeat(models.Model):
    """When the background last showed a sign of life; read by the health page."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self):
        return f"{self.name} {self.at}"
