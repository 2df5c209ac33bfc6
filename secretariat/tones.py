"""Which colour and icon a state has, wherever it is shown."""

# status: (tone, icon)
TONES = {
    "draft": ("neutral", "pencil"),
    "submitted": ("info", "send"),
    "returned": ("warning", "arrow-return-left"),
    "accepted": ("success", "check-circle"),
    "refused": ("danger", "x-circle"),
    "withdrawn": ("neutral", "dash-circle"),
    "proposed": ("info", "lightbulb"),
    "granted": ("success", "patch-check"),
    "suspended": ("warning", "pause-circle"),
    "revoked": ("danger", "slash-circle"),
    "dropped": ("neutral", "dash-circle"),
    "published": ("success", "globe2"),
    "retired": ("neutral", "archive"),
    "open": ("info", "unlock"),
    "closed": ("neutral", "lock"),
    "cancelled": ("danger", "x-circle"),
    "offered": ("warning", "hourglass-split"),
    "declined": ("neutral", "x-circle"),
    "adopted": ("success", "check-circle"),
    "rejected": ("danger", "x-circle"),
    "excluded": ("danger", "slash-circle"),
    "commended": ("info", "award"),
    "quality": ("success", "patch-check"),
    "gold": ("accent", "star"),
}
TONE_ICONS = {
    "neutral": "circle",
    "info": "info-circle",
    "success": "check-circle",
    "warning": "exclamation-triangle",
    "danger": "exclamation-octagon",
    "accent": "star",
}
