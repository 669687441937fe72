#!/usr/bin/env python3
"""The whole platform as `ttob up` runs it: real registry, agent, builder and runtime, on a data folder and a port of its own.
   platform.py TTOB CATALOG CONTRACT [CLASS[.TEST]]…    (as root; ttob-agent is found beside ttob)"""
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import abuse  # noqa: E402
import byhand  # noqa: E402
import private  # noqa: E402
from client import PATIENCE, Closed, Visitor  # noqa: E402

TTOB, CATALOG, CONTRACT = (os.path.abspath(path) for path in sys.argv[1:4])

BROKEN = """[project]
name = broken
summary = Fails its smoke command
category = fun
license = MIT
smoke = echo about to fail && exit 7
popularity = 1

[source]
kind = script
base = debian:bookworm
"""


def wait_for(what, question, patience=3 * PATIENCE):
    until = time.monotonic() + patience
    while True:
        try:
            answer = question()
        except (ConnectionError, socket.timeout, OSError):
            answer = None
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not happen")
        time.sleep(0.05)


def processes():
    """{pid: (parent, command line, environment)}"""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            status = (entry / "status").read_text()
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        parent = int(re.search(r"PPid:\s*(\d+)", status)[1])
        found[int(entry.name)] = (parent, b" ".join(words).decode(errors="replace"), environment)
    return found


class Platform:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ttob-platform-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.log = self.folder / "up.log"
        self.catalog = self.folder / "catalog"
        self.data.mkdir()
        shutil.copytree(pathlib.Path(CATALOG) / "figlet", self.catalog / "figlet")
        (self.catalog / "broken").mkdir()
        (self.catalog / "broken" / "project.conf").write_text(BROKEN)
        (self.catalog / "broken" / "install.sh").write_text("true\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        # For developers in a hurry: a data folder whose registry has the base image already.
        prepared = os.environ.get("TTOB_TEST_BASE")
        if prepared:
            subprocess.run(["cp", "-a", "--parents", "registry/storage", str(self.data)], cwd=prepared, check=True)

    def start(self):
        # No pool: what is there before and after is compared to the last file, and a prepared sandbox is never the same.
        environment = dict(os.environ, TTOB_WEB_CATALOG=str(self.catalog), TTOB_LIMIT_LOOPBACK="no", TTOB_SANDBOX_POOL="0")
        with open(self.log, "ab") as log:
            log.write(b"---- start\n")
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=environment, start_new_session=True)
        wait_for("start of the platform", self.is_ready)

    def import_catalog(self):
        subprocess.run([TTOB, "catalog", "import", str(self.catalog), "--data", str(self.data)], check=True)

    def command(self):
        return [TTOB, "up", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("ttob up ended: " + self.log.read_text()[-3000:])
        return Visitor(self.url).get("/readyz")[0] == 200

    def child(self, words):
        for pid, (parent, line, _) in processes().items():
            if parent == self.process.pid and words in line:
                return pid
        return None

    def servers(self):
        """Processes that have to do with our data folder."""
        return [line for _, line, environment in processes().values() if str(self.data) in line + environment]

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        self.process = None

    def run_folder(self):
        environment = processes()[self.child("ttob-agent")][2].split("\0")
        return pathlib.Path(dict(word.split("=", 1) for word in environment if "=" in word)["TTOB_AGENT_RUN_DIR"])


platform = None
visitor = None
groups = {}


def setUpModule():
    global platform, visitor
    platform = Platform()
    platform.import_catalog()  # what root makes before the first start must be of use to the web process
    platform.start()
    visitor = Visitor(platform.url)
    abuse.Abuse.platform = platform
    byhand.ByHand.platform = private.PrivateImage.platform = platform


def tearDownModule():
    platform.stop()
    if os.environ.get("TTOB_TEST_KEEP"):
        print("kept:", platform.folder)
    else:
        shutil.rmtree(platform.folder, ignore_errors=True)


def start_sandbox(who=None, **more):
    status, sandbox, _ = (who or visitor).attempt(replace=True, **more)
    assert status == 201, (status, sandbox)
    groups[sandbox["id"]] = abuse.groups_of(platform, sandbox)
    return sandbox


def cgroups_of(name):
    """What is left of the control groups that the sandbox had when it was started."""
    return abuse.still_there(groups[name])


class A_Build(unittest.TestCase):
    def test_1_try_moves_the_build_to_the_front_and_the_log_tells(self):
        status, answer, _ = visitor.attempt()
        self.assertEqual(status, 202, answer)
        self.assertEqual(answer["state"], "building")
        path = f"/api/v1/builds/{answer['build']['id']}/log"
        text, last, states, end = "", 0, [], None
        for event, ident, data in visitor.follow(path):
            if event == "log":
                text += data["text"]
                self.assertGreater(ident, last)
                last = ident
            elif event == "state":
                states.append(data["stage"])
            elif event == "end":
                end = data
        self.assertEqual(end["state"], "succeeded", text[-2000:])
        self.assertIn("figlet", text)
        self.assertTrue(all(stage["state"] == "done" for stage in end["stages"]), end)
        self.assertEqual([stage["name"] for stage in end["stages"]], ["queued", "base", "build", "push", "unpack", "smoke"])
        again = [data for event, _, data in visitor.follow(path, last=last - 5) if event == "log"]
        self.assertEqual(len("".join(item["text"] for item in again).encode()), 5)

    def test_2_the_project_is_ready_with_the_version_that_the_program_tells(self):
        status, project, _ = visitor.get("/api/v1/projects/taste/figlet")
        self.assertEqual(status, 200)
        self.assertEqual(project["state"], "ready")
        self.assertRegex(project["version"], r"^\d+\.\d+")
        self.assertIsNotNone(project["verified_at"])
        self.assertIn('<code class="language-sh">', project["readme_html"])
        self.assertIn("FROM debian:bookworm", project["dockerfile"])

    def test_3_a_program_that_does_not_run_is_not_shown_as_ready(self):
        wait_for("end of the broken build", lambda: visitor.get("/api/v1/projects/taste/broken")[1]["state"] == "failed")
        build = visitor.get("/api/v1/projects/taste/broken")[1]["build"]
        self.assertIn("exit code 7", build["error"])
        self.assertEqual(build["stage"], "smoke")
        log = "".join(data["text"] for event, _, data in visitor.follow(f"/api/v1/builds/{build['id']}/log") if event == "log")
        self.assertIn("about to fail", log)
        status, answer, _ = visitor.attempt("taste/broken")
        self.assertEqual(status, 409)
        self.assertEqual(answer["build"]["id"], build["id"])

    def test_4_what_root_imports_meanwhile_is_built(self):
        project = platform.catalog / "late"
        shutil.copytree(platform.catalog / "broken", project)
        (project / "project.conf").write_text(BROKEN.replace("name = broken", "name = late").replace("exit 7", "exit 0"))
        platform.import_catalog()
        owners = {path.stat().st_uid for path in (platform.data / "web").rglob("*")}
        self.assertEqual(owners, {(platform.data / "web").stat().st_uid})
        self.assertNotEqual(owners, {0})
        wait_for("end of the build", lambda: visitor.get("/api/v1/projects/taste/late")[1]["state"] != "building")
        self.assertEqual(visitor.get("/api/v1/projects/taste/late")[1]["state"], "ready")


class B_Try(unittest.TestCase):
    def test_1_type_and_see(self):
        sandbox = start_sandbox()
        terminal = visitor.terminal(sandbox["terminals"][0]["url"])
        self.assertEqual(terminal.status, 101)
        terminal.type("echo sum-$((40+2)); echo lines-$(figlet hi | wc -l)\n")
        at = terminal.expect("sum-42")
        terminal.expect("lines-6", since=at)
        usage = terminal.wait_control("usage")
        self.assertGreater(usage["memory"], 0)
        self.assertEqual(usage["memory_limit"], sandbox["limits"]["memory"])
        terminal.drop()

    def test_2_a_reload_neither_loses_nor_repeats(self):
        sandbox = start_sandbox()
        url = sandbox["terminals"][0]["url"]
        first = visitor.terminal(url)
        first.type("for i in $(seq 1 400); do echo line-$i; sleep 0.002; done; echo the-$((1+1))nd\n")
        first.expect("line-50")
        first.drop()
        second = visitor.terminal(url, first.offset)
        second.wait_control("hello")
        self.assertEqual(second.hello["offset"], first.offset)
        second.expect("the-2nd")
        whole = (first.output + second.output).decode()
        numbers = [int(n) for n in re.findall(r"line-(\d+)\r", whole)]
        self.assertEqual(numbers, list(range(1, 401)))
        second.drop()

    def test_3_one_sandbox_for_a_person(self):
        sandbox = start_sandbox()
        status, answer, _ = visitor.attempt()
        self.assertEqual(status, 409)
        self.assertEqual(answer["sandbox"]["id"], sandbox["id"])
        status, other, _ = visitor.attempt(replace=True)
        self.assertEqual(status, 201)
        status, old, _ = visitor.get(f"/api/v1/sandboxes/{sandbox['id']}")
        self.assertEqual((status, old["state"], old["ended"]["reason"]), (200, "ended", "replaced"))
        self.assertEqual(cgroups_of(sandbox["id"]), [])
        self.assertNotEqual(other["id"], sandbox["id"])

    def test_4_nobody_else_gets_in(self):
        sandbox = start_sandbox()
        path = f"/api/v1/sandboxes/{sandbox['id']}"
        stranger = Visitor(platform.url)
        stranger.cookie = "A" * 43
        self.assertEqual(stranger.get(path)[0], 401)
        stranger.cookie = None
        report = {"project": sandbox["project"], "reason": "other"}
        self.assertEqual(stranger.post("/api/v1/reports", report)[0], 201)  # gets its own session
        self.assertIsNotNone(stranger.cookie)
        self.assertEqual(stranger.get(path)[0], 404)
        self.assertEqual(stranger.delete(path)[0], 404)
        self.assertEqual(stranger.post(path + "/extend")[0], 404)
        self.assertEqual(stranger.terminal(path + "/terminals/1").status, 404)
        self.assertEqual(visitor.terminal(path + "/terminals/1", origin="http://evil.example").status, 403)
        self.assertEqual(visitor.ask("DELETE", path, headers={"Origin": "http://evil.example"})[0], 403)
        self.assertEqual(visitor.ask("DELETE", path, headers={"Origin": None})[0], 403)
        self.assertEqual(visitor.get(path)[1]["state"], "running")

    def test_5_more_shells(self):
        sandbox = start_sandbox()
        path = f"/api/v1/sandboxes/{sandbox['id']}"
        numbers = [visitor.post(path + "/terminals", {"cols": 100, "rows": 30})[1]["n"] for _ in range(3)]
        self.assertEqual(numbers, [2, 3, 4])
        self.assertEqual(visitor.post(path + "/terminals")[0], 409)
        second = visitor.terminal(path + "/terminals/2")
        second.type("stty size; exit\n")
        second.expect("30 100")
        self.assertEqual(second.drain(), 1000)
        self.assertEqual(second.controls[-1]["exit"]["reason"], "exited")
        self.assertEqual([t["n"] for t in visitor.get(path)[1]["terminals"]], [1, 3, 4])
        self.assertEqual(visitor.terminal(path + "/terminals/2").drain(), 4404)

    def test_6_the_shell_that_leaves_ends_the_sandbox(self):
        sandbox = start_sandbox()
        terminal = visitor.terminal(sandbox["terminals"][0]["url"])
        terminal.type("exit 3\n")
        self.assertEqual(terminal.drain(), 1000)
        self.assertEqual(terminal.controls[-1], {"exit": {"reason": "exited", "code": 3}})
        ended = visitor.get(f"/api/v1/sandboxes/{sandbox['id']}")[1]["ended"]
        self.assertEqual((ended["reason"], ended["exit_code"]), ("exited", 3))
        self.assertEqual(cgroups_of(sandbox["id"]), [])

    def test_7_too_much_memory_is_told(self):
        sandbox = start_sandbox()
        terminal = visitor.terminal(sandbox["terminals"][0]["url"])
        terminal.type("exec tail /dev/zero\n")
        terminal.drain()
        self.assertEqual(terminal.controls[-1]["exit"]["reason"], "memory")

    def test_8_end_twice(self):
        sandbox = start_sandbox()
        path = f"/api/v1/sandboxes/{sandbox['id']}"
        self.assertEqual([visitor.delete(path)[0] for _ in range(2)], [204, 204])
        self.assertEqual(cgroups_of(sandbox["id"]), [])
        self.assertEqual(visitor.post(path + "/extend")[0], 409)


class B_TryByHand(byhand.ByHand):
    pass


class B_TryPrivate(private.PrivateImage):
    pass


class C_Crashes(unittest.TestCase):
    def begin(self):
        sandbox = start_sandbox()
        terminal = visitor.terminal(sandbox["terminals"][0]["url"])
        terminal.type("memory=kept-$((6*7)); echo set-$((1+1))\n")
        terminal.expect("set-2")
        return sandbox, terminal

    def come_back(self, sandbox, offset):
        def attempt():
            terminal = visitor.terminal(sandbox["terminals"][0]["url"], offset)
            return terminal if terminal.status == 101 else None
        return wait_for("a new connection", attempt)

    def test_1_a_killed_web_process_costs_no_shell(self):
        sandbox, terminal = self.begin()
        os.kill(platform.child("ttob web") or platform.child("web"), signal.SIGKILL)
        with self.assertRaises((Closed, ConnectionError)):
            while True:
                terminal.step()
        terminal = self.come_back(sandbox, terminal.offset)
        terminal.type("echo $memory\n")
        terminal.expect("kept-42")
        wait_for("the engine", platform.is_ready)
        again = visitor.get(f"/api/v1/sandboxes/{sandbox['id']}")[1]
        self.assertEqual(again["state"], "running")
        self.assertEqual(again["expires_at"], sandbox["expires_at"])
        self.assertEqual(visitor.delete(f"/api/v1/sandboxes/{sandbox['id']}")[0], 204)
        self.assertEqual(cgroups_of(sandbox["id"]), [])

    def test_2_a_killed_agent_costs_no_shell(self):
        sandbox, terminal = self.begin()
        path = f"/api/v1/sandboxes/{sandbox['id']}"
        os.kill(platform.child("ttob-agent"), signal.SIGKILL)
        terminal.type("echo $memory\n")
        at = terminal.expect("kept-42")
        wait_for("the agent", platform.is_ready)
        terminal.type("echo still-$memory\n")
        terminal.expect("still-kept-42", since=at)
        self.assertEqual(wait_for("another shell", lambda: visitor.post(path + "/terminals")[0] == 201 and 201), 201)
        # The agent has the shell again: a new web process gets it back from there.
        os.kill(platform.child("web"), signal.SIGKILL)
        terminal = self.come_back(sandbox, terminal.offset)
        terminal.type("echo twice-$memory\n")
        terminal.expect("twice-kept-42")
        wait_for("the engine", platform.is_ready)
        self.assertEqual(visitor.delete(path)[0], 204)
        self.assertEqual(cgroups_of(sandbox["id"]), [])

    def test_3_a_try_works_after_all_that(self):
        sandbox, terminal = self.begin()
        terminal.drop()
        self.assertEqual(visitor.delete(f"/api/v1/sandboxes/{sandbox['id']}")[0], 204)


class D_Abuse(abuse.Hostile):
    pass


class D_AbuseByMany(abuse.Many):
    pass


class D_AbuseByHalfRequests(abuse.HalfRequests):
    pass


class D_Contract(unittest.TestCase):
    def test_1_the_local_engine_keeps_the_contract(self):
        database = sqlite3.connect(f"file:{platform.data}/web/ttob.db?mode=ro", uri=True)
        reference = database.execute("SELECT reference FROM versions").fetchone()[0]
        socket_path = platform.run_folder() / "agent.sock"
        result = subprocess.run([CONTRACT, str(socket_path), reference], capture_output=True, text=True, timeout=600)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class E_Stop(unittest.TestCase):
    def assert_nothing_left(self, run_folder):
        self.assertEqual(platform.servers(), [])
        mounts = pathlib.Path("/proc/self/mountinfo").read_text()
        self.assertNotIn(str(platform.data), mounts)
        self.assertNotIn(str(run_folder), mounts)
        self.assertFalse(run_folder.exists(), list(run_folder.rglob("*")) if run_folder.exists() else None)

    def test_1_a_second_one_on_the_same_data_is_refused(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        result = subprocess.run([TTOB, "up", "--data", str(platform.data), "--listen", f"127.0.0.1:{port}"],
                                capture_output=True, text=True, timeout=PATIENCE)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("another", result.stderr)
        self.assertTrue(platform.is_ready())

    def test_2_stop_tells_viewers_and_leaves_nothing(self):
        run_folder = platform.run_folder()
        sandbox = start_sandbox()
        terminal = visitor.terminal(sandbox["terminals"][0]["url"])
        terminal.type("echo here-$((1+1))\n")
        terminal.expect("here-2")
        platform.process.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.drain(), 1000)
        self.assertEqual(terminal.controls[-1]["exit"]["reason"], "stopped")
        self.assertEqual(platform.process.wait(PATIENCE), 0)
        self.assert_nothing_left(run_folder)
        self.assertEqual(cgroups_of(sandbox["id"]), [])

    def test_3_the_next_start_has_everything(self):
        platform.start()
        self.assertEqual(visitor.get("/api/v1/projects/taste/figlet")[1]["state"], "ready")
        history = visitor.get("/api/v1/sandboxes")[1]
        self.assertEqual(history["items"][0]["ended"]["reason"], "stopped")
        sandbox = start_sandbox()
        terminal = visitor.terminal(sandbox["terminals"][0]["url"])
        terminal.type("echo lines-$(figlet again | wc -l)\n")
        terminal.expect("lines-6")
        terminal.drop()

    def test_4_killed_it_leaves_no_servers(self):
        sandbox = visitor.get("/api/v1/session")[1]["sandbox"]
        self.assertIsNotNone(sandbox)
        os.kill(platform.process.pid, signal.SIGKILL)
        platform.process.wait()
        wait_for("the end of the servers", lambda: platform.servers() == [])
        platform.start()
        state = wait_for("a decision", lambda: visitor.get(f"/api/v1/sandboxes/{sandbox['id']}")[1]["state"])
        self.assertIn(state, ("running", "ended"))
        visitor.delete(f"/api/v1/sandboxes/{sandbox['id']}")
        self.assertEqual(cgroups_of(sandbox["id"]), [])
        start_sandbox()
        run_folder = platform.run_folder()
        platform.stop()
        self.assert_nothing_left(run_folder)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2, failfast=bool(os.environ.get("TTOB_TEST_FAILFAST")))
