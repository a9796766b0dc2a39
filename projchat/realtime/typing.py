"""Who is writing: passed on to the others in the room, and kept nowhere."""

from ..errors import ApiError
from ..extensions import socketio
from ..schemas import TypingIn
from .events import fanout, here, on, sid


@on("typing", TypingIn, limit="20/second")
def typing(data: TypingIn) -> None:
    """Tell the others in the room; being in it is the proof of membership."""
    room = f"project:{data.project_id}"
    if not fanout().is_in(sid(), room):
        raise ApiError(404, "not_found")
    person = here()
    news = {
        "projectId": data.project_id,
        "userId": person.user_id,
        "userName": person.name,
        "isTyping": data.is_typing,
    }
    socketio.emit("user-typing", news, to=room, skip_sid=sid())
