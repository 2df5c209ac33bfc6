"""Addresses of the assessments room."""

from django.urls import path

from assessments.views import assessments, assigning, comparing, openness, roster, rounds, scores, set_editor, sets, studies

urlpatterns = [
    # indicator sets: what everybody reads
    path("sets/", sets.set_list, name="set_list"),
    path("sets/new/", set_editor.set_new, name="set_new"),
    path("sets/<slug:code>/", sets.set_latest, name="set_latest"),
    path("sets/<slug:code>/<int:number>/", sets.set_version, name="set_version"),
    path("sets/<slug:code>/<int:number>/diff/", sets.set_diff, name="set_diff"),
    # indicator sets: the officers' editor
    path("sets/<slug:code>/new-version/", set_editor.set_new_version, name="set_new_version"),
    path("sets/<slug:code>/<int:number>/edit/", set_editor.set_edit, name="set_edit"),
    path("sets/<slug:code>/<int:number>/about/", set_editor.set_about, name="set_about"),
    path("sets/<slug:code>/<int:number>/rows/new/", set_editor.set_node_new, name="set_node_new"),
    path("sets/<slug:code>/<int:number>/rows/<int:pk>/", set_editor.set_node, name="set_node"),
    path("sets/<slug:code>/<int:number>/rows/<int:pk>/delete/", set_editor.set_node_delete, name="set_node_delete"),
    path("sets/<slug:code>/<int:number>/preview/", set_editor.set_preview, name="set_preview"),
    path("sets/<slug:code>/<int:number>/publish/", set_editor.set_publish, name="set_publish"),
    path("sets/<slug:code>/<int:number>/discard/", set_editor.set_discard, name="set_discard"),
    path("sets/<slug:code>/<int:number>/retire/", set_editor.set_retire, name="set_retire"),
    # the assessor's sheet (pk is the assignment's) and the scores of an entry
    path("assessments/<int:pk>/", assessments.assessment_form, name="assessment_form"),
    path("assessments/<int:pk>/autosave/", assessments.assessment_autosave, name="assessment_autosave"),
    path("assessments/<int:pk>/submit/", assessments.assessment_submit, name="assessment_submit"),
    path("assessments/<int:pk>/read/", assessments.assessment_detail, name="assessment_detail"),
    path("assessments/<int:pk>/reopen/", assessments.assessment_reopen, name="assessment_reopen"),
    path("entries/<int:pk>/scores/", scores.entry_scores, name="entry_scores"),
    # rounds: officers run them
    path("rounds/", rounds.round_list, name="round_list"),
    path("rounds/new/", rounds.round_new, name="round_new"),
    path("rounds/<int:pk>/", rounds.round_detail, name="round_detail"),
    path("rounds/<int:pk>/edit/", rounds.round_edit, name="round_edit"),
    path("rounds/<int:pk>/move/<slug:action>/", rounds.round_move, name="round_move"),
    path("rounds/<int:pk>/extend/", rounds.round_extend, name="round_extend"),
    path("rounds/<int:pk>/measurements/", rounds.round_measurements, name="round_measurements"),
    path("rounds/<int:pk>/open-data/", openness.round_bundle, name="round_bundle"),
    path("rounds/<int:pk>/public/", openness.round_public, name="round_public"),
    path("rounds/<int:pk>/public/data.zip", openness.round_bundle_file, name="round_bundle_file"),
    path("rounds/<int:pk>/results/", rounds.round_results, name="round_results"),
    path("rounds/<int:pk>/assign/", assigning.round_assign_bulk, name="round_assign_bulk"),
    path("entries/<int:pk>/", assigning.entry_detail, name="entry_detail"),
    path("entries/<int:pk>/assign/", assigning.round_assign, name="round_assign"),
    path("entries/<int:pk>/remove/", assigning.entry_remove, name="entry_remove"),
    path("entries/<int:pk>/exclude/", assigning.entry_exclude, name="entry_exclude"),
    path("entries/<int:pk>/include/", assigning.entry_include, name="entry_include"),
    path("assignments/", assigning.assignment_list, name="assignment_list"),
    path("assignments/<int:pk>/withdraw/", assigning.assignment_withdraw, name="assignment_withdraw"),
    # rounds: an assessor's own work
    path("my-assessments/", assigning.my_assessments, name="my_assessments"),
    path("assignments/<int:pk>/answer/", assigning.assignment_answer, name="assignment_answer"),
    # the roster of assessors
    path("assessors/", roster.assessor_list, name="assessor_list"),
    path("assessors/new/", roster.assessor_new, name="assessor_new"),
    path("assessors/<int:pk>/", roster.assessor_detail, name="assessor_detail"),
    path("assessors/<int:pk>/edit/", roster.assessor_edit, name="assessor_edit"),
    path("assessors/<int:pk>/conflict/", roster.assessor_conflict, name="assessor_conflict"),
    # weights by comparison: officers run studies, experts compare
    path("sets/<slug:code>/<int:number>/weights/", studies.study_new, name="study_new"),
    path("studies/", studies.study_list, name="study_list"),
    path("studies/<int:pk>/", studies.study_detail, name="study_detail"),
    path("studies/<int:pk>/invite/", studies.study_invite, name="study_invite"),
    path("studies/<int:pk>/extend/", studies.study_extend, name="study_extend"),
    path("studies/<int:pk>/move/<slug:action>/", studies.study_move, name="study_move"),
    path("studies/<int:pk>/adopt/", studies.study_adopt, name="study_adopt"),
    path("studies/<int:pk>/experts/<int:expert>/exclude/", studies.study_exclude, name="study_exclude"),
    path("studies/<int:pk>/experts/<int:expert>/include/", studies.study_include, name="study_include"),
    path("studies/<int:pk>/compare/", comparing.study_compare, name="study_compare"),
    path("studies/<int:pk>/compare/<int:group>/", comparing.study_pairs, name="study_pairs"),
    path("studies/<int:pk>/compare/<int:group>/autosave/", comparing.study_autosave, name="study_autosave"),
    path("studies/<int:pk>/finish/", comparing.study_finish, name="study_finish"),
    path("studies/<int:pk>/resume/", comparing.study_resume, name="study_resume"),
]
