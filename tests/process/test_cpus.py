"""The cores of this process, and its threads' policy on them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgeserve.process.cpus import available_cpus, let_work_run_on

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

V2 = "sys/fs/cgroup"


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def tree(root: Path, cgroup: str, files: Mapping[str, str]) -> Path:
    """A root with the process's cgroups and their files."""
    for name, text in {"proc/self/cgroup": cgroup, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("250000 100000\n", 3),
        ("50000 100000\n", 1),
        ("1000 100000\n", 1),
        ("6400000 100000\n", 8),
        ("", 8),
        ("a quota\n", 8),
        ("100000\n", 8),
        ("100000 0\n", 8),
    ],
)
def test_affinity_and_quota(quota: str, cores: int, tmp_path: Path) -> None:
    assert available_cpus(tree(tmp_path, "0::/\n", {f"{V2}/cpu.max": quota})) == cores


def test_a_service_is_bound_by_its_own_cgroup_not_by_the_root(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        "0::/system.slice/edgeserve.service\n",
        {f"{V2}/system.slice/edgeserve.service/cpu.max": "150000 100000"},
    )
    assert available_cpus(root) == 2


@pytest.mark.parametrize(("own", "above", "cores"), [(300000, 200000, 2), (100000, 400000, 1)])
def test_the_least_quota_on_the_way_up_counts(
    own: int,
    above: int,
    cores: int,
    tmp_path: Path,
) -> None:
    root = tree(
        tmp_path,
        "0::/pod/container\n",
        {
            f"{V2}/pod/container/cpu.max": f"{own} 100000",
            f"{V2}/pod/cpu.max": f"{above} 100000",
            f"{V2}/cpu.max": "max 100000",
        },
    )
    assert available_cpus(root) == cores


def test_a_neighbours_quota_is_not_ours(tmp_path: Path) -> None:
    files = {f"{V2}/other/cpu.max": "100000 100000"}
    assert available_cpus(tree(tmp_path, "0::/own\n", files)) == 8


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize(("quota_us", "cores"), [("300000", 3), ("-1", 8)])
def test_version_1_has_quota_and_period_in_files_of_their_own(
    mount: str,
    quota_us: str,
    cores: int,
    tmp_path: Path,
) -> None:
    root = tree(
        tmp_path,
        "5:cpuset:/\n4:cpu,cpuacct:/docker/4f\n1:name=systemd:/docker/4f\n",
        {
            f"{V2}/{mount}/docker/4f/cpu.cfs_quota_us": f"{quota_us}\n",
            f"{V2}/{mount}/docker/4f/cpu.cfs_period_us": "100000\n",
        },
    )
    assert available_cpus(root) == cores


def test_the_hosts_path_inside_a_container_leads_to_the_mount(tmp_path: Path) -> None:
    """Docker on version 1: the mount is the container's cgroup, the path is the host's."""
    root = tree(
        tmp_path,
        "4:cpu,cpuacct:/docker/4f\n",
        {
            f"{V2}/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
            f"{V2}/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
    )
    assert available_cpus(root) == 2


def test_both_versions_at_once(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        "4:cpu:/a\n0::/b\n",
        {
            f"{V2}/cpu/a/cpu.cfs_quota_us": "500000\n",
            f"{V2}/cpu/a/cpu.cfs_period_us": "100000\n",
            f"{V2}/unified/b/cpu.max": "400000 100000\n",
        },
    )
    assert available_cpus(root) == 4


def test_a_path_out_of_the_namespace_stays_below_the_mount(tmp_path: Path) -> None:
    files = {"sys/fs/cpu.max": "100000 100000", f"{V2}/cpu.max": "300000 100000"}
    assert available_cpus(tree(tmp_path, "0::/../..\n", files)) == 3


def test_no_quota_file_is_no_quota(tmp_path: Path) -> None:
    assert available_cpus(tmp_path) == 8
    assert available_cpus(tree(tmp_path, "0::/own\n", {})) == 8


def test_affinity_counts_where_it_is_the_smaller(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5})
    root = tree(tmp_path, "0::/\n", {f"{V2}/cpu.max": "400000 100000"})
    assert available_cpus(root) == 1


def test_this_machine_has_at_least_one() -> None:
    assert available_cpus() >= 1


POLICY = """
import os, sys, threading
from edgeserve.process.cpus import let_work_run_on
os.sched_setscheduler(0, int(sys.argv[1]), os.sched_param(0))
let_work_run_on()
threading.Thread(target=lambda: print(os.sched_getscheduler(0))).start()
"""


@pytest.mark.parametrize(
    ("given", "then"),
    [(os.SCHED_OTHER, os.SCHED_BATCH), (os.SCHED_IDLE, os.SCHED_IDLE)],
    ids=["none", "idle"],
)
def test_threads_that_wake_wait_for_their_turn_unless_the_process_has_a_policy(
    given: int, then: int
) -> None:
    command = [sys.executable, "-c", POLICY, str(given)]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert int(found.stdout) == then


def test_a_sandbox_may_forbid_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def forbid(*wanted: object) -> None:
        tried.append(wanted[1])
        raise PermissionError

    monkeypatch.setattr(os, "sched_getscheduler", lambda _: os.SCHED_OTHER)
    monkeypatch.setattr(os, "sched_setscheduler", forbid)
    let_work_run_on()
    assert tried == [os.SCHED_BATCH]
