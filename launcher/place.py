"""Where PostgreSQL's programs, data and sockets live, and which user runs it.

PostgreSQL refuses to run as root, and a socket's path may be some 100 bytes long. So as root it runs as
`nobody`, and when `nobody` cannot reach the checkout (say, it lies below a home directory), programs and data
move to a place that it can reach.
"""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.layout import Layout, Trouble

LONGEST_SOCKET_PATH = 100
SOCKET_NAME = ".s.PGSQL.5432"
SHORT = Path("/tmp")
OTHER_BASES = (Path("/var/lib"), Path("/var/tmp"), SHORT)


@dataclass(frozen=True)
class Account:
    """The user that PostgreSQL runs as when the launcher is root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """`programs` has `bin/` below it; `cluster` is PostgreSQL's data directory; `sockets` holds every
    server's socket; `note` is what the person should know about it, or empty."""

    programs: Path
    cluster: Path
    sockets: Path
    account: Account | None
    note: str = ""


def find_place(layout: Layout, package: Path) -> Place:
    """Decide, and prepare, the place for a checkout; `package` is the installed package with the programs."""
    account = account_for(layout.data / "postgres") if os.geteuid() == 0 else None
    place = choose_place(layout, package, account, reach=can_reach)
    if not place.programs.is_relative_to(package):
        copy_programs(package, place.programs.parents[1])
        point_to(place.cluster, link=layout.data / "postgres")
    make_private(place.sockets, account)
    return place


def choose_place(
    layout: Layout, package: Path, account: Account | None, *, reach: Callable[[Account, Path], bool]
) -> Place:
    """The place in the checkout where that works, else one outside it, to which `.portal/postgres` is then a
    symbolic link, so that the data are found again wherever the checkout moves. Raises Trouble if no place
    works."""
    inside = package / "pginstall"
    link = layout.data / "postgres"
    if account is None or (
        not link.is_symlink() and reach(account, layout.data) and reach(account, inside / "bin" / "postgres")
    ):
        return Place(inside, link, socket_directory(layout.data), account)
    home = outside_home(layout, account, reach=reach)
    note = f"PostgreSQL's data are in {home}, because the user it runs as cannot reach {layout.data}."
    programs = home / "programs" / package.name / "pginstall"
    return Place(programs, home / "postgres", socket_directory(home), account, note)


def outside_home(layout: Layout, account: Account, *, reach: Callable[[Account, Path], bool]) -> Path:
    """A directory outside the checkout that the account can reach: the one used before, or a new one."""
    link = layout.data / "postgres"
    if link.is_symlink():
        return link.resolve().parent
    for base in OTHER_BASES:
        if os.access(base, os.W_OK) and reach(account, base):
            return base / f"sla-portal-{digest(layout.data)}"
    raise Trouble(
        f"PostgreSQL does not run as root, and the user `nobody` cannot reach {layout.data}: run ./portal "
        "as another user, or move the checkout to where everyone may pass, such as /srv."
    )


def point_to(cluster: Path, *, link: Path) -> None:
    """Make `link` a symbolic link to the data, after moving there what stood at `link` itself."""
    if link.is_symlink():
        return
    if link.exists():
        shutil.move(link, cluster)
    link.symlink_to(cluster)


def account_for(cluster: Path) -> Account:
    """Whoever owns the data already, else `nobody`."""
    try:
        owner = cluster.stat()
    except OSError:
        owner = None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def can_reach(account: Account, path: Path) -> bool:
    """Whether that user may pass through every directory down to `path` and enter or run it. Asked of the
    system itself by a process that becomes the user."""
    child = os.fork()
    if child == 0:
        try:
            become(account)
            os._exit(0 if os.access(path, os.X_OK) else 1)
        except BaseException:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def become(account: Account) -> None:
    """Turn this process into the user's, for good."""
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)


def socket_directory(home: Path, *, temporary: Path = SHORT) -> Path:
    """`home/run`, or a short private directory where that would make a socket's path too long."""
    inside = home / "run"
    if len(os.fsencode(inside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
        return inside
    return temporary / f"sla-portal-{os.geteuid()}-{digest(home)}"


def make_private(directory: Path, account: Account | None = None) -> None:
    """Make a directory that only its owner (and root) may enter. Raises Trouble if someone else made it
    first."""
    allowed = {os.geteuid()} | ({account.uid} if account else set())
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed:
        raise Trouble(f"{directory} belongs to someone else, and the servers' sockets go there: remove it.")
    directory.chmod(0o700)
    if account is not None:
        os.chown(directory, account.uid, account.gid)


def copy_programs(package: Path, target: Path) -> None:
    """Copy the package with PostgreSQL's programs, and the libraries beside it, below `target`: once per
    version, and again if the copy is not whole."""
    version = next(iter(package.parent.glob(f"{package.name}-*.dist-info")), package).name
    mark = target / ".version"
    if mark.exists() and mark.read_text() == version and is_whole(package, target):
        return
    shutil.rmtree(target, ignore_errors=True)
    for source in parts_of(package):
        shutil.copytree(source, target / source.name, symlinks=True)
    open_to_all(target)
    mark.write_text(version)


def is_whole(package: Path, target: Path) -> bool:
    """Whether every file of the package is in the copy, as long as it is there."""
    return all(sizes(source) == sizes(target / source.name) for source in parts_of(package))


def sizes(directory: Path) -> dict[str, int]:
    """The files below a directory, byte code apart, and their sizes."""
    files = (path for path in directory.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(directory)): path.stat().st_size for path in files}


def parts_of(package: Path) -> Sequence[Path]:
    """The package's own directory and the one a wheel keeps its shared libraries in."""
    return [path for path in (package, package.with_name(f"{package.name}.libs")) if path.is_dir()]


def open_to_all(directory: Path) -> None:
    """Let everyone read a tree and run what its owner may run."""
    for path in (directory.parent, directory, *directory.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)


def digest(path: Path) -> str:
    """Eight characters that stand for a path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
