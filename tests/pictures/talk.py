"""What the people in the pictures say, in both languages; the same story, line by line."""

from dataclasses import dataclass, field

# Where each of them stands in a story.
ANNA, BORIS, CLARA = range(3)


@dataclass(frozen=True)
class Line:
    """One message: who, when, what; what it answers, who reacts how, who pins it."""

    who: int
    at: str
    text: str
    answers: str = ""
    reactions: dict[str, tuple[int, ...]] = field(default_factory=dict)
    pinned_by: int | None = None
    picture: str = ""


@dataclass(frozen=True)
class Story:
    """A project, its people, the projects beside it, and what is said on two days."""

    locale: str
    names: tuple[str, str, str]
    project: str
    description: str
    others: tuple[str, str, str]
    elsewhere: tuple[str, str]
    yesterday: tuple[Line, ...]
    today: tuple[Line, ...]
    searched: str
    waiting: tuple[str, str, str]
    file: str
    about_files: str


ENGLISH = Story(
    locale="en-US",
    names=("Anna", "Boris", "Clara"),
    project="New website",
    description="Texts, pictures and the launch on Friday.",
    others=("Mobile app", "Office move", "Support"),
    elsewhere=("The beta is in the store.", "@anna, is the key to the lab with you?"),
    yesterday=(
        Line(BORIS, "15:20", "The new start page is on staging: https://staging.example.org/"),
        Line(CLARA, "15:31", "It loads in no time! The headline still says *coming soon*, though."),
        Line(ANNA, "15:34", "I'll change it today. Where does the text live?"),
        Line(BORIS, "15:36", "In `texts/start.md`, beside the others.", answers="15:34"),
        Line(CLARA, "16:02", "Who takes care of the redirects from the old site?"),
    ),
    today=(
        Line(
            CLARA,
            "08:41",
            "Good morning! Until Friday:\n\n1. texts: Anna\n2. pictures: me\n3. redirects: Boris",
            reactions={"👍": (ANNA, BORIS)},
            pinned_by=BORIS,
        ),
        Line(
            CLARA,
            "08:50",
            "And this is the start page with the new picture",
            reactions={"😍": (BORIS,), "👍": (ANNA, BORIS)},
            picture="start-page.png",
        ),
        Line(
            BORIS,
            "08:52",
            "Beautiful. @anna, is the headline short enough for a phone?",
            answers="08:50",
        ),
        Line(ANNA, "08:55", "It is, I have tried.", answers="08:50"),
        Line(BORIS, "09:01", "Half of the redirects end at the start page."),
        Line(
            ANNA,
            "09:12",
            "It was the slash at the end. This does it:\n\n"
            "```nginx\nlocation ~ ^/blog/(.+?)/?$ {\n    return 301 /journal/$1;\n}\n```",
        ),
        Line(
            BORIS,
            "09:16",
            "All 214 are right now, thank you. Cake at three? 🍰",
            reactions={"🎉": (ANNA, CLARA)},
        ),
    ),
    searched="redirect",
    waiting=(
        "The train is in the tunnel again.",
        "The last text is done, please read it once more.",
        "I am there in ten minutes.",
    ),
    file="press-photos.zip",
    about_files="The photos for the press",
)

RUSSIAN = Story(
    locale="ru-RU",
    names=("Анна", "Борис", "Вера"),
    project="Новый сайт",
    description="Тексты, картинки и запуск в пятницу.",
    others=("Мобильное приложение", "Переезд", "Поддержка"),
    elsewhere=("Бета уже в магазине.", "@anna, ключ от лаборатории у тебя?"),
    yesterday=(
        Line(BORIS, "15:20", "Новая главная на стенде: https://staging.example.org/"),
        Line(CLARA, "15:31", "Открывается мгновенно! Только в заголовке всё ещё *скоро*."),
        Line(ANNA, "15:34", "Сегодня поправлю. Где лежит текст?"),
        Line(BORIS, "15:36", "В `texts/start.md`, рядом с остальными.", answers="15:34"),
        Line(CLARA, "16:02", "Кто займётся перенаправлениями со старого сайта?"),
    ),
    today=(
        Line(
            CLARA,
            "08:41",
            "Доброе утро! До пятницы:\n\n"
            "1. тексты: Анна\n2. картинки: я\n3. перенаправления: Борис",
            reactions={"👍": (ANNA, BORIS)},
            pinned_by=BORIS,
        ),
        Line(
            CLARA,
            "08:50",
            "А это главная с новой картинкой",
            reactions={"😍": (BORIS,), "👍": (ANNA, BORIS)},
            picture="start-page.png",
        ),
        Line(
            BORIS,
            "08:52",
            "Красота. @anna, заголовок поместится на телефоне?",
            answers="08:50",
        ),
        Line(ANNA, "08:55", "Поместится, я проверила.", answers="08:50"),
        Line(BORIS, "09:01", "Половина перенаправлений ведёт на главную."),
        Line(
            ANNA,
            "09:12",
            "Дело было в косой черте на конце. Вот так работает:\n\n"
            "```nginx\nlocation ~ ^/blog/(.+?)/?$ {\n    return 301 /journal/$1;\n}\n```",
        ),
        Line(
            BORIS,
            "09:16",
            "Все 214 верны, спасибо. В три пьём чай с тортом? 🍰",
            reactions={"🎉": (ANNA, CLARA)},
        ),
    ),
    searched="перенаправ",
    waiting=(
        "Поезд опять в тоннеле.",
        "Последний текст готов, прочитайте его ещё раз.",
        "Буду через десять минут.",
    ),
    file="press-photos.zip",
    about_files="Фотографии для прессы",
)
