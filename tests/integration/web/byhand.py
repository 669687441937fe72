"""A bare shell on a base that an author sets up by hand, saves as a project, and others try. Runs on the platform that platform.py has started."""
import os
import signal
import time
import unittest

from client import PATIENCE, Visitor

SETUP = ("printf '#!/bin/sh\\necho taste-of-$1\\n' >/usr/local/bin/taste-it; chmod +x /usr/local/bin/taste-it; "
         "echo 'changed by hand' >/etc/issue; rm /etc/debian_version; mkdir -p /srv/data; chown 33:33 /srv/data; echo set-$((1+1))\n")


class ByHand(unittest.TestCase):
    platform = None

    def author(self, name):
        author = Visitor(self.platform.url)
        status, answer, _ = author.post("/api/v1/users", {"username": name, "password": "seven green kettles"})
        self.assertEqual(status, 201, answer)
        return author

    def until(self, who, path, states):
        end = time.monotonic() + 3 * PATIENCE
        while True:
            try:
                status, answer, _ = who.get(path)
            except OSError:
                status, answer = 0, None
            if status == 200 and answer["state"] in states:
                return answer
            self.assertLess(time.monotonic(), end, answer)
            time.sleep(0.1)

    def shell(self, who, sandbox):
        terminal = who.terminal(sandbox["terminals"][0]["url"])
        self.assertEqual(terminal.status, 101)
        return terminal

    def start_base(self, who):
        status, sandbox, _ = who.post("/api/v1/sandboxes", {"base": "debian:bookworm"})
        self.assertEqual((status, sandbox["project"], sandbox["base"]), (201, None, "debian:bookworm"), sandbox)
        return sandbox

    def publish(self, who, name, sandbox):
        form = {"name": name, "summary": "By hand", "category": "fun", "smoke": "taste-it smoke | grep taste-of-smoke",
                "source": {"kind": "sandbox", "sandbox": sandbox["id"]}}
        status, answer, _ = who.post("/api/v1/projects", form)
        self.assertEqual(status, 202, answer)
        return answer["project"]["full_name"]

    def check(self, who, name):
        """What was done by hand is there, and nothing else of the base has changed."""
        status, sandbox, _ = who.attempt(name, replace=True)
        self.assertEqual(status, 201, sandbox)
        terminal = self.shell(who, sandbox)
        terminal.type("taste-it lemon; cat /etc/issue; ls /etc/debian_version || echo gone-$((4+3)); stat -c owner-%u:%g /srv/data; dpkg -s bash | grep ^Status\n")
        for words in ("taste-of-lemon", "changed by hand", "gone-7", "owner-33:33", "install ok installed"):
            terminal.expect(words)
        terminal.drop()
        self.assertEqual(who.delete(f"/api/v1/sandboxes/{sandbox['id']}")[0], 204)

    def test_1_it_becomes_a_project_that_others_try(self):
        author = self.author("by-hand")
        self.assertEqual(Visitor(self.platform.url).post("/api/v1/sandboxes", {"base": "debian:bookworm"})[0], 401)
        sandbox = self.start_base(author)
        self.assertEqual(author.attempt()[0], 409)
        terminal = self.shell(author, sandbox)
        terminal.type(SETUP)
        terminal.expect("set-2")
        terminal.drop()
        name = self.publish(author, "lemon", sandbox)
        self.until(author, f"/api/v1/projects/{name}", ("ready",))
        build = author.get(f"/api/v1/projects/{name}/builds")[1]["items"][0]
        self.assertEqual((build["state"], build["smoke"]["exit_code"]), ("succeeded", 0))
        self.assertEqual(author.delete(f"/api/v1/sandboxes/{sandbox['id']}")[0], 204)
        self.check(Visitor(self.platform.url), name)
        history = author.get("/api/v1/sandboxes")[1]["items"][0]
        self.assertEqual((history["project"], history["base"], history["ended"]["reason"]), (None, "debian:bookworm", "stopped"))

    def test_2_it_is_saved_by_the_web_process_that_comes_after_a_killed_one(self):
        author = self.author("by-hand-too")
        sandbox = self.start_base(author)
        terminal = self.shell(author, sandbox)
        terminal.type(SETUP)
        terminal.expect("set-2")
        terminal.drop()
        os.kill(self.platform.child("ttob web"), signal.SIGKILL)
        self.until(author, f"/api/v1/sandboxes/{sandbox['id']}", ("running",))
        terminal = self.shell(author, sandbox)
        terminal.type("echo still-$((2+1))\n")
        terminal.expect("still-3")
        terminal.drop()
        name = self.publish(author, "lemon", sandbox)
        self.until(author, f"/api/v1/projects/{name}", ("ready",))
        self.check(author, name)

    def test_3_nothing_changed_is_nothing_to_save(self):
        author = self.author("by-nobody")
        sandbox = self.start_base(author)
        status, answer, _ = author.post("/api/v1/projects", {"name": "lemon", "summary": "By hand", "category": "fun",
                                                             "source": {"kind": "sandbox", "sandbox": sandbox["id"]}})
        self.assertEqual(status, 422, answer)
        self.assertEqual(author.delete(f"/api/v1/sandboxes/{sandbox['id']}")[0], 204)
