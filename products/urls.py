"""Addresses of the products room."""

from django.urls import path

from products.views import (
    batches,
    credentials,
    decisions,
    evidence,
    files,
    marks,
    overlaps,
    product_list,
    register,
    round_marks,
    round_products,
    screening,
    submission,
)

urlpatterns = [
    # the agency's side of a product
    path("products/", product_list.product_list, name="product_list"),
    path("products/new/", submission.product_new, name="product_new"),
    path("products/<int:pk>/", submission.product_detail, name="product_detail"),
    path("products/<int:pk>/edit/", submission.product_edit, name="product_edit"),
    path("products/<int:pk>/autosave/", submission.product_autosave, name="product_autosave"),
    path("products/<int:pk>/review/", submission.product_review, name="product_review"),
    path("products/<int:pk>/withdraw/", submission.product_withdraw, name="product_withdraw"),
    path("products/<int:pk>/versions/<int:number>/", submission.product_version, name="product_version"),
    path("products/<int:pk>/versions/<int:number>/changes/", submission.product_version_diff, name="product_version_diff"),
    path("products/<int:pk>/files/", files.product_file_upload, name="product_file_upload"),
    path("products/files/<int:pk>/", files.product_file, name="product_file"),
    path("products/files/<int:pk>/blind/", files.product_file_sight, name="product_file_sight"),
    path("products/files/<int:pk>/blind/give-out/", files.product_file_give_out, name="product_file_give_out"),
    path("products/files/<int:pk>/remove/", files.product_file_remove, name="product_file_remove"),
    # the secretariat's side: screening, overlaps, products for a round
    path("products/queue/", screening.product_queue, name="product_queue"),
    path("products/<int:pk>/screening/", screening.screening_form, name="screening_form"),
    path("products/<int:pk>/overlaps/", overlaps.overlap_recheck, name="overlap_recheck"),
    path("overlaps/", overlaps.overlap_list, name="overlap_list"),
    path("overlaps/<int:pk>/", overlaps.overlap_detail, name="overlap_detail"),
    path("rounds/<int:pk>/products/", round_products.round_add_products, name="round_add_products"),
    # marks: what everybody may read
    path("products/marked/", register.mark_list, name="mark_list"),
    path("products/marked/open-data/", register.mark_open_data, name="mark_open_data"),
    path("products/marked/register.<slug:form>", register.mark_register, name="mark_register"),
    path("products/marked/<int:pk>/", marks.product_public, name="product_public"),
    path("marks/", marks.mark_verify_form, name="mark_verify_form"),
    path("marks/check/", credentials.credential_check, name="credential_check"),
    path("marks/<str:serial>/", marks.mark_verify, name="mark_verify"),
    path("marks/<str:serial>/certificate.pdf", marks.mark_certificate, name="mark_certificate"),
    path("marks/<str:serial>/credential.<slug:form>", credentials.mark_credential, name="mark_credential"),
    # what programs need to check a mark by themselves
    path(".well-known/did.json", credentials.did_document, name="did_document"),
    path(".well-known/jwks.json", credentials.signing_keys, name="signing_keys"),
    path("credentials/status/<slug:purpose>.jwt", credentials.credential_status, name="credential_status"),
    # marks: certificates in bulk
    path("certificates/", batches.certificate_batches, name="certificate_batches"),
    path("certificates/<int:pk>/", batches.certificate_batch, name="certificate_batch"),
    path("certificates/<int:pk>/status/", batches.certificate_batch_status, name="certificate_batch_status"),
    path("certificates/<int:pk>/cancel/", batches.certificate_batch_cancel, name="certificate_batch_cancel"),
    path("certificates/<int:pk>/file/", batches.certificate_batch_file, name="certificate_batch_file"),
    # marks: before the council
    path("agenda/<int:pk>/marks/", round_marks.marks_from_round, name="marks_from_round"),
    path("agenda/<int:pk>/marks/<int:product>/", evidence.marks_evidence, name="marks_evidence"),
    path("decisions/withheld/<int:pk>/take-out/", round_marks.withheld_release, name="withheld_release"),
    path("decisions/<int:pk>/tell/", round_marks.withheld_tell, name="withheld_tell"),
    path("decisions/<int:pk>/", decisions.decision_board, name="decision_board"),
    path("decisions/<int:pk>/products/<int:product>/", evidence.decision_evidence, name="decision_evidence"),
    path("decisions/<int:pk>/propose/", decisions.mark_propose, name="mark_propose"),
    path("decisions/<int:pk>/record/", decisions.resolution_record, name="resolution_record"),
    path("decisions/<int:pk>/grant/", decisions.mark_grant, name="mark_grant"),
    path("decisions/<int:pk>/certificates/", batches.certificate_batch_new, name="certificate_batch_new"),
    path("decisions/marks/<int:pk>/", decisions.mark_detail, name="mark_detail"),
    path("decisions/marks/<int:pk>/<slug:action>/", decisions.mark_move, name="mark_move"),
]
