"""What hostile visitors do to the others, to the machine and to the platform's own processes. Runs on the platform that platform.py has started.
   Speeds are printed for who looks; only answers, limits and what is left behind are asserted."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import socket
import threading
import time
import unittest

from client import PATIENCE, Closed, Visitor

# Room for what a process keeps for good reasons, and for AddressSanitizer's quarantine; an unbounded buffer of what `yes` prints is far beyond.
RSS_ROOM = 400 << 20
PROMPT = "PS1='ready> '; echo set-$((1+1))\n"
FORKS = ":(){ :|:& };:\n"
MEMORY = "while :; do tail /dev/zero; done\n"
DISK = ("for i in 1 2 3 4 5 6 7 8 9; do cat /dev/zero > /tmp/full$i; cat /dev/zero > /dev/shm/full$i; cat /dev/zero > /full$i; "
        "dd if=/dev/zero of=/home/full$i bs=1M; done\n")
FILES = "mkdir /many; i=0; while :; do i=$((i+1)); : > /many/$i; done\n"
OUTPUT = "yes $(head -c 200 /dev/zero | tr '\\0' y)\n"
TERMINALS = 4


def number(path):
    """The first number in a file of the kernel; None when the file has gone or says max."""
    try:
        text = path.read_text().split()
    except OSError:
        return None
    return int(text[0]) if text and text[0].isdigit() else None


def groups_of(platform, sandbox):
    """Every control group of a running sandbox, in all hierarchies."""
    for state in platform.run_folder().glob("sandboxes/*/state.json"):
        with contextlib.suppress(OSError, ValueError):  # another one's that ends or begins
            if json.loads(state.read_text())["sandbox"] == sandbox["id"]:
                groups = [pathlib.Path(path) for path, _, _ in os.walk("/sys/fs/cgroup") if os.path.basename(path) == state.parent.name]
                assert groups
                return groups
    raise AssertionError("no control group")


def still_there(groups):
    return [group for group in groups if group.exists()]


def processes_of(groups):
    pids = set()
    for group in groups:
        with contextlib.suppress(OSError):
            pids.update(map(int, (group / "cgroup.procs").read_text().split()))
    return pids


def resident(pid):
    return int(re.search(r"VmRSS:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) << 10


class Reader(threading.Thread):
    """A viewer that takes in everything, or a little now and then."""
    def __init__(self, terminal, pause=0.0):
        super().__init__(daemon=True)
        self.terminal, self.pause, self.stop = terminal, pause, threading.Event()

    def run(self):
        with contextlib.suppress(Closed, OSError):
            while not self.stop.wait(self.pause):
                self.terminal.step()
                del self.terminal.controls[:-1]
                self.terminal.output = self.terminal.output[-4096:]


class Attacker:
    """A visitor whose sandbox does all of it at once, each in a terminal of its own; the flood of output has a viewer that reads nothing and
       another that reads slowly."""
    def __init__(self, platform, attacks):
        self.visitor = Visitor(platform.url)
        status, self.sandbox, _ = self.visitor.attempt()
        assert status == 201, (status, self.sandbox)
        self.path = f"/api/v1/sandboxes/{self.sandbox['id']}"
        self.groups = groups_of(platform, self.sandbox)
        self.readers, self.terminals, self.asleep = [], [], []
        self.attacks = attacks

    def begin(self):
        for n, _ in enumerate(self.attacks, 1):
            if n > 1:
                status, answer, _ = self.visitor.post(self.path + "/terminals")
                assert (status, answer["n"]) == (201, n), (status, answer)
            self.terminals.append(self.visitor.terminal(f"{self.path}/terminals/{n}"))
            self.terminals[-1].type(PROMPT)
            self.terminals[-1].expect("set-2")
        self.one = min(processes_of(self.groups))
        for n, (terminal, attack) in enumerate(zip(self.terminals, self.attacks), 1):
            if attack == OUTPUT:
                self.asleep.append(terminal)  # its socket is never read again
                slow = self.visitor.terminal(f"{self.path}/terminals/{n}")
                self.readers.append(Reader(slow, 0.05))
            else:
                self.readers.append(Reader(terminal))
            terminal.type(attack)
        for reader in self.readers:
            reader.start()

    def most(self):
        """What the sandbox takes: {memory, pids, disk}; without what has gone already."""
        found = {"memory": [], "pids": [], "disk": []}
        for group in self.groups:
            found["memory"] += [number(group / "memory.max_usage_in_bytes"), number(group / "memory.current")]
            found["pids"] += [number(group / "pids.current")]
        with contextlib.suppress(OSError):
            for folder in ("", "/dev/shm", "/tmp"):
                disk = os.statvfs(f"/proc/{self.one}/root{folder}")
                found["disk"].append((disk.f_blocks - disk.f_bfree) * disk.f_frsize)
        return {name: max((value for value in values if value is not None), default=0) for name, values in found.items()}

    def leave(self):
        for reader in self.readers:
            reader.stop.set()
        status = self.visitor.delete(self.path)[0]
        for reader in self.readers:
            reader.join(PATIENCE)
        for terminal in self.terminals:
            terminal.drop()
        return status


class Victim:
    """A visitor who works: types, and waits for the answer."""
    def __init__(self, url):
        self.visitor = Visitor(url)
        status, self.sandbox, _ = self.visitor.attempt()
        assert status == 201, (status, self.sandbox)
        self.terminal = self.visitor.terminal(self.sandbox["terminals"][0]["url"])
        self.terminal.type(PROMPT)
        self.terminal.expect("set-2")
        self.times = []

    def work(self, count=100):
        for n in range(count):
            begin = time.monotonic()
            self.terminal.type(f"echo probe-{n}-$((20+{n}+1))\n")
            since = self.terminal.expect(f"probe-{n}-{n + 21}\r", since=max(0, len(self.terminal.output) - 2000))
            self.times.append((time.monotonic() - begin) * 1e3)
            assert since > 0
            time.sleep(0.02)

    def told(self):
        times = sorted(self.times)
        return f"p50 {times[len(times) // 2]:.1f} ms, p99 {times[len(times) * 99 // 100]:.1f} ms, longest {times[-1]:.1f} ms"

    def leave(self):
        self.terminal.drop()
        return self.visitor.delete(f"/api/v1/sandboxes/{self.sandbox['id']}")[0]


class Abuse(unittest.TestCase):
    platform = None  # set by platform.py, whose own classes stand on these

    @classmethod
    def servers(cls):
        return {name: cls.platform.child(words) for name, words in (("web", "web"), ("agent", "ttob-agent"))}

    def hostile(self, attackers, probes=100):
        """Others work and start sandboxes while these attack."""
        before = {name: resident(pid) for name, pid in self.servers().items()}
        servers = self.servers()
        victim = Victim(self.platform.url)
        crowd, most, starts = [], {}, []
        try:
            for attacks in attackers:
                crowd.append(Attacker(self.platform, attacks))
                crowd[-1].begin()
            worker = concurrent.futures.ThreadPoolExecutor(1)
            work = worker.submit(victim.work, probes)
            while not work.done() or len(starts) < 3:
                for attacker in crowd:
                    for name, value in attacker.most().items():
                        most[name] = max(most.get(name, 0), value)
                        self.assertLessEqual(value, attacker.sandbox["limits"][name], name)
                third = Visitor(self.platform.url)
                begin = time.monotonic()
                status, sandbox, _ = third.attempt()
                self.assertEqual(status, 201, sandbox)
                starts.append((time.monotonic() - begin) * 1e3)
                self.assertEqual(third.delete(f"/api/v1/sandboxes/{sandbox['id']}")[0], 204)
            work.result()
            after = {name: resident(pid) for name, pid in servers.items()}
            self.assertEqual(self.servers(), servers, "a server was restarted")
            for name in servers:
                self.assertLess(after[name], before[name] + RSS_ROOM, name)
            print(f"\n    {len(crowd)} hostile: echo {victim.told()}; {len(starts)} starts, the longest {max(starts):.0f} ms; a sandbox's most {most}; "
                  f"servers grew {({name: after[name] - before[name] for name in after})}", flush=True)
        finally:
            with concurrent.futures.ThreadPoolExecutor(10) as pool:
                ends = list(pool.map(lambda attacker: attacker.leave(), crowd))
            ends.append(victim.leave())
        self.assertEqual(ends, [204] * len(ends))
        for attacker in crowd:
            self.assertEqual(still_there(attacker.groups), [])
        return most


class Hostile(Abuse):
    def test_1_all_at_once(self):
        most = self.hostile([(DISK, MEMORY, OUTPUT, FORKS)])
        self.assertTrue(all(most.values()), most)  # what is measured is there

    def test_2_each_alone(self):
        self.hostile([(attack,) for attack in (FORKS, DISK, MEMORY, FILES)] + [(OUTPUT,) * TERMINALS])

    def test_3_ten_at_once(self):
        self.hostile([(OUTPUT, DISK, MEMORY, FORKS)] * 10)

    def test_4_an_interrupt_gets_through_a_flood(self):
        for _ in range(3):
            attacker = Attacker(self.platform, (OUTPUT,))
            try:
                attacker.begin()
                fresh = attacker.visitor.terminal(attacker.path + "/terminals/1")
                fresh.expect("yyyy")
                attacker.asleep.pop().drop()
                attacker.terminals.clear()
                fresh.type("\x03")
                fresh.type("echo again-$((1+1))\n")
                at = 0
                while b"again-2\r" not in fresh.output:
                    fresh.step()
                    at += 1
                fresh.drop()
            finally:
                self.assertEqual(attacker.leave(), 204)
            self.assertEqual(still_there(attacker.groups), [])


def left(platform, servers):
    """All that a sandbox could leave behind, as far as it can be counted from outside."""
    folders = [platform.data / "agent", platform.run_folder()]
    names = [sorted(name for name in map(str, folder.rglob("*")) if "/layers/" not in name) for folder in folders]
    tree, processes = [platform.process.pid], []
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(int(entry.name))
    while tree:
        pid = tree.pop()
        with contextlib.suppress(OSError):
            processes.append((pathlib.Path(f"/proc/{pid}/comm").read_text().strip(), os.readlink(f"/proc/{pid}/ns/net")))
        tree += parents.get(pid, [])
    found = {
        "names": names, "processes": sorted(processes),
        "disk": sum(path.lstat().st_blocks for folder in folders for path in folder.rglob("*") if path.is_file()),
        "links": sorted(os.listdir("/sys/class/net")),
    }
    for name, pid in servers.items():
        base = f"/proc/{pid}"
        kinds = []
        for fd in os.listdir(base + "/fd"):
            with contextlib.suppress(OSError):
                kinds.append(re.sub(r"\d+", "", os.readlink(f"{base}/fd/{fd}")))
        found[name + " descriptors"] = sorted(kinds)
        found[name + " mounts"] = sorted(line.split()[4] for line in pathlib.Path(base + "/mountinfo").read_text().splitlines())
    return found


class Many(Abuse):
    BATCH, BATCHES = 10, 20

    def one(self, n):
        visitor = Visitor(self.platform.url)
        status, sandbox, _ = visitor.attempt()
        self.assertEqual(status, 201, sandbox)
        groups = groups_of(self.platform, sandbox)
        path = f"/api/v1/sandboxes/{sandbox['id']}"
        if n % 4 != 0:
            terminal = visitor.terminal(sandbox["terminals"][0]["url"])
            self.assertEqual(terminal.status, 101)
            if n % 4 == 1:
                terminal.type("exit 0\n")
                self.assertEqual(terminal.drain(), 1000)
            elif n % 4 == 2:
                self.assertEqual(visitor.post(path + "/terminals")[0], 201)
                terminal.type("(sleep 1000 & sleep 1000 &); dd if=/dev/zero of=/tmp/x bs=1M count=5 2>&1; echo did-$((1+1))\n")
                terminal.expect("did-2")
            terminal.drop()
        self.assertEqual(visitor.delete(path)[0], 204)
        self.assertEqual(still_there(groups), [])

    def test_1_two_hundred_leave_nothing(self):
        servers = self.servers()
        with concurrent.futures.ThreadPoolExecutor(self.BATCH) as pool:
            list(pool.map(self.one, range(self.BATCH)))  # what is made once
            before = left(self.platform, servers)
            for _ in range(self.BATCHES):
                list(pool.map(self.one, range(self.BATCH)))
        until = time.monotonic() + PATIENCE
        while left(self.platform, servers) != before and time.monotonic() < until:
            time.sleep(0.1)  # closed connections are let go by the server a moment later
        after = left(self.platform, servers)
        for name in before:
            self.assertEqual(before[name], after[name], name)


class HalfRequests(Abuse):
    def test_1_many_that_never_finish_their_request(self):
        """Two thousand half requests, and people are served beside them."""
        visitor = Visitor(self.platform.url)
        half = []
        try:
            for n in range(2000):
                connection = socket.create_connection((visitor.url.hostname, visitor.url.port), timeout=PATIENCE)
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "[:n % 50])
                half.append(connection)
            self.assertEqual(visitor.get("/healthz")[0], 200)
            victim = Victim(self.platform.url)
            victim.work(10)
            self.assertEqual(victim.leave(), 204)
        finally:
            for connection in half:
                connection.close()
        self.assertEqual(visitor.get("/healthz")[0], 200)
