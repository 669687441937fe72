"""git's own smart HTTP server (git-http-backend) behind TLS, on the public address of outside.py."""
import os
import ssl
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from outside import HOST, PUBLIC


class Backend(BaseHTTPRequestHandler):
    """Repositories below the server's root; some paths misbehave."""

    protocol_version = 'HTTP/1.1'

    def answer(self, status, headers, body=b''):
        self.send_response(status)
        for header in headers + [('Content-Length', str(len(body)))]:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, _, query = self.path.partition('?')
        if path.startswith('/private/'):
            self.answer(401, [('WWW-Authenticate', 'Basic realm="x"')])
            return
        if path.startswith('/elsewhere/') or path.startswith('/plain/') or path.startswith('/inside/'):
            to = {'e': 'https://' + PUBLIC, 'p': 'http://' + PUBLIC, 'i': 'https://' + HOST}[path[1]]
            self.answer(302, [('Location', to + '/' + self.path.split('/', 2)[2])])
            return
        if path.startswith('/endless/'):
            self.send_response(200)
            self.send_header('Content-Type', 'application/x-git-upload-pack-advertisement')
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b'0' * 65536)
            except OSError:
                return
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        environment = dict(os.environ, GIT_PROJECT_ROOT=self.server.root, GIT_HTTP_EXPORT_ALL='1', REQUEST_METHOD=self.command,
                           PATH_INFO=path, QUERY_STRING=query, CONTENT_TYPE=self.headers.get('Content-Type') or '', REMOTE_ADDR='1',
                           GIT_PROTOCOL=self.headers.get('Git-Protocol') or '', HTTP_CONTENT_ENCODING=self.headers.get('Content-Encoding') or '')
        out = subprocess.run(['git', 'http-backend'], input=body, env=environment, capture_output=True).stdout
        head, _, rest = out.partition(b'\r\n\r\n')
        status, headers = 200, []
        for line in head.decode().split('\r\n'):
            name, _, value = line.partition(': ')
            if name == 'Status':
                status = int(value.split()[0])
            elif name and name.lower() != 'content-length':
                headers.append((name, value))
        self.answer(status, headers, rest)

    do_POST = do_GET

    def log_message(self, *words):
        pass


def serve(folder, serving):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + '/ca.pem', folder + '/key.pem')
    server = ThreadingHTTPServer((PUBLIC, 443), Backend)
    server.root = folder
    server.handle_error = lambda *who: None  # clients that leave are part of the test
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serving()
    server.serve_forever()
