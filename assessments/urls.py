"""Addresses of the assessments room."""

from django.urls import path

from assessments.views import set_editor, sets

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
]
