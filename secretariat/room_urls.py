"""Addresses of the ground floor's own pages."""

from django.urls import path

from secretariat.views import (
    account,
    action_records,
    actions,
    agencies,
    audit,
    invitations,
    notices,
    passwords,
    second_factor,
    sign_in,
    styleguide,
)

urlpatterns = [
    # the door
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("sign-out/everywhere/", sign_in.sign_out_everywhere, name="sign_out_everywhere"),
    path("preferences/", sign_in.preferences, name="preferences"),
    path("password/", passwords.password_reset, name="password_reset"),
    path("password/<uidb64>/<token>/", passwords.PasswordResetConfirm.as_view(), name="password_reset_confirm"),
    path("second-factor/", second_factor.second_factor_check, name="second_factor_check"),
    # one's own account
    path("account/", account.account, name="account"),
    path("account/password/", passwords.password_change, name="password_change"),
    path("account/second-factor/", second_factor.second_factor_setup, name="second_factor_setup"),
    path("account/second-factor/codes/", second_factor.second_factor_codes, name="second_factor_codes"),
    path("account/second-factor/remove/", second_factor.second_factor_remove, name="second_factor_remove"),
    path("account/key/", account.api_token, name="api_token"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.notices_read, name="notices_read"),
    path("notices/<int:pk>/", notices.notice_open, name="notice_open"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    # agencies, their units and people
    path("agencies/", agencies.agency_list, name="agency_list"),
    path("agencies/<slug:slug>/", agencies.agency_detail, name="agency_detail"),
    path("agencies/<slug:slug>/edit/", agencies.agency_edit, name="agency_edit"),
    path("agencies/<slug:slug>/people/", agencies.agency_people, name="agency_people"),
    path("agencies/<slug:slug>/units/new/", agencies.unit_new, name="unit_new"),
    path("units/<int:pk>/", agencies.unit_edit, name="unit_edit"),
    path("units/<int:pk>/remove/", agencies.unit_remove, name="unit_remove"),
    path("representatives/<int:pk>/end/", agencies.representative_end, name="representative_end"),
    # invitations
    path("invitations/", invitations.invitation_list, name="invitation_list"),
    path("invitations/new/", invitations.invitation_new, name="invitation_new"),
    path("invitations/<int:pk>/resend/", invitations.invitation_resend, name="invitation_resend"),
    path("invitations/<int:pk>/revoke/", invitations.invitation_revoke, name="invitation_revoke"),
    path("invitation/<str:token>/", invitations.invitation_accept, name="invitation_accept"),
    # actions of councils, and commitments
    path("actions/", actions.action_board, name="action_board"),
    path("actions/list/", actions.action_list, name="action_list"),
    path("actions/column/<str:status>/", actions.action_column, name="action_column"),
    path("actions/place/", actions.action_place, name="action_place"),
    path("actions/new/", actions.action_new, name="action_new"),
    path("actions/<int:pk>/", actions.action_detail, name="action_detail"),
    path("actions/<int:pk>/edit/", actions.action_edit, name="action_edit"),
    path("actions/<int:pk>/note/", action_records.action_note, name="action_note"),
    path("actions/<int:pk>/note/keep/", action_records.action_note_keep, name="action_note_keep"),
    path("actions/<int:pk>/file/", action_records.action_file_add, name="action_file_add"),
    path("actions/<int:pk>/<slug:action>/", actions.action_move, name="action_move"),
    path("actions/files/<int:pk>/", action_records.action_file, name="action_file"),
    path("actions/files/<int:pk>/remove/", action_records.action_file_remove, name="action_file_remove"),
    path("actions/report/<int:pk>/", action_records.action_report, name="action_report"),
    # the trail of changes
    path("audit/", audit.audit, name="audit"),
]
