"""What ``voxpool runs`` can do with kept runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from voxpool.cli.outputs import STDOUT, check_outputs, print_data, written
from voxpool.cli.runs import LAST
from voxpool.errors import RunsError, WrongUse
from voxpool.stress import storefile
from voxpool.stress.compare import METHOD, Difference, compare
from voxpool.stress.report import words
from voxpool.stress.result import Percentiles, RunResult
from voxpool.stress.store import KeptRun, RunStore, default_path


def do(arguments: argparse.Namespace) -> int:
    """Do what was asked for and return the exit code.

    Raises:
        WrongUse: If ``--store`` names what is no file of kept runs.
        RunsError: If a run is not there, or the file of kept runs cannot be used.
        OSError: If a file cannot be written.
    """
    named: Path | None = arguments.store
    store = RunStore(default_path(), own=True) if named is None else RunStore(_existing(named))
    code = _VERBS[arguments.verb](store, arguments)
    if store.problem:
        print(f"voxpool: {store.problem}", file=sys.stderr)
    return code


def _existing(path: Path) -> Path:
    try:
        storefile.check(path)
    except storefile.Unusable as trouble:
        raise WrongUse(f"--store must name a file of kept runs, but {path} {trouble.why}") from trouble
    return path


def _list(store: RunStore, arguments: argparse.Namespace) -> int:
    found = store.list(" ".join(arguments.search))
    if arguments.json:
        print_data(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False) + "\n")
        return 0
    if not found:
        print("no run matches" if arguments.search else "no run is kept yet")
        return 0
    short = _shortest([each.run_id for each in store.list()])
    width = max(len(short[each.run_id]) for each in found)
    print(f"{'id':<{width}}  {'began':<19}  {'verdict':<10} {'p95 ms':>8} {'safe':>6} {'lasted':>10}  name")
    for each in found:
        print(_line(each, f"{short[each.run_id]:<{width}}"))
    return 0


def _shortest(ids: list[str]) -> dict[str, str]:
    """Return for each id the shortest beginning that tells it from the others; at least eight characters."""
    longest = max(map(len, ids), default=0)
    return {
        run_id: next(
            (
                run_id[:length]
                for length in range(8, longest)
                if sum(other.startswith(run_id[:length]) for other in ids) == 1
            ),
            run_id,
        )
        for run_id in ids
    }


def _line(run: KeptRun, run_id: str) -> str:
    reading = words.reading(run.verdict)
    safe = words.NOTHING if run.safe is None else words.number(run.safe)
    note = f" ({run.note})" if run.note else ""
    return (
        f"{run_id}  {words.moment(run.began_at)}  {reading.sign} {reading.word:<8} "
        f"{words.millis(run.p95_ms):>8} {safe:>6} {words.duration(run.wall_s):>10}  {run.name}{note}"
    )


def _show(store: RunStore, arguments: argparse.Namespace) -> int:
    print(summary(_opened(store, arguments.run)))
    return 0


def summary(result: RunResult) -> str:
    """Return the summary of a run for a terminal."""
    reading = words.reading_of(result)
    short = f", {result.cut_short:,} cut short by the end of the run" if result.cut_short else ""
    lines = [f"{reading.sign} {reading.word}: {result.name}", *(f"  {each}" for each in words.sentences(result))]
    if safe := words.safe_number(result):
        lines.append(f"  {safe}")
    lines += [
        "",
        f"{result.run_id}, {words.moment(result.began_at)}, {words.duration(result.wall_s)}, {result.url}",
        (
            f"{result.done:,} done, {result.failed:,} failed, {result.interrupted:,} interrupted{short} "
            f"of {result.started:,}"
        ),
        *([f"{left}"] if (left := words.left_out(result)) else []),
        f"{result.peak_in_flight:,} at once at most, on {words.quantity(result.peak_connections, 'connection')}",
        f"{words.quantity(result.characters, 'character')}, {_cost(result)}; {words.quantity(result.stalls, 'stall')}",
        "",
        f"{'ms':<46}{'p50':>9}{'p95':>9}{'p99':>9}{'p99.9':>9}{'max':>9}  count",
        *(_row(words.MEASURES.get(name, name), each) for name, each in result.distributions.items() if each.count),
    ]
    if result.thresholds:
        lines += [
            "",
            *([said] if (said := words.judged(result)) else []),
            *(
                f"{_SIGNS[words.held(each, result.verdict)]} {each.text}: {words.number(each.value)}"
                for each in result.thresholds
            ),
        ]
    if result.errors:
        lines.append("")
        for each in result.errors:
            lines.append(f"{each.count:,} x {each.kind}: {' | '.join((each.words, *each.examples[1:]))}")
    return "\n".join(lines)


def _cost(result: RunResult) -> str:
    return f"estimated to cost {words.money(result.cost_usd)}" if result.cost_usd else "which cost nothing"


def _row(title: str, values: Percentiles) -> str:
    shown = (values.p50, values.p95, values.p99, values.p999, values.max)
    return f"{title:<46}{''.join(f'{words.millis(each):>9}' for each in shown)}  {values.count:,}"


def _compare(store: RunStore, arguments: argparse.Namespace) -> int:
    if len(arguments.runs) < 2:
        raise WrongUse("a comparison needs at least two runs")
    check_outputs({"--html": arguments.html}, *map(Path, arguments.runs))
    results = [_opened(store, each) for each in arguments.runs]
    # Here and not above: the page needs jinja2 and plotly, which a list must not wait for.
    from voxpool.stress.report.html import write_comparison

    names = words.distinct_names(results)
    for name, other in zip(names[1:], results[1:], strict=True):
        comparison = compare(results[0], other)
        print(f"{name} against {names[0]}: {comparison.sentence()}")
        for measure in ("corrected", "uncorrected", "ttfa"):
            for each in comparison.of(measure):
                print(_difference(each))
        print()
    for caveat in words.caveats(names, results):
        print(caveat)
    print(METHOD)
    if arguments.html:
        write_comparison(results, arguments.html)
    return 0


def _difference(each: Difference) -> str:
    between = "" if each.low is None else f"{words.signed(each.low)} to {words.signed(each.high)}"
    return (
        f"  {each.measure:<12}{each.name:<7}{words.millis(each.before):>9} {words.millis(each.after):>9}"
        f" {words.signed(each.delta_ms):>9}  {between:<20}  {each.change}"
    )


def _export(store: RunStore, arguments: argparse.Namespace) -> int:
    wanted = {f"--{name}": file for name in _FORMS if (file := getattr(arguments, name)) is not None}
    if not wanted:
        raise WrongUse("say what to write: --html, --json, --csv, --trace or --scenario, each with a file")
    check_outputs(wanted, Path(arguments.run))
    result = _opened(store, arguments.run)
    for option, file in wanted.items():
        data = _FORMS[option.removeprefix("--")](result, arguments.texts)
        if file == STDOUT:
            print_data(data.replace(b"\r\n", b"\n"))
        elif trouble := written(file, data):
            raise RunsError(trouble)
    for file in wanted.values():
        if file != STDOUT:
            print(file, file=sys.stderr if STDOUT in wanted.values() else sys.stdout)
    return 0


def _html(result: RunResult, texts: bool) -> bytes:
    from voxpool.stress.report.html import to_html

    return to_html(result, texts=texts).encode()


def _table(name: str) -> Callable[[RunResult, bool], bytes]:
    def data(result: RunResult, texts: bool) -> bytes:
        from voxpool.stress.report import tables

        text: str = getattr(tables, name)(result, texts)
        return text.encode()

    return data


def _trace(result: RunResult, texts: bool) -> bytes:
    from voxpool.stress.export.trace import to_trace

    return to_trace(result, texts=texts)


_SIGNS: Final = {True: "✓", False: "✕", None: "–"}
_FORMS: Final[dict[str, Callable[[RunResult, bool], bytes]]] = {
    "html": _html,
    "json": _table("to_json"),
    "csv": _table("to_csv"),
    "trace": _trace,
    "scenario": _table("scenario_to_run"),
}
"""What a run can be written as; imported when asked for, because a list must not wait for it."""


def _delete(store: RunStore, arguments: argparse.Namespace) -> int:
    # All of them are looked up before the first one goes.
    for run_id in [_found(store, each) for each in arguments.runs]:
        store.delete(run_id)
        print(f"deleted {run_id}")
    return 0


def _opened(store: RunStore, which: str) -> RunResult:
    file = Path(which)
    if file.suffix != ".json" or not file.is_file():
        return store.load(_found(store, which))
    try:
        return RunResult.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunsError(f"{file} is no exported run ({type(error).__name__}).") from error


def _found(store: RunStore, which: str) -> str:
    kept = store.list()
    if which == LAST and kept:
        return kept[0].run_id
    ids = [each.run_id for each in kept]
    if which in ids:
        return which
    begun = [each for each in ids if which and each.startswith(which)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise RunsError(f"{len(begun)} runs begin with {which}; write more of the id.")
    raise RunsError(f"There is no kept run {which}; voxpool runs list shows what there is.")


_VERBS: Final[dict[str, Callable[[RunStore, argparse.Namespace], int]]] = {
    "list": _list,
    "show": _show,
    "compare": _compare,
    "export": _export,
    "delete": _delete,
}
