"""Checkpoints: a restored world steps on as if nothing had happened; anything else is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from auxon.policies import make
from auxon.sim.checkpoint import restore, save
from auxon.sim.errors import ResumeError
from auxon.sim.files import whole
from auxon.sim.scenario import load
from auxon.sim.world import World

TINY = load("tiny")


def tiny(seed: int = 1, policy: str = "market", sites: int = 1) -> World:
    return World(TINY, make(policy), seed=seed, sites=sites)


def step(world: World, steps: int) -> World:
    for _ in range(steps):
        world.step()
    return world


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "step.npz"
    save(step(tiny(), 150), path)
    return path


@pytest.mark.parametrize(
    ("at", "policy", "sites"),
    [
        (0, "market", 1),
        (1, "market", 1),
        (149, "market", 3),
        (150, "random", 1),
        (301, "kanban", 2),
    ],
)
def test_restored_world_goes_on_to_the_same_digest(
    tmp_path: Path, at: int, policy: str, sites: int
) -> None:
    straight = step(tiny(policy=policy, sites=sites), at)
    save(straight, tmp_path / "a.npz")
    other = restored(tmp_path / "a.npz", policy, sites)
    assert other.step_count == at
    assert other.digest() == straight.digest()
    assert other.mass_g == straight.mass_g
    assert (other.flows.crew == straight.flows.crew).all()
    assert step(other, 200).digest() == step(straight, 200).digest()


def restored(path: Path, policy: str, sites: int) -> World:
    world = step(tiny(policy=policy, sites=sites), 7)  # whatever it held before is overwritten
    restore(world, path)
    return world


def test_checkpoint_in_the_middle_of_decline_keeps_the_broken(tmp_path: Path) -> None:
    scenario = TINY.replace({"override.species.solar_array.mtbf_h": 300, "seed.robots.repairer": 1})
    straight = step(World(scenario, make("market"), seed=5), 300)
    assert straight.flows.broken.sum() > 0
    save(straight, tmp_path / "a.npz")
    other = World(scenario, make("market"), seed=5)
    restore(other, tmp_path / "a.npz")
    assert (other.flows.broken == straight.flows.broken).all()
    assert step(other, 100).digest() == step(straight, 100).digest()


def test_extra_arrays_come_back(tmp_path: Path) -> None:
    save(tiny(), tmp_path / "a.npz", {"sums": np.arange(6).reshape(2, 3)})
    extra = restore(tiny(), tmp_path / "a.npz")
    assert list(extra) == ["sums"]
    assert (extra["sums"] == [[0, 1, 2], [3, 4, 5]]).all()


def test_another_run_is_refused(saved: Path) -> None:
    with pytest.raises(ResumeError, match="seed is 1, but this run's is 2; continue with the seed"):
        restore(tiny(seed=2), saved)
    with pytest.raises(ResumeError, match="policy is 'Market', but this run's is 'Random'"):
        restore(tiny(policy="random"), saved)
    with pytest.raises(ResumeError, match="seeds is 1, but this run's is 2"):
        restore(tiny(sites=2), saved)
    other = World(TINY.replace({"seed.robots.printer": 3}), make("market"))
    with pytest.raises(ResumeError, match=r"scenario is '[0-9a-f]{64}', but this run's is"):
        restore(other, saved)


def test_another_format_is_refused(saved: Path, tmp_path: Path) -> None:
    with np.load(saved) as file:
        arrays = dict(file)
    about = json.loads(str(arrays["about"])) | {"format": 99}
    np.savez(tmp_path / "a.npz", **(arrays | {"about": np.array(json.dumps(about))}))
    with pytest.raises(ResumeError, match="format is 99, but this run's is 3"):
        restore(tiny(), tmp_path / "a.npz")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_a_flipped_byte_is_found(saved: Path, tmp_path: Path, share: float) -> None:
    raw = bytearray(saved.read_bytes())
    raw[int(share * len(raw))] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(raw)
    world = step(tiny(), 3)
    before = world.digest()
    with pytest.raises(ResumeError, match="damaged"):
        restore(world, tmp_path / "a.npz")
    assert world.digest() == before, "a refused checkpoint leaves the world alone"


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.999])
def test_a_cut_file_is_refused(saved: Path, tmp_path: Path, keep: float) -> None:
    raw = saved.read_bytes()
    (tmp_path / "a.npz").write_bytes(raw[: int(keep * len(raw))])
    with pytest.raises(ResumeError, match=r"a\.npz: damaged .*resume from an earlier one"):
        restore(tiny(), tmp_path / "a.npz")


def test_a_missing_array_and_a_missing_file_are_refused(saved: Path, tmp_path: Path) -> None:
    with np.load(saved) as file:
        arrays = {n: a for n, a in file.items() if n != "robots.since_s"}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ResumeError, match=r"damaged \('robots.since_s'\)"):
        restore(tiny(), tmp_path / "a.npz")
    with pytest.raises(ResumeError, match="no such checkpoint"):
        restore(tiny(), tmp_path / "b.npz")


class Trap:
    """Shouts when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('executed')",)


def test_pickles_are_not_executed(saved: Path, tmp_path: Path) -> None:
    with np.load(saved) as file:
        arrays = dict(file)
    arrays["memory"] = np.array([Trap()], dtype=object)
    np.savez(tmp_path / "a.npz", allow_pickle=True, **arrays)
    with pytest.raises(ResumeError, match="damaged"):
        restore(tiny(), tmp_path / "a.npz")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write() -> None:
        with whole(path) as draft:
            draft.write_text("half of the ne")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write()
    assert [f.name for f in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"
