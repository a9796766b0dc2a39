"""The plots of docs/performance.md, as SVG."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from bench.contenders import NAMES
from bench.figures import Sample, spread
from bench.goals import Results

# The same run gives the same file, and text stays text.
mpl.rcParams.update({"svg.hashsalt": "projchat", "svg.fonttype": "none", "font.size": 9})
COLOURS = dict(zip(NAMES, ("#2563eb", "#111827", "#16a34a", "#d97706", "#9ca3af"), strict=False))
PACE = {"paced": 20, "paced-50": 50, "paced-100": 100, "paced-200": 200, "paced-400": 400}
LISTENERS = {"post": 1, "room": 100, "fanout": 500}
Line = list[tuple[float, float]]


def draw(results: Results, folder: Path) -> list[str]:
    """Draw every plot that these results have points for; return their file names."""
    plots = {
        "latency.svg": (
            "Latency (p50) against load: 100 listeners",
            ("messages a second", "ms"),
            _lines(results, PACE, "p50"),
        ),
        "cpu.svg": (
            "Server CPU per delivery against listeners, the post included",
            ("listeners", "µs"),
            _lines(results, LISTENERS, "cpu_per_delivery"),
        ),
        "memory.svg": (
            "Memory against idle connections",
            ("connections", "MiB"),
            _memory(results.get("memory", {})),
        ),
    }
    for name, (title, axes, lines) in plots.items():
        _draw(folder / name, title, axes, lines, logarithmic=name != "memory.svg")
    return list(plots)


def _lines(results: Results, places: Mapping[str, float], metric: str) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for workload, x in places.items():
        for name, samples in results.get(workload, {}).items():
            if samples and name in COLOURS:
                lines.setdefault(name, []).append((x, spread(samples, metric).median))
    return lines


def _memory(rounds: Mapping[str, Iterable[Sample]]) -> dict[str, Line]:
    """Each round adds to those who have come before."""
    lines: dict[str, Line] = {}
    for name, samples in rounds.items():
        lines[name] = [(sample["connections"], sample["memory_kib"] / 1024) for sample in samples]
    return lines


def _draw(
    path: Path, title: str, axes: tuple[str, str], lines: dict[str, Line], logarithmic: bool
) -> None:
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    plot = figure.subplots()
    for name, points in lines.items():
        plot.plot(*zip(*points, strict=True), marker="o", color=COLOURS[name], label=NAMES[name])
    if logarithmic:
        plot.set(xscale="log", yscale="log")
        ticks = sorted({x for points in lines.values() for x, _ in points})
        plot.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        plot.minorticks_off()
        plot.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        plot.yaxis.set_major_formatter("{x:g}")
    plot.set(title=title, xlabel=axes[0], ylabel=axes[1])
    plot.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(path, metadata={"Date": None})
