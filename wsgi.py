"""The WSGI entry point: `app` is what the server serves."""

import eventlet

eventlet.monkey_patch()

from projchat import create_app  # noqa: E402  What is imported before the patch would block.

app = create_app()
app.extensions["history_watch"].begin()
