"""A small world to look at: two people and a project with a few days of history."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import update

from .auth import hash_password
from .extensions import db
from .models import Message, Project, User
from .models.types import now

PASSWORD = "correct horse"  # noqa: S105 - it is printed, and good for the demo only.
PEOPLE = (("anna", "Анна"), ("boris", "Boris"))
# Who (0 or 1), how many minutes after the message before, what, and which message it answers.
TALK: tuple[tuple[int, int, str, int | None], ...] = (
    (0, 0, "Good morning! The **new landing page** is on staging, have a look.", None),
    (1, 7, "Looking now. The header jumps a little on my phone.", 3),
    (1, 1, "Otherwise it is lovely 👍", None),
    (
        0,
        4,
        "Thanks. I think it is the web font. Does this help?\n\n"
        "```css\n@font-face {\n  font-display: optional;\n}\n```",
        4,
    ),
    (1, 12, "It does! Shipping it.", 6),
    (
        0,
        1380,
        "Доброе утро! Сегодня созвон в 11:00, повестка такая:\n\n"
        "1. отзывы первых пользователей\n2. план на неделю\n3. кто берёт перевод",
        None,
    ),
    (1, 3, "Я беру перевод, половина уже готова.", None),
    (0, 2, "Отлично. Черновик здесь: https://example.org/draft", None),
    (
        1,
        95,
        "Notes from the call are in the description. `projchat demo` makes this very project.",
        None,
    ),
)


def populate() -> Iterator[str]:
    """Make the people, the project and its history; the lines tell how to get in."""
    password_hash = hash_password(PASSWORD)
    anna, boris = [
        User.register(username, password_hash, name, is_admin=username == "anna")
        for username, name in PEOPLE
    ]
    project, _ = Project.found(anna, "Landing page", "The new site: texts, pictures, launch.")
    project.admit(boris)
    begun = now() - timedelta(minutes=sum(minutes for _, minutes, _, _ in TALK) + 30)
    _backdate(project, range(1, 3), begun)
    for who, minutes, text, reply_to in TALK:
        begun += timedelta(minutes=minutes)
        message = project.post((anna, boris)[who], text, reply_to=reply_to)
        _backdate(project, [message.number], begun)
    db.session.commit()
    yield f"Two people, anna and boris, with the password: {PASSWORD}"
    yield f"Project {project.id}: /projects/{project.id}"


def _backdate(project: Project, numbers: range | list[int], moment: object) -> None:
    db.session.execute(
        update(Message)
        .where(Message.project_id == project.id, Message.number.in_(list(numbers)))
        .values(created_at=moment)
    )
