"""How a run reads in a terminal."""

import math
import re
import signal

import pytest
from rich.console import Console

from voxpool.cli import main, stresstext
from voxpool.cli.runsverbs import summary
from voxpool.cli.stress import _FAULTS, _exit_code
from voxpool.cli.stressrun import INTERRUPTED, TERMINATED
from voxpool.cli.stressview import LiveView
from voxpool.errors import VoxpoolError
from voxpool.server.faults import EFFECTS, PLACES
from voxpool.stress.result import (
    ErrorCount,
    Mark,
    MarkKind,
    Percentiles,
    RunResult,
    SearchResult,
    Step,
    ThresholdResult,
    Tick,
    Verdict,
)
from voxpool.stress.scenario import parse_scenario


def result(**changes):
    values = {
        "run_id": "x",
        "name": "Test",
        "began_at": 0.0,
        "wall_s": 1.5,
        "started": 3,
        "done": 2,
        "failed": 1,
        "distributions": {"ttfa": Percentiles(2, 15.0, 10.0, 10.0, 20.0, 20.0, 20.0, 20.0, 20.0)},
        "errors": (ErrorCount("LimitReached 8", 1, ("too many (code 8)",)),),
    }
    return RunResult(**(values | changes))


def test_the_help_tells_every_place_and_effect_of_a_fault(capsys):
    with pytest.raises(SystemExit):
        main(["stress", "--help"])
    told = set(re.findall(r"\w+", capsys.readouterr().out))
    assert told >= {*PLACES, *EFFECTS, *(name for _, names in EFFECTS.values() for name in names)}


def test_the_faults_of_the_help_can_be_set():
    _, form = _FAULTS.split("\n\n", 1)
    toml = form.partition("places:")[0].replace("\n  ", "\n").strip()
    load = '[load]\nprofile = "rate"\nrate = 3\nduration_s = 30\n'
    assert len(parse_scenario((load + toml).encode(), "x.toml").faults) == 2


def test_ctrl_c_works_again_after_a_run_that_failed(monkeypatch, capsys):
    async def fail(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise VoxpoolError("made up for a test")

    monkeypatch.setattr("voxpool.cli.stressrun.StressRun.run", fail)
    before = signal.getsignal(signal.SIGINT)
    assert main(["stress", "--utterances", "1"]) == 1
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err == "voxpool: made up for a test\n"


def test_it_names_errors_by_kind_with_a_count_and_an_example():
    lines = stresstext.report(result()).splitlines()

    assert "2 done, 1 failed of 3 utterances" in lines
    assert "  1 x LimitReached 8: too many (code 8)" in lines
    several = ErrorCount("ConnectionLost", 15, ("connection 4 was lost after 1.86 s",), varied=True)
    said = stresstext.report(result(errors=(several,))).splitlines()
    assert "  15 x ConnectionLost: for example: connection 4 was lost after 1.86 s" in said
    assert "errors: none" in stresstext.report(result(errors=()))


def test_it_names_thresholds_the_search_and_the_verdict():
    text = stresstext.report(
        result(
            verdict=Verdict.FAILED,
            reasons=("It is slow.",),
            thresholds=(ThresholdResult("a.b < 1", False, 2.5), ThresholdResult("c.d < 1", True, None)),
            search=SearchResult(
                7.0, 8.0, "utterances at once", (Step(7.0, True, 1.0, 2.0), Step(8.0, False, why="so"))
            ),
        )
    )

    assert "FAILED  a.b < 1  (2.5)" in text
    assert "held    c.d < 1  (nothing measured)" in text
    assert "safe: 7 utterances at once; breaking: 8" in text
    assert text.endswith("FAILED: It is slow.")
    assert "None" not in text


def test_a_search_says_what_its_thresholds_are_about():
    held = (ThresholdResult("corrected_ms.p95 < 600", True, 480.0),)
    found = result(thresholds=held, search=SearchResult(7.0, 8.0, "utterances at once"))
    none = result(thresholds=held, search=SearchResult(None, 1.0, "utterances at once"))
    other = "percentiles, stalls and errors are of all levels together."

    for told in (stresstext.report, summary):
        assert f"The thresholds are of the last try at 7 utterances at once, the safe level; {other}" in told(found)
        assert f"No level held, so that no threshold has a value; {other}" in told(none)
        assert other not in told(result(thresholds=held))


def test_an_invalid_run_says_how_to_read_it():
    assert "upper bound" in stresstext.report(result(verdict=Verdict.INVALID))
    assert "upper bound" not in stresstext.report(result())


def test_exit_codes():
    held = (ThresholdResult("errors.rate < 1", True, 0.3),)

    assert _exit_code(result(failed=0)) == 0
    assert _exit_code(result(verdict=Verdict.FAILED)) == 1
    # Who names thresholds says what a failure is.
    assert _exit_code(result(thresholds=held)) == 0
    assert _exit_code(result(verdict=Verdict.FAILED, thresholds=held)) == 1
    assert _exit_code(result(verdict=Verdict.ABORTED, reasons=("The cap of 9 characters was reached.",))) == 1
    assert _exit_code(result(verdict=Verdict.INVALID)) == 3
    assert _exit_code(result(verdict=Verdict.ABORTED, reasons=(INTERRUPTED,))) == 130
    assert _exit_code(result(verdict=Verdict.ABORTED, reasons=(TERMINATED,))) == 143


def test_the_live_view_shows_the_newest_state():
    view = LiveView("Phone line", 60.0, 100)
    console = Console(width=100, record=True, file=None, force_terminal=False)
    for number in range(100):
        view.on_tick(Tick(at_s=number / 4, in_flight=number, slots_held=7, failed=2, ttfa_p95_ms=100.0 + number))
    view.on_mark(Mark(1.0, MarkKind.THRESHOLD, "errors.rate < 0.01 is crossed: 0.02"))
    with console.capture() as capture:
        console.print(view.render())
    shown = capture.get()

    assert "Phone line" in shown
    assert "7/100" in shown
    assert "199 ms" in shown
    assert "35 s left" in shown
    assert "is crossed" in shown


def rendered(view):
    console = Console(width=100, force_terminal=False)
    with console.capture() as capture:
        console.print(view.render())
    return capture.get()


def test_the_live_view_says_when_nobody_begins_any_more():
    stopped, over, endless = (LiveView("Phone line", lasts_s, 100) for lasts_s in (60.0, 9.0, math.inf))
    stopped.on_mark(Mark(10.0, MarkKind.STOP, "draining: It was interrupted with Ctrl+C."))
    for view in (stopped, over, endless):
        view.on_tick(Tick(at_s=10.0))

    for view in (stopped, over):
        assert "10 s, waiting for the last ones" in rendered(view)
        assert "left" not in rendered(view)
    assert "waiting for the last ones" not in rendered(endless)


def test_both_views_tell_the_cost_where_it_costs(capsys):
    live = LiveView("Phone line", 60.0, 100)
    live.on_tick(Tick(at_s=1.0, usd=0.125))
    stresstext.PlainView().on_tick(Tick(at_s=9.0, usd=0.125))

    assert re.search(r"cost +\$0\.12", rendered(live))
    assert capsys.readouterr().err.endswith("cost $0.12\n")
    assert "cost" not in stresstext.now(Tick(at_s=9.0))


def test_plain_lines_say_where_it_is(capsys):
    view = stresstext.PlainView()
    for number in range(100):
        view.on_tick(Tick(at_s=number / 4, done=number))
    view.on_mark(Mark(1.0, MarkKind.EDIT, "target set to 4"))
    lines = capsys.readouterr().err.splitlines()

    assert len(lines) == 5
    assert "target set to 4" in lines[-1]


def test_both_views_say_that_the_service_is_out_of_reach(capsys):
    tick = Tick(at_s=60.0, trouble="out of reach since 0.8 s: nothing listens there.")
    stresstext.PlainView().on_tick(tick)
    live, console = LiveView("Phone line", 60.0, 100), Console(width=100, force_terminal=False)
    live.on_tick(tick)
    with console.capture() as capture:
        console.print(live.render())

    assert capsys.readouterr().err.endswith("(service out of reach)\n")
    assert tick.trouble in capture.get()


def test_both_views_say_who_hears_nothing_and_that_nothing_comes(capsys):
    tick = Tick(at_s=60.0, stalls=2, starving=15, starved_s=4.25, nothing_s=4.5, trouble="silent: nothing has come.")
    stresstext.PlainView().on_tick(tick)
    live, console = LiveView("Phone line", 60.0, 100), Console(width=100, force_terminal=False)
    live.on_tick(tick)
    with console.capture() as capture:
        console.print(live.render())

    assert capsys.readouterr().err.endswith("stalls 2 (15 silent now, 4.2 s)  (nothing has come for 4 s)\n")
    assert "2 (15 silent now, 4.2 s)" in capture.get()
    assert "The service is silent: nothing has come." in capture.get()


def test_it_says_what_of_the_warm_up_was_left_out():
    text = stresstext.report(result(warm_up=22, warm_up_characters=1234, warm_up_usd=0.02, peak_connections=1))
    assert "2 done, 1 failed of 3 utterances; 22 of the warm-up left out (1,234 characters, $0.02)" in text
    assert "0 at once on 1 connection, " in text
    assert "warm-up" not in stresstext.report(result())
    assert "warm-up 22  done 0" in stresstext.now(Tick(at_s=1.0, warm_up=22))
    assert "warm-up" not in stresstext.now(Tick(at_s=1.0))


@pytest.mark.parametrize(
    ("verdict", "sign"),
    [(Verdict.ABORTED, "–"), (Verdict.INVALID, "–"), (Verdict.PASSED, "–"), (Verdict.FAILED, "FAILED")],
)
def test_what_was_not_measured_did_not_fail_unless_the_run_had_all_its_time(verdict, sign):
    thresholds = (ThresholdResult("a.b < 1", False, None),)
    text = stresstext.report(result(verdict=verdict, thresholds=thresholds))
    (line,) = [line for line in text.splitlines() if "a.b < 1" in line]
    assert line.split() == [sign, "a.b", "<", "1", "(nothing", "measured)"]
