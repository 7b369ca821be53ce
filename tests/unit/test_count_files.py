"""Counts kept in files: none is lost with its process, none is counted twice, and no sum goes back."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.ops.count_files import Counted, CountFiles

ROOT = Path(__file__).resolve().parents[2]
# Counts to the number given, or until it is killed.
COUNTER = """
import sys
from pathlib import Path
from service.ops.count_files import Counted, CountFiles
files = CountFiles(Path(sys.argv[1]))
for number in range(1, int(sys.argv[2]) + 1):
    files.keep(Counted({"asked": number}, {"open": 1}))
    print(number, flush=True)
sys.stdin.read()
"""
# Holds the turn to take counts over, and never gives it back.
HOLDER = """
import fcntl, sys
turn = open(sys.argv[1], "a")
fcntl.flock(turn, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def counter(folder: Path, number: int) -> "subprocess.Popen[str]":
    """A process that has counted to `number` when it has said so, and then waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTER, str(folder), str(number)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == number:
            return process
    raise AssertionError("it ended before its time")


def end(process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate(timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


def test_the_counts_of_the_living_are_added_up_and_their_states_told(folder: Path) -> None:
    with CountFiles(folder) as one, CountFiles(folder) as other:
        one.keep(Counted({"asked": 2, "missed": 1}, {"open": 3}))
        other.keep(Counted({"asked": 5}, {"open": 4}))
        counts, living = one.read()
        assert counts == {"asked": 7, "missed": 1}
        assert sorted(said.states["open"] for said in living) == [3, 4]
        assert other.read()[0] == counts


def test_the_counts_of_a_killed_process_are_carried_on_and_its_states_end(folder: Path) -> None:
    with CountFiles(folder) as files:
        process = counter(folder, 9)
        assert files.read()[0] == {"asked": 9}
        assert len(files.read()[1]) == 1
        end(process)
        assert files.read() == ({"asked": 9}, [])
        assert [path.name for path in folder.glob("*.json")] == ["gone.json"]


def test_the_next_start_goes_on_from_what_was_counted(folder: Path) -> None:
    for number in range(1, 4):
        with CountFiles(folder) as files:
            files.keep(Counted({"asked": 10}))
            assert files.read()[0] == {"asked": 10 * number}


@pytest.mark.parametrize("left", ["its file", "its lock", "both"])
def test_who_dies_while_it_takes_counts_over_leaves_none_counted_twice(folder: Path, left: str) -> None:
    """The dead one's counts stand in gone.json already, but its file or its lock was not taken away."""
    process = counter(folder, 9)
    end(process)
    kept = {path: path.read_bytes() for path in folder.iterdir() if path.stem.startswith(str(process.pid))}
    with CountFiles(folder) as files:
        assert files.read()[0] == {"asked": 9}
        for path, content in kept.items():
            if left == "both" or path.suffix == {"its file": ".json", "its lock": ".lock"}[left]:
                path.write_bytes(content)
        for _ in range(3):
            assert files.read()[0] == {"asked": 9}


def test_no_sum_goes_back_while_processes_come_and_go(folder: Path) -> None:
    last = 0.0
    with CountFiles(folder) as files:
        for number in range(1, 4):
            processes = [counter(folder, 3 * number) for _ in range(2)]
            seen = files.read()[0]["asked"]
            assert seen >= last + 6 * number
            for process in processes:
                end(process)
                last = files.read()[0]["asked"]
                assert last >= seen


def test_who_is_stopped_while_it_takes_counts_over_holds_nobody_up(folder: Path) -> None:
    with CountFiles(folder) as files:
        files.keep(Counted({"asked": 1}))
        process = counter(folder, 4)
        end(process)
        other = subprocess.Popen(
            [
                sys.executable,
                "-c",
                HOLDER,
                str(folder / "gone.lock"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        os.kill(other.pid, signal.SIGSTOP)
        try:
            assert files.read()[0] == {"asked": 5}
        finally:
            end(other)
        assert files.read()[0] == {"asked": 5}


def test_a_file_that_cannot_be_read_counts_for_nothing(folder: Path) -> None:
    with CountFiles(folder) as files:
        files.keep(Counted({"asked": 1}))
        (folder / "77-broken.json").write_text('{"layout": 1, "cou')
        (folder / "78-later.json").write_text('{"layout": 2, "counts": {"asked": 5}}')
        assert files.read()[0] == {"asked": 1}
