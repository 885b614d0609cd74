"""The form of a scenario: every load and caller with its fields, reported once, never lost."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent

from voxgrid.models.lab.draft import AS_LOADED, FILE, Draft, VoiceSource
from voxgrid.models.lab.fields import CALLERS, LOADS
from voxgrid.views.lab.scenario_view import ScenarioView


@pytest.fixture
def view(qtbot, theme):
    made = ScenarioView()
    qtbot.addWidget(made)
    made.resize(290, 640)
    made.show()
    return made


@pytest.fixture
def drafts(view):
    seen = []
    view.draftChanged.connect(seen.append)
    return seen


def choose(picker, value):
    picker.setCurrentIndex(picker.findData(value))


@pytest.mark.parametrize("kind", LOADS, ids=lambda kind: kind.tag)
def test_every_load_brings_its_fields(view, drafts, kind):
    choose(view.load, kind.tag)
    assert view.draft.load == kind.tag
    for field in kind.fields:
        editor = view.load_fields.editor(field.name)
        assert editor.accessibleName()
        assert editor.toolTip()
        assert editor.isVisible()


@pytest.mark.parametrize("kind", CALLERS, ids=lambda kind: kind.tag)
def test_every_caller_brings_its_fields(view, kind):
    choose(view.caller, kind.tag)
    assert view.draft.caller == kind.tag
    assert view.caller_fields.isVisible() is bool(kind.fields)


def test_a_number_is_reported_as_it_is_meant(view, drafts):
    choose(view.caller, "conversing")
    view.caller_fields.editor("talk_share").setValue(35)
    assert drafts[-1].callers["conversing"]["talk_share"] == pytest.approx(0.35)
    view.load_fields.editor("duration_s").setValue(view.load_fields.editor("duration_s").minimum())
    assert "duration_s" not in drafts[-1].loads["concurrency"]
    assert view.load_fields.editor("duration_s").text() == "–"


def test_showing_a_draft_reports_nothing(view, drafts):
    view.show_draft(replace(Draft(), load="ramp", caller="feeding", seed=9, thresholds="errors.rate < 0.5"))
    assert drafts == []
    assert view.thresholds.toPlainText() == "errors.rate < 0.5"


def test_fields_appear_only_where_they_say_something(view):
    assert not view.file.isVisible()
    assert not view.mix.isVisible()
    choose(view.voices, VoiceSource.MIX.value)
    assert view.mix.isVisible()
    view.show_draft(replace(Draft(), texts=FILE, file="somewhere/lines.txt"))
    assert view.file.isVisible()
    assert view.file.text() == "lines.txt"


def test_as_in_the_file_is_offered_only_while_it_is_so(view):
    assert view.texts.findData(AS_LOADED) < 0
    view.show_draft(replace(Draft(), texts=AS_LOADED, voices=VoiceSource.AS_LOADED))
    assert view.texts.currentData() == AS_LOADED
    choose(view.texts, "short-replies")
    assert view.texts.findData(AS_LOADED) < 0


def test_a_wrong_threshold_is_explained_while_it_is_typed(view, qtbot):
    view.thresholds.setPlainText("ttfa_ms.p95 < 400\nerrors.rat < 1")
    assert view.threshold_error.text().startswith("Line 2: ")
    assert view.thresholds.property("invalid") is True
    view.thresholds.setPlainText("ttfa_ms.p95 < 400 abort")
    assert not view.threshold_error.isVisible()


def test_scrolling_the_form_changes_no_number(view, drafts):
    editor = view.load_fields.editor("concurrency")
    editor.setFocus()
    wheel = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, 120), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    editor.wheelEvent(wheel)
    assert editor.value() == 50
    assert drafts == []


def test_while_a_run_goes_on_it_can_only_be_read(view):
    view.set_editable(False)
    assert not view.load.isEnabled()
    assert not view.thresholds.isEnabled()
    view.set_editable(True)
    assert view.load.isEnabled()
    assert view.mix.isEnabled()
