"""What `make scaling` registers, and the tables from its chain, on made launches."""

from dataclasses import replace

import pytest

from benchmarks.scaling_registered import BEFORE, FITTED, chain_of, earlier, main, register_before, register_fitted
from fabric.answers.calibrate import calibrate
from fabric.network.spec import load, write
from fabric.predict import constants as files
from fabric.predict.answer import predict
from fabric.predict.constants import Constants, Line
from fabric.records.case import Case
from fabric.records.registered import entries
from fabric.records.store import append_all
from topologies.errors import InputError

LOCAL = load("local:slots=2")
SIZES = [2**n for n in range(3, 21)]
TRUTH = Constants("truth", {"*": (Line(2e-6, 1e-9),)}, "made for the test", backend="gloo")


def launch(folder, name, slower=1.0):
    """Write a launch of nine visits a size, with its constants, and return its file."""
    said = predict([Case("all_reduce", n, 2, 1, 2) for n in SIZES], LOCAL, TRUTH)
    ran = {"source": "gloo", "statistic": "raw", "wrong": 0, "context": {}, "prediction": None, "algorithm": "default"}
    rows = [replace(one, **ran, seconds=(slower * one.time,) * 9) for one in said]
    path = folder / f"{name}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    append_all(path, rows)
    files.write(folder / f"{name}.constants.json", list(calibrate(rows, LOCAL)))
    write(LOCAL, folder / f"{name}.fabric.yaml")
    return path


def test_nothing_is_registered_before_the_first_launch_and_the_newest_one_after(tmp_path):
    folder = tmp_path / "machine"
    folder.mkdir()
    assert register_before(folder / "first", LOCAL, "rev") is None
    launch(folder, "2026-01-01")
    newest = launch(folder, "2026-01-02", slower=2.0)
    (folder / "2026-01-03.jsonl").write_text("")
    assert earlier(folder) == newest
    entry = register_before(folder / "2026-01-04", LOCAL, "rev")
    assert len(entry.results) == len(SIZES) // 2
    assert entry.inputs["what"] == BEFORE
    assert entry.inputs["constants"] == "2026-01-02.constants.json"
    assert [one.case.nbytes for one in entry.results] == SIZES[1::2]


def test_the_tables_are_of_what_was_registered(tmp_path, capsys):
    """The launch took 1.1 x what the earlier one's constants say, and what its own say; both are in the chain, in order."""
    folder = tmp_path / "machine"
    launch(folder, "2026-01-01")
    register_before(folder / "2026-01-02", LOCAL, "rev")
    path = launch(folder, "2026-01-02", slower=1.1)
    chain = chain_of(folder)
    main([str(chain), str(path)])
    assert "2026-01-02: gloo in place 10.0 % (10.0 %)" in capsys.readouterr().out
    register_fitted(path, LOCAL, files.load(str(folder / "2026-01-02.constants.json")), "rev")
    assert [entry.inputs["what"] for entry in entries(chain)] == [BEFORE, FITTED]
    main([str(chain), str(path)])
    said = capsys.readouterr().out
    assert "| size | gloo, in place: measured [95 %] | error | baseline |" in said
    assert "2026-01-02: gloo in place 0.0 % (0.0 %)" in said
    assert "2026-01-02: gloo in place 10.0 % (10.0 %)" in said
    main(["--register", str(chain), str(path)])
    assert len(entries(chain)) == 2
    chain.write_text(chain.read_text().replace('"code":"rev"', '"code":"later"', 1))
    with pytest.raises(InputError, match="changed since written"):
        main([str(chain), str(path)])


def test_what_a_chain_lacks_is_put_there_when_asked(tmp_path, capsys):
    path = launch(tmp_path / "machine", "2026-01-01")
    chain = chain_of(path.parent)
    main([str(chain), str(path)])
    assert "nothing registered" in capsys.readouterr().out
    main(["--register", str(chain), str(path)])
    assert "registered 2026-01-01" in capsys.readouterr().out
    assert len(entries(chain)) == 1
