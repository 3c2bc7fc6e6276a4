"""What a fleet's sentences say, in both languages: the best change of each kind, limits, what figures rest on."""
# ruff: noqa: RUF001  # Chinese punctuation

import re
from pathlib import Path

import pytest

from fabric.fleet import traces
from fabric.report.words.fleet import clock, tenant_cells
from fabric.report.words.fleet_rests import TEXTS as RESTS
from fabric.report.words.fleet_rests import _jobs, lines
from fabric.report.words.fleet_traces import TEXTS as READ
from fabric.report.words.fleet_worth import TEXTS as WORTH
from fabric.report.words.fleet_worth import amount, limits, name_of, verdict


def row(kind, name, mean, low, high, money=None, little=False, **detail):  # a row of the answer
    hours = {"mean": mean, "low": low, "high": high, "seeds": 3}
    span = None if money is None else (money, money, money)
    return {
        "kind": kind,
        "name": name,
        "hours": hours,
        "money": span,
        "little": little,
        "detail": detail,
        "links": "x",
        "name_zh": "",
    }


ROWS = [
    row("fabric", "1:1", 0.28, 0.14, 0.42, 15.5e6),
    row("placement", "blocks", 0.031, 0.022, 0.04, 1.2e6),
    row("placement", "aware", 0.001, -0.01, 0.01, 5e4, little=True),
    row("backfill", "on", 0.014, -0.001, 0.03, 7e5, little=True),
    row("tier", "one tier more, over pods of 4 leaves", -0.06, -0.08, -0.04, -3e6, leaves=4),
    row("price", "dear", 0.0, 0.0, 0.0, -2e6),
    row("price", "cheap", 0.0, 0.0, 0.0, 2e6),
    row("jobs", "more", 0.004, 0.003, 0.005, 1e5, little=True),
]


@pytest.mark.parametrize("texts", [RESTS, WORTH])
def test_both_languages_have_the_same_sentences(texts):
    assert texts["en"].keys() - texts["zh"].keys() == set()
    for key in texts["en"].keys() - {"left", "left_for", "read"}:  # what readers note is English
        assert set(re.findall(r"{(\w+)", texts["en"][key])) == set(re.findall(r"{(\w+)", texts["zh"][key])), key


def test_the_best_of_every_kind_is_named_with_what_it_is_worth():
    said = verdict(ROWS, "CNY")
    assert said == (
        "Worth most, in device-hours and money a year: fabric (1:1) +28.00 % (14.00 ... 42.00), 15.5 million CNY; "
        "placement (blocks) +3.10 % (2.20 ... 4.00), 1.2 million CNY; price (cheap) 2 million CNY. "
        "Not to be told from nothing: backfill (on) +1.40 % (-0.10 ... 3.00), 700,000 CNY. "
        "Worth little: jobs (more) +0.40 %. "
        "No better than what runs today: tier (one tier more, over pods of 4 leaves) -6.00 %, -3 million CNY."
    )
    assert "放置（blocks）+3.10 %（2.20 … 4.00），120 万 CNY" in verdict(ROWS, "CNY", "zh")
    assert "分层（多一层：每 4 个叶一个 pod）" in verdict(ROWS, "CNY", "zh")
    assert verdict([], "CNY") == ""


def test_without_prices_device_hours_alone_are_named():
    said = verdict([row("placement", "tree", 0.08, 0.07, 0.09)], None)
    assert said == "Worth most, in device-hours: placement (tree) +8.00 % (7.00 ... 9.00)."


def test_names_of_policies_and_of_the_file_stay():
    assert name_of(row("placement", "tree", 0, 0, 0), "zh") == "tree"
    assert name_of(row("backfill", "on", 0, 0, 0), "zh") == "开"
    assert name_of({**row("jobs", "more", 0, 0, 0), "name_zh": "更多需求"}, "zh") == "更多需求"
    assert name_of(row("tier", "x", 0, 0, 0, nodes=8, instead_of=4), "zh") == "每叶 8 节点，现为 4"


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (15.5e6, "15.5 million", "1,550 万"),
        (3.7e5, "370,000", "37.0 万"),
        (2.5e8, "250 million", "2.5 亿"),
        (-34.4, "-34", "-34"),
    ],
)
def test_money_is_said_as_people_say_it(value, english, chinese):
    assert (amount(value, "en"), amount(value, "zh")) == (english, chinese)


def test_limits_are_said_and_none_that_fits_too():
    found = {
        "power_cap": {"watts": 2e6, "busy": 1000, "share": 0.5, "draws_full": 3e6},
        "load_that_fits": {"wait_seconds": 3600.0, "load": 0.0, "wait_found_seconds": 3600.0, "least_tried": 1.5 / 64},
        "replicas": {"devices": 8, "p5": 3, "median": 5},
    }
    cap, load, replicas = limits(found)
    assert cap.startswith("under 2 MW 1,000 devices may be busy at once (50.0 % of installed)")
    assert load == "no load was found that keeps a P95 wait of 1 h: even 0.0234375 of what is on is too much"
    assert replicas.startswith("replicas of 8 devices that fit into what is free: 3 at 95 %")
    assert len(list(limits(found, "zh"))) == 3
    assert list(limits({})) == []


def test_what_figures_rest_on_names_every_source():
    facts = {
        "jobs": {
            "kind": "trace", "name": "j.csv", "days": 10, "load": 0.8, "rows": 10, "source": "a paper",
            "left_out": [{"key": "no_submit", "value": "", "rows": 2}, {"key": "outside", "value": "share", "rows": 1}],
            "notes": [{"key": "utc", "value": ""}], "assumed": True,
            "communication": [{"tenant": None, "devices": None, "low": 0.1, "high": 0.4, "step": ""}],
        },
        "network": {"name": "clos", "stated_ratio": 4, "tiers": [{"tier": "leaf", "ratio": 4.0}]},
        "power": {"busy": 800, "idle": 200, "pue": 1.3, "source": "a sheet"},
        "prices": {"currency": "CNY", "source": "a list"},
        "rates": {"mtbf": 500, "median": 20, "p90": 100, "source": "books"},
        "outages": 3, "outages_elsewhere": 2, "fgd": True, "engine": "plain",
    }  # fmt: skip
    said = lines(facts, "peak load")
    assert said[:7] == [
        "jobs: trace j.csv, load 0.8 (replayed denser or thinner to it)",
        "jobs: seeds are stretches of 10 days",
        "jobs: 3 of 10 rows of the trace are left out: 2 (no submit time), 1 (share outside its range)",
        "jobs: moments without a time zone are taken as UTC",
        "jobs: from a paper",
        "jobs: those larger than a node communicate 10 to 40 % of a step between nodes: an assumption, since nothing says it; "
        "figures stand at both ends",
        "links: peak load",
    ]
    assert said[7] == "network: clos: 4:1, as stated; 4:1 at leaf"
    assert len(said) == 15
    chinese = lines(facts, "峰值负载", "zh")
    assert len(chinese) == 15
    assert chinese[2] == "作业：轨迹的 10 行中有 3 行未读入：2（没有提交时间），1（share 超出范围）"
    assert chinese[3] == "作业：未注明时区的时刻按 UTC 计"
    assert all(source in " ".join(lines(facts, "", "zh")) for source in ("a sheet", "a list", "books", "j.csv", "a paper"))


@pytest.mark.parametrize(
    ("share", "english", "chinese"),
    [
        ({"low": 0.2, "high": 0.2}, "those larger than a node communicate 20 % of a step between nodes, as the file", "20 %"),
        (
            {"tenant": "lab", "low": 0.1, "high": 0.3},
            "those of lab communicate 10 to 30 %",
            "lab 的作业，一步中有 10 % 至 30 %",
        ),
        (
            {"devices": "9-64", "tenant": "lab", "low": 0.0, "high": 0.0144, "step": "llama3-8b:tp=8:512:64"},
            "those of lab with 9-64 devices communicate 0 to 1.44 % of a step between nodes, as a training step of "
            "llama3-8b:tp=8:512:64 does",
            "lab 的 9-64 张卡的作业，一步中有 0 % 至 1.44 % 在节点之间通信，与 llama3-8b:tp=8:512:64 的训练步相同",
        ),
    ],
)
def test_what_jobs_communicate_names_whose_and_where_from(share, english, chinese):
    facts = {"kind": "synthetic", "name": "training", "days": 1, "load": 0.5, "assumed": False}
    facts |= {"communication": [{"tenant": None, "devices": None, "step": "", **share}]}
    assert english in _jobs(facts, RESTS["en"], "en")[-1]
    assert chinese in _jobs(facts, RESTS["zh"], "zh")[-1]


def test_what_readers_say_has_words_in_every_language_and_every_key_is_said():
    keys = set(READ["en"])
    assert set(READ["zh"]) == keys
    assert {key for key in keys if READ["en"][key].count("{}") != READ["zh"][key].count("{}")} == set()
    source = "".join(path.read_text() for path in Path(traces.__path__[0]).glob("*.py") if path.stem != "said")
    used = set(re.findall(r'(?:Said\(|drop\(|return (?=.*,))"(\w+)"', source))
    assert used == keys


def test_a_tenants_row_says_what_fits_waits_and_never_fits():
    row = {
        "tenant": "", "jobs": 4, "at_once": 0.5, "soon": ["1"], "late": [{"devices": "2-8", "wait_p95": 7200.0}],
        "never": [{"devices": "513+", "jobs": 1}],
    }  # fmt: skip
    assert tenant_cells(row, "en") == ("(none named)", "4", "50 %", "1", "2-8 (2 h)", "513+ (1)")
    assert tenant_cells({**row, "at_once": None, "soon": [], "late": [], "never": []}, "zh")[2:] == ("-", "-", "-", "-")
    assert (clock(3600.0, "en"), clock(0.5, "en"), clock(5400.0, "zh")) == ("1 h", "0.5 s", "90 分")
