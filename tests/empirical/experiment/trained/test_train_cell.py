"""One cell: what it reports on its way."""

from convergen.empirical.experiment.trained.train import run_experiment
from convergen.empirical.storage.cell_folder import CellFolder
from tests.empirical.experiment.tiny import experiment


def test_a_long_fit_reports_how_far_it_is(tmp_path, monkeypatch):
    """A linear model descends for minutes on real data; it sees no images that would show it."""
    seen, amounts = [], []
    report = CellFolder.report

    def watched(self, phase, **more):
        seen.append((phase, more.get("done", 0.0)))
        amounts.append((phase, more.get("images", 0)))
        report(self, phase, **more)

    monkeypatch.setattr(CellFolder, "report", watched)
    given = experiment(samples=[8], seeds=[0], model={"name": "trained-linear"})
    finished = run_experiment(given, tmp_path / "run", threads=1)
    assert not finished.unfinished
    shares = [done for phase, done in seen if phase == "fitting"]
    assert len(shares) > 5
    assert shares[0] == 0.0
    assert max(shares) > 0.8
    assert next(phase for phase, _ in seen) == "reading the data"
    assert seen[-1] == ("measuring", 1.0)
    # It sees no images: the bar counts its share of the fit, and then the whole cell.
    assert [done for phase, done in amounts if phase == "fitting"] == shares
    assert amounts[-1] == ("measuring", 1)
