"""A visitor's browser, as far as the API can tell: cookie, Origin, JSON, and one WebSocket a terminal (RFC 6455). Standard library only."""
import base64
import http.client
import json
import os
import socket
import struct
import time
import urllib.parse

PATIENCE = 60  # seconds until a wait for something that must come fails the test; no speed is asserted


class Visitor:
    def __init__(self, url):
        self.url = urllib.parse.urlparse(url)
        self.origin = url
        self.cookie = None

    def ask(self, method, path, body=None, headers=None, raw=False):
        """(status, decoded body or bytes, headers)"""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=PATIENCE)
        send = {"Origin": self.origin} if method != "GET" else {}
        if self.cookie:
            send["Cookie"] = "ttob_session=" + self.cookie
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            send["Content-Type"] = "application/json"
        send.update(headers or {})
        connection.request(method, path, body=data, headers={k: v for k, v in send.items() if v is not None})
        answer = connection.getresponse()
        content = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and value.startswith("ttob_session="):
                self.cookie = value.split(";")[0].split("=", 1)[1]
        connection.close()
        kind = answer.getheader("Content-Type", "")
        if not raw and "json" in kind:
            return answer.status, json.loads(content), dict(answer.getheaders())
        return answer.status, content, dict(answer.getheaders())

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def delete(self, path):
        return self.ask("DELETE", path)

    def attempt(self, project="taste/figlet", **more):
        return self.post("/api/v1/sandboxes", {"project": project, **more})

    def terminal(self, url, offset=0, **more):
        return Terminal(self, f"{url}?offset={offset}", **more)

    def follow(self, path, last=None):
        """Server-sent events of `path` until the server closes: yields (event, id, data)."""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=PATIENCE)
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        event, ident, data = None, None, []
        for line in answer:
            line = line.decode().rstrip("\n")
            if line == "":
                if data:
                    yield event, ident, json.loads("\n".join(data))
                event, ident, data = None, None, []
            elif line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("id:"):
                ident = int(line[3:])
            elif line.startswith("data:"):
                data.append(line[5:].lstrip(" "))
        connection.close()


class Closed(Exception):
    pass


class Terminal:
    def __init__(self, visitor, path, origin=None, cookie=True):
        self.socket = socket.create_connection((visitor.url.hostname, visitor.url.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as browsers do
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1", f"Host: {visitor.url.netloc}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: ttob.terminal.v1",
            f"Origin: {origin or visitor.origin}",
        ]
        if cookie and visitor.cookie:
            lines.append("Cookie: ttob_session=" + visitor.cookie)
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            more = self.socket.recv(4096)
            if not more:
                break
            self.buffer += more
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.output = b""
        self.controls = []
        self.hello = None
        self.offset = 0
        self.close_code = None

    def _need(self, count):
        while len(self.buffer) < count:
            more = self.socket.recv(65536)
            if not more:
                raise Closed()
            self.buffer += more

    def _frame(self):
        self._need(2)
        first, second = self.buffer[0], self.buffer[1]
        length, at = second & 127, 2
        if length == 126:
            self._need(4)
            length, at = struct.unpack(">H", self.buffer[2:4])[0], 4
        elif length == 127:
            self._need(10)
            length, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
        self._need(at + length)
        payload = self.buffer[at:at + length]
        self.buffer = self.buffer[at + length:]
        return first & 15, payload

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        length = len(payload)
        if length < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
        else:
            head = struct.pack(">BBH", 0x80 | opcode, 0xFE, length)
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def step(self):
        """Takes in one message."""
        opcode, payload = self._frame()
        if opcode == 2:
            self.output += payload
            self.offset += len(payload)
            self.control(ack=self.offset)
        elif opcode == 1:
            message = json.loads(payload)
            if "hello" in message:
                self.hello = message["hello"]
                self.offset = self.hello["offset"]
            self.controls.append(message)
        elif opcode == 8:
            self.close_code = struct.unpack(">H", payload[:2])[0] if payload else 1005
            raise Closed()
        elif opcode == 9:
            self._send(10, payload)

    def type(self, text):
        self._send(2, text.encode() if isinstance(text, str) else text)

    def control(self, **message):
        self._send(1, json.dumps(message).encode())

    def expect(self, text, since=0):
        """Reads until `text` stands in the output behind `since`; gives the place behind it."""
        text = text.encode() if isinstance(text, str) else text
        until = time.monotonic() + PATIENCE
        while text not in self.output[since:]:
            assert time.monotonic() < until, f"{text!r} did not come; {self.output[-500:]!r}"
            self.step()
        return self.output.index(text, since) + len(text)

    def wait_control(self, name):
        until = time.monotonic() + PATIENCE
        while True:
            for message in self.controls:
                if name in message:
                    return message[name]
            assert time.monotonic() < until, f"no {name}"
            self.step()

    def drain(self):
        """Until the server closes: the close code."""
        try:
            while True:
                self.step()
        except (Closed, ConnectionError):
            pass
        return self.close_code

    def __del__(self):
        if hasattr(self, "socket"):
            self.socket.close()

    def drop(self):
        """As a lost network: no close frame."""
        self.socket.close()
