"""The admin site: its look, its navigation, the sandbox badge."""

from unfold.sites import UnfoldAdminSite


class SpeechAISite(UnfoldAdminSite):
    pass
