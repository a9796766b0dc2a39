"""The load generator, load.c or what else speaks the server's language, as an object."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bench.contenders import Contender, Seat, build
from bench.meter import on_cores


class Load:
    """Listeners and posters of one server; leaving the context hangs up."""

    def __init__(self, contender: Contender, cores: set[int]) -> None:
        program = build(contender.load)
        words = [program, "127.0.0.1", str(contender.port), *contender.load_words]
        self._folder = contender.folder
        with on_cores(cores):
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(
        self, seats: list[Seat], newcomers: list[Seat] | None = None, **wishes: float
    ) -> dict[str, Any]:
        """Let listeners in, post, or both at once; return what was measured (see run.h)."""
        words = ["run", f"seats={self._file('seats', seats)}"]
        if newcomers:
            words.append(f"newcomers={self._file('newcomers', newcomers)}")
        words += [f"{name}={value}" for name, value in wishes.items()]
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The load generator left with {self._process.wait()}.")
        return json.loads(answer)

    def _file(self, name: str, seats: list[Seat]) -> Path:
        path = self._folder / name
        path.write_text("".join(f"{seat}\n" for seat in seats))
        return path
