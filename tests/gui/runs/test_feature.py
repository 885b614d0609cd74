"""The dock "Runs" in the whole window: list, search, summary, comparison, export, rename, delete."""

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QFileDialog, QInputDialog, QPushButton

from support.runs import make_result
from voxgrid.layouts import LAYOUTS
from voxgrid.models.runs import compared
from voxgrid.runs import RunsFeature, feature, keeper_for
from voxgrid.theme import ThemeMode, ui_font
from voxgrid.views.menus import all_actions
from voxgrid.views.runs.dialogs import CompareDialog, SummaryDialog
from voxgrid.views.runs.picture_view import PictureView, fitting
from voxpool.stress.store import RunStore, default_path


@pytest.fixture
def kept(stage):
    store = RunStore(default_path())
    store.save(make_result(1, name="before", count=300, search=True))
    store.save(make_result(2, name="after", count=300, slow=1.6))
    return store


@pytest.fixture
def runs(stage, kept, qtbot):
    made = next(each for each in stage.parts.features if isinstance(each, RunsFeature))
    stage.parts.window.show_layout(next(layout for layout in LAYOUTS if layout.name == "stress"))
    action(stage, "go_runs").trigger()
    qtbot.waitUntil(lambda: made.view.items.rowCount() == 2)
    yield made
    for kind in (SummaryDialog, CompareDialog):
        for dialog in stage.parts.window.findChildren(kind):
            dialog.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def opened(monkeypatch):
    """What the browser would have been given."""
    found = []
    monkeypatch.setattr(feature, "open_outside", lambda path, _notifications: found.append(path))
    return found


def action(stage, name):
    return next(each for each in all_actions(stage.parts.window) if each.objectName() == name)


def dialog_of(stage, kind, qtbot):
    qtbot.waitUntil(lambda: bool(stage.parts.window.findChildren(kind)))
    return stage.parts.window.findChildren(kind)[0]


def test_there_is_one_keeper_for_each_window(stage, runs):
    assert keeper_for(runs._desk) is runs.keeper


def test_the_list_is_searched(runs, qtbot):
    qtbot.keyClicks(runs.view.search, "AFTER")
    assert runs.view.items.rowCount() == 1
    runs.view.search.setText("nothing like it")
    assert not runs.view.list.isVisible()
    assert runs.view.empty.text() == "No run matches the search."


def test_actions_need_what_they_are_about(stage, runs):
    def enabled():
        names = ("open_run", "compare_runs", "export_csv", "rename_run", "delete_run")
        return [action(stage, name).isEnabled() for name in names]

    assert enabled() == [False] * 5
    runs.view.choose(["run-0001"])
    assert enabled() == [True, False, True, True, True]
    runs.view.choose(["run-0001", "run-0002"])
    assert enabled() == [True, True, False, False, True]


def test_enter_opens_a_summary_with_charts(stage, runs, qtbot):
    runs.view.choose(["run-0001"])
    runs.view.list.setFocus()
    qtbot.keyClick(runs.view.list, Qt.Key.Key_Return)
    dialog = dialog_of(stage, SummaryDialog, qtbot)
    assert dialog.verdict.text() == "✕ FAILED"
    assert not dialog.isModal()
    qtbot.waitUntil(lambda: len(dialog.findChildren(PictureView)) == 6)
    for mode in (ThemeMode.LIGHT, ThemeMode.DARK):
        stage.parts.theme.set_mode(mode)
        assert not dialog.grab().isNull()
    assert all(button.accessibleName() for button in dialog.findChildren(QPushButton))


def test_a_chart_shows_the_values_under_the_pointer(stage, runs, qtbot):
    runs.view.choose(["run-0001"])
    action(stage, "open_run").trigger()
    dialog = dialog_of(stage, SummaryDialog, qtbot)
    qtbot.waitUntil(lambda: len(dialog.findChildren(PictureView)) == 6)
    chart = next(each for each in dialog.findChildren(PictureView) if each.picture.title == "In use")
    qtbot.waitUntil(lambda: chart.plot.getViewBox().sceneBoundingRect().width() > 50)
    middle = chart.plot.mapFromScene(chart.plot.getViewBox().sceneBoundingRect().center())
    at, values = chart._values_at(middle.toPointF())
    assert at.endswith(" s")
    assert len(values) == 3
    outside = chart.plot.rect().bottomLeft().toPointF()
    assert chart._values_at(outside) is None


def test_two_are_compared_with_the_older_one(stage, runs, qtbot, opened):
    runs.view.choose(["run-0002", "run-0001"])
    action(stage, "compare_runs").trigger()
    dialog = dialog_of(stage, CompareDialog, qtbot)
    assert dialog.compared.names == ("before", "after")
    assert dialog.compared.sentences[0].startswith("after against before: slower at p50")
    dialog.findChild(QPushButton, "open_comparison").click()
    qtbot.waitUntil(lambda: bool(opened))
    assert "Comparison of 2 runs" in opened[0].read_text()


def test_more_runs_than_can_be_told_apart_are_said_to_be_left_out(stage, runs, qtbot, monkeypatch):
    monkeypatch.setattr(feature, "_MOST_COMPARED", 1)
    runs.view.choose(["run-0001", "run-0002"])
    action(stage, "open_run").trigger()
    newest = max(runs.view.chosen, key=lambda run: run.began_at)
    assert dialog_of(stage, SummaryDialog, qtbot).summary.run_id == newest.run_id
    said = stage.parts.notifications.newest.text
    assert said == "The newest 1 of the 2 chosen runs are opened: more cannot be told apart."


def test_a_comparison_of_many_runs_fits_the_screen(stage, runs, qtbot):
    many = compared([replace(make_result(seed), name=f"a run with a long name, number {seed}") for seed in range(12)])
    dialog = CompareDialog(many, stage.parts.theme, (), stage.parts.window)
    dialog.show()
    screen = dialog.screen().availableGeometry()
    assert dialog.minimumSizeHint().height() < 600
    assert dialog.height() <= screen.height()
    assert dialog.width() <= screen.width()
    assert not dialog.grab().isNull()


def test_names_in_a_legend_share_the_room(stage):
    metrics = QFontMetrics(ui_font())
    assert fitting(["before", "after"], metrics, 1000) == ["before", "after"]
    names = ["a name that is very long indeed 1", "a name that is very long indeed 2", "short"]
    cut = fitting(names, metrics, 300)
    assert "…" in cut[0]
    assert len(set(cut)) == 3, "names that begin alike are still told apart"
    assert sum(metrics.horizontalAdvance(name) + 34 for name in cut) <= 300


def test_the_report_opens_in_the_browser_without_texts(stage, runs, qtbot, opened):
    runs.with_texts = True
    runs.view.choose(["run-0001"])
    action(stage, "run_report").trigger()
    qtbot.waitUntil(lambda: bool(opened))
    page = opened[0].read_text()
    assert "<h1>before</h1>" in page
    assert "secret order number" not in page


@pytest.mark.parametrize("texts", [False, True])
def test_a_run_is_exported_to_the_chosen_file(stage, runs, qtbot, tmp_path, texts):
    if texts:
        action(stage, "export_texts").trigger()
    runs.view.choose(["run-0001"])
    action(stage, "export_json").trigger()
    dialog = dialog_of(stage, QFileDialog, qtbot)
    dialog.fileSelected.emit(str(tmp_path / "run"))
    dialog.close()
    qtbot.waitUntil(lambda: (tmp_path / "run.json").exists())
    qtbot.waitUntil(lambda: any("Exported to" in each.text for each in stage.parts.notifications.items))
    text = (tmp_path / "run.json").read_text()
    assert json.loads(text)["run_id"] == "run-0001"
    assert ("secret order number" in text) is texts


def test_a_file_that_cannot_be_written_is_one_sentence(stage, runs, qtbot, tmp_path):
    runs.view.choose(["run-0001"])
    action(stage, "export_csv").trigger()
    dialog = dialog_of(stage, QFileDialog, qtbot)
    dialog.fileSelected.emit(str(tmp_path / "nowhere" / "run.csv"))
    dialog.close()
    qtbot.waitUntil(lambda: any("No such file" in each.text for each in stage.parts.notifications.items))
    assert stage.parts.notifications.newest.text.startswith("Writing the file: ")


def test_a_run_is_renamed_and_stays_chosen(stage, runs, qtbot):
    runs.view.choose(["run-0001"])
    action(stage, "rename_run").trigger()
    dialog = dialog_of(stage, QInputDialog, qtbot)
    assert dialog.textValue() == "before"
    dialog.setTextValue("the good one")
    dialog.accept()
    qtbot.waitUntil(lambda: "the good one" in [run.name for run in runs.keeper.runs])
    assert [run.run_id for run in runs.view.chosen] == ["run-0001"]


def rows(runs, qtbot, count):
    qtbot.waitUntil(lambda: runs.view.items.rowCount() == count)
    assert len(RunStore(default_path()).list()) == count


def test_what_was_deleted_is_taken_back(stage, runs, qtbot):
    undo, notifications = action(stage, "undo_delete_run"), stage.parts.notifications
    assert not undo.isEnabled()
    runs.view.choose(["run-0001", "run-0002"])
    action(stage, "delete_run").trigger()
    rows(runs, qtbot, 0)
    assert notifications.newest.text == "2 runs were deleted."
    notifications.newest.action.run()
    rows(runs, qtbot, 2)
    assert not undo.isEnabled()
    assert "deleted" not in "".join(item.text for item in notifications.items)


def test_deletions_are_taken_back_one_after_the_other_or_each_by_itself(stage, runs, qtbot):
    for number, run_id in enumerate(("run-0001", "run-0002"), start=1):
        runs.view.choose([run_id])
        action(stage, "delete_run").trigger()
        rows(runs, qtbot, 2 - number)
    of_second = stage.parts.notifications.newest.action
    runs.view.list.setFocus()
    action(stage, "undo_delete_run").trigger()
    rows(runs, qtbot, 1)
    assert [run.run_id for run in runs.keeper.runs] == ["run-0002"]
    # Its button is still in the list of notifications; what is back already is not taken back again.
    of_second.run()
    action(stage, "undo_delete_run").trigger()
    rows(runs, qtbot, 2)
    of_second.run()
    rows(runs, qtbot, 2)


async def test_closing_the_window_deletes_for_good(stage, runs, qtbot):
    runs.view.choose(["run-0001"])
    action(stage, "delete_run").trigger()
    rows(runs, qtbot, 1)
    await runs.close()
    RunStore(default_path()).restore(["run-0001"])
    assert [run.run_id for run in RunStore(default_path()).list()] == ["run-0002"]


def test_pages_for_the_browser_are_bounded(stage, runs, qtbot, opened, monkeypatch):
    monkeypatch.setattr("voxgrid.runs.files.MOST_PAGES", 2)
    for number, ids in enumerate((["run-0001"], ["run-0002"], ["run-0001", "run-0002"]), start=1):
        write = feature.files.comparison_page if len(ids) > 1 else feature.files.report_page
        runs._open_page(ids, write)
        qtbot.waitUntil(lambda number=number: len(opened) == number)
    assert len(list(opened[-1].parent.glob("*.html"))) == 2
    assert opened[-1].exists()
