"""Pages on which people set a new password."""

from axes.utils import reset as lift_lock
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordResetConfirmView
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from secretariat import throttle
from secretariat.forms.sign_in import ChangePasswordForm, NewPasswordForm, ResetForm
from secretariat.services import passwords
from secretariat.sign_in import client_address


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password_reset(request):
    """Take a name; the answer is the same whether or not anybody has it."""
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if throttle.allowed("password_reset", client_address(request), limit=20, seconds=600):
            passwords.request_reset(form.cleaned_data["name"])
        return render(request, "secretariat/password_reset.html", {"form": None})
    return render(request, "secretariat/password_reset.html", {"form": form})


@method_decorator([login_not_required, never_cache], name="dispatch")
class PasswordResetConfirm(PasswordResetConfirmView):
    """Where the link leads: the key moves into the session at once, so that the address holds no secret."""

    form_class = NewPasswordForm
    template_name = "secretariat/password_reset_confirm.html"
    success_url = reverse_lazy("sign_in")

    def form_valid(self, form):
        passwords.set_password(self.user, form.cleaned_data["new_password1"])
        del self.request.session["_password_reset_token"]
        for name in filter(None, [self.user.username.lower(), (self.user.email or "").lower(), self.user.mobile]):
            lift_lock(username=name)
        messages.success(self.request, _("The new password is set. Sign in with it."))
        return redirect(self.success_url)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request):
    """Change one's own password; every other session of the person ends."""
    form = ChangePasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        passwords.set_password(request.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(request, request.user)
        request.session["epoch"] = request.user.session_epoch
        messages.success(request, _("Your password is changed. You are signed out on your other devices."))
        return redirect("account")
    return render(request, "secretariat/password_change.html", {"form": form})
