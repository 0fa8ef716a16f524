"""A signed-in person's language and time zone; a short way for webhooks."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from calls import webhooks


def user_preferences(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        name = getattr(user, "time_zone", "") or settings.DISPLAY_TIME_ZONE
        language = getattr(user, "language", "") or settings.LANGUAGE_CODE
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
        request.LANGUAGE_CODE = language
        with timezone.override(zone), translation.override(language):
            response = get_response(request)
            if hasattr(response, "render") and not response.is_rendered:
                response.render()
        return response

    return middleware


def webhooks_first(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Retell's webhooks know no session, user, language or message: half of their
    processor time went into those. Their signature is all that lets them in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info == webhooks.PATH:
            return webhooks.receive(request)
        return get_response(request)

    return middleware
