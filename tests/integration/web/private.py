"""An image that needs a name and a password, from the form to the build: here the platform's own registry is the one that asks for them."""
import base64
import json
import subprocess
import time
import unittest

from client import PATIENCE, Visitor


class PrivateImage(unittest.TestCase):
    platform = None

    def credentials(self):
        [(host, entry)] = json.loads((self.platform.data / "registry-auth.json").read_text())["auths"].items()
        name, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        return host, name, password

    def publish(self, author, project, username, password):
        """The first build when it is over."""
        host = self.credentials()[0]
        status, answer, _ = author.post("/api/v1/projects", {
            "name": project, "summary": "Not public", "category": "fun",
            "source": {"kind": "image", "reference": f"{host}/debian:bookworm", "username": username, "password": password}})
        self.assertEqual(status, 202, answer)
        return self.ended(author, answer["build"]["id"])

    def ended(self, author, build):
        end = time.monotonic() + 3 * PATIENCE
        while (now := author.get(f"/api/v1/builds/{build}")[1])["state"] in ("queued", "running"):
            self.assertLess(time.monotonic(), end, now)
            time.sleep(0.1)
        return now

    def test_good_and_wrong_ones(self):
        author = Visitor(self.platform.url)
        self.assertEqual(author.post("/api/v1/users", {"username": "private-taster", "password": "seven green kettles"})[0], 201)
        host, name, password = self.credentials()
        wrong = self.publish(author, "wrong", name, "tiny-purple-elephants")
        self.assertEqual(wrong["state"], "failed")
        self.assertIn("the registry refused the name or password", wrong["error"])
        good = self.publish(author, "good", name, password)
        self.assertEqual((good["state"], good["error"]), ("succeeded", None))
        status, again, _ = author.post("/api/v1/projects/private-taster/good/rebuild", {})
        self.assertEqual(status, 202, again)
        self.assertEqual(self.ended(author, again["build"]["id"])["state"], "succeeded")
        source = author.get("/api/v1/projects/private-taster/good/source")[1]["source"]
        self.assertEqual(source, {"kind": "image", "reference": f"{host}/debian:bookworm", "has_credentials": True, "username": name})
        for place in (self.platform.data / "web", self.platform.log, self.platform.run_folder()):
            found = subprocess.run(["grep", "-raqF", "--devices=skip", "tiny-purple-elephants", place], check=False)
            self.assertEqual(found.returncode, 1, place)
        self.assertEqual((self.platform.data / "web" / "credentials.key").stat().st_mode & 0o777, 0o600)
