"""A browser with the network off: whatever asks for anything but a file is stopped and remembered."""

from contextlib import contextmanager

import pytest


@pytest.fixture
def opened(browser):
    """``with opened(path, width=…) as page``: the page has been shown, and asked nobody for anything."""

    @contextmanager
    def show(path, width=1280, height=720, scheme="light", **more):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True, **more
        )
        asked, errors = [], []

        def stop(route):
            asked.append(route.request.url)
            route.abort()

        context.route(lambda url: not url.startswith("file:"), stop)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        yield page
        context.close()
        assert asked == []
        assert errors == []

    return show
