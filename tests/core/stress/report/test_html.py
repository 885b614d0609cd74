"""The HTML report: whole, alone, safe, without keys, and with the verdict first."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from support.runs import MADE_UP_KEY, make_result
from voxpool.stress.report import html, words
from voxpool.stress.report.figures import figures
from voxpool.stress.report.html import SLOWEST, comparison_html, to_html, write_comparison, write_html
from voxpool.stress.result import ErrorCount, Mark, MarkKind, SearchResult, Verdict

NASTY = "</script><img src=x onerror=alert(1)> & 'quoted' {{ 7 * 7 }}"


@pytest.fixture(autouse=True)
def _no_five_megabytes(monkeypatch):
    """What is tested is ours; the library is put in by one line, which has a test of its own."""
    monkeypatch.setattr(html, "get_plotlyjs", lambda: "/* plotly */")


@pytest.fixture(scope="module")
def result():
    return make_result(count=300, search=True, stall_at=8)


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, and the texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)
        elif self.open and self.open[-1] == "script" and data.startswith("["):
            self.charts = json.loads(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def test_the_verdict_comes_first_in_words_sign_and_colour(result):
    page = Page(to_html(result))
    assert not page.open
    seen = page.text.removeprefix("FAILED: morning rush").strip()
    assert seen.startswith("✕ FAILED morning rush ttfa_ms.p95 < 300 did not hold")
    assert ("header", {"class": "verdict bad"}) in page.elements


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_word_a_sign_and_a_sentence(result, verdict):
    page = Page(to_html(replace(result, verdict=verdict, reasons=(), thresholds=())))
    reading = words.reading(verdict)
    assert page.text.startswith(f"{reading.word}: ")
    assert reading.sign in page.text
    assert words.sentences(replace(result, verdict=verdict, reasons=(), thresholds=()))[0] in page.text


def test_signs_differ():
    readings = [words.reading(verdict) for verdict in (*Verdict, None)]
    assert len({each.word for each in readings}) == 5
    assert len({each.sign for each in readings[:4]}) == 4


def test_it_asks_nobody_for_anything(result):
    page = Page(to_html(result))
    assert not [(tag, attrs) for tag, attrs in page.elements if {"src", "href", "action"} & set(attrs)]
    assert "link" not in {tag for tag, _ in page.elements}
    policies = [
        attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies[0].startswith("default-src 'none';")


def test_every_chart_has_a_place_and_every_colour_is_the_themes(result):
    text = to_html(result)
    page = Page(text)
    places = [attrs["data-chart"] for _, attrs in page.elements if "data-chart" in attrs]
    assert places == [chart["name"] for chart in page.charts]
    assert {
        "knee",
        "distribution",
        "first-audio",
        "in-use",
        "flow",
        "waiting",
        "errors-over-time",
        "stalls",
        "tool",
    } == set(places)
    used = {part.split('"')[0] for part in json.dumps(page.charts).split('"color:')[1:]} - {"heat"}
    assert used
    for name in used:
        assert text.count(f"--{name}: ") == 2, name  # one light, one dark


def test_corrected_and_uncorrected_stand_side_by_side_with_their_counts(result):
    text = Page(to_html(result)).text
    corrected, uncorrected = result.distributions["corrected"], result.distributions["uncorrected"]
    shown = " ".join(words.millis(getattr(corrected, name)) for name in ("p50", "p90", "p95", "p99", "p999", "max"))
    assert f"First audio, from when it should have begun {shown} ms {corrected.count:,}" in text
    assert f"First audio, from when the pool was asked {words.millis(uncorrected.p50)}" in text


def test_percentiles_without_values_beyond_them_are_marked(result):
    page = Page(to_html(result))
    tips = [attrs.get("title", "") for tag, attrs in page.elements if tag == "td" and "thin" in attrs.get("class", "")]
    assert f"only 2 of {result.distributions['corrected'].count} values lie beyond it" in tips


def test_texts_only_when_asked(result):
    assert "secret order number" not in to_html(result)
    assert "caller" not in to_html(result)
    assert "secret order number" in to_html(result, texts=True)


def test_nothing_that_a_run_says_becomes_part_of_the_page(result):
    spoilt = replace(
        result,
        name=NASTY,
        reasons=(NASTY,),
        scenario={NASTY: NASTY},
        environment={NASTY: NASTY},
        errors=(ErrorCount(NASTY, 1, (NASTY,)),),
        marks=(Mark(1.0, MarkKind.FAULT, NASTY),),
        samples=tuple(replace(sample, text=NASTY, error_kind=NASTY) for sample in result.samples),
        ticks=tuple(replace(tick, errors={NASTY: 1}) for tick in result.ticks),
    )
    page = Page(to_html(spoilt, texts=True))
    assert "img" not in {tag for tag, _ in page.elements}
    assert page.text.count("{{ 7 * 7 }}") > 5
    assert [tag for tag, _ in page.elements].count("script") == 3
    assert Page(comparison_html([spoilt, spoilt])).text.count("onerror=alert(1)>") > 2


def test_keys_never(result):
    said = f"Basic {MADE_UP_KEY}"
    spoilt = replace(
        result,
        url=f"https://me:{MADE_UP_KEY}@example.com",
        scenario={"key": MADE_UP_KEY},
        reasons=(said,),
        errors=(ErrorCount("x", 1, (said,)),),
        marks=(Mark(1.0, MarkKind.FAULT, said),),
        samples=tuple(replace(sample, error=said) for sample in result.samples),
    )
    assert MADE_UP_KEY not in to_html(spoilt, texts=True)
    assert MADE_UP_KEY not in comparison_html([spoilt, result])


def test_the_slowest_are_the_slowest(result):
    page = to_html(result)
    table = page[page.index("<h2>Slowest utterances") : page.index("<h2>Environment")]
    heard = sorted((s for s in result.samples if s.corrected_ms is not None), key=lambda s: -s.corrected_ms)
    places = [table.index(f'<td class="n">{sample.number}</td>') for sample in heard[:SLOWEST]]
    assert places == sorted(places)
    assert table.count("<tr>") == SLOWEST + 1


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (SearchResult(65.0, 70.0, "utterances at once"), "65 utterances at once are safe; at 70 a threshold failed."),
        (SearchResult(None, 5.0, "utterances at once"), "No level was safe: the lowest that failed was 5"),
        (SearchResult(100.0, None, "utterances at once"), "100 utterances at once held, and nothing higher was tried."),
    ],
)
def test_a_search_says_its_number(result, search, said):
    assert said in Page(to_html(replace(result, search=search))).text


def test_a_run_of_nothing_has_a_report_too(result):
    empty = replace(result, samples=(), ticks=(), marks=(), errors=(), distributions={}, search=None, thresholds=())
    page = Page(to_html(empty))
    assert page.charts == []
    assert "Nothing was measured." in page.text
    assert "No utterance failed." in page.text


def test_a_comparison_has_a_verdict_for_each_percentile(result):
    slower = make_result(2, name="slower", count=600, slow=1.5)
    page = Page(comparison_html([make_result(1, name="first", count=600), slower, result]))
    assert "slower against first: slower at p50, p90" in page.text
    assert "too few samples" in page.text
    curves = next(chart for chart in page.charts if chart["name"] == "corrected")
    assert [line["name"] for line in curves["data"]] == ["first", "slower", "morning rush"]
    assert len({line["line"]["dash"] for line in curves["data"]}) == 3
    assert "secret order number" not in comparison_html([result, slower])


def test_a_comparison_warns_of_runs_that_compare_with_nothing(result):
    invalid = replace(make_result(2, name="busy"), verdict=Verdict.INVALID)
    assert "busy is INVALID: its numbers say little about the service" in Page(comparison_html([result, invalid])).text
    assert "INVALID" not in Page(comparison_html([result, make_result(2)])).text


def test_one_run_is_no_comparison(result):
    with pytest.raises(ValueError, match="at least two"):
        comparison_html([result])


def test_runs_of_one_name_are_told_apart(result):
    later = replace(result, began_at=result.began_at + 60)
    names = words.distinct_names([result, later, replace(result, name="other")])
    assert len(set(names)) == 3
    assert names[2] == "other"


def test_a_file_is_whole_or_not_there(result, tmp_path, monkeypatch):
    file = tmp_path / "report.html"
    write_html(result, file)
    before = file.read_text()
    with pytest.raises(OSError, match="No such file"):
        write_html(result, tmp_path / "nowhere" / "report.html")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_comparison([result, result], file)
    assert file.read_text() == before
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_the_library_is_in_the_file(result, monkeypatch):
    monkeypatch.undo()
    text = to_html(replace(result, samples=(), ticks=()))
    assert "plotly.js v" in text
    assert 4_000_000 < len(text) < 6_000_000


def test_annotations_that_would_stand_on_each_other_share_a_label(result):
    marks = [(0.0, "one"), (10.0, "x" * 40), (10.1, "two"), (10.2, "three"), (20.0, "four")]
    made = figures(replace(result, marks=tuple(Mark(at_s, MarkKind.PHASE, text) for at_s, text in marks)))
    (chart,) = (each for each in made if each.name == "first-audio")
    labels = [(each["x"], each["text"]) for each in chart.layout["annotations"]]
    assert labels == [(0.0, "one"), (10.0, f"{'x' * 27}…; two + 1"), (20.0, "four")]
    assert len(chart.layout["shapes"]) == len(marks)
