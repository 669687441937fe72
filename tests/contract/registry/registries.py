#!/usr/bin/env python3
"""One suite, several registries: Debian's docker-registry with a password over HTTP and over TLS, and with tokens over TLS, each filled
by skopeo, as the agent does it. The certificates, the tokens and their server are made here.
   registries.py CONTRACT_REGISTRY [NAME]…"""
import base64
import crypt
import gzip
import hashlib
import http.server
import io
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.parse

WAIT = 60  # only how long a broken test hangs
USER, PASSWORD = 'ttob', 'seven green kettles'


def run(*words, **options):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options).stdout


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Authority:
    """A certificate authority of our own, a server's certificate for 127.0.0.1, and one that signs tokens."""

    def __init__(self, folder):
        self.ca, self.ca_key = folder + '/ca.pem', folder + '/ca.key'
        run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test authority', '-keyout', self.ca_key,
            '-out', self.ca, '-addext', 'basicConstraints=critical,CA:TRUE')
        self.certificate, self.key = self.make(folder, 'server', 'subjectAltName=IP:127.0.0.1')
        self.signer, self.signer_key = self.make(folder, 'signer', 'keyUsage=digitalSignature')
        der = run('openssl', 'x509', '-in', self.signer, '-outform', 'DER')
        self.x5c = base64.b64encode(der).decode()

    def make(self, folder, name, extension):
        base = f'{folder}/{name}'
        run('openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={name}', '-keyout', base + '.key', '-out', base + '.csr')
        with open(base + '.ext', 'w') as f:
            f.write(extension + '\n')
        run('openssl', 'x509', '-req', '-in', base + '.csr', '-CA', self.ca, '-CAkey', self.ca_key, '-CAcreateserial', '-days', '2', '-extfile',
            base + '.ext', '-out', base + '.pem')
        return base + '.pem', base + '.key'

    def jwt(self, claims):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b'=')

        text = part(json.dumps({'typ': 'JWT', 'alg': 'RS256', 'x5c': [self.x5c]}).encode()) + b'.' + part(json.dumps(claims).encode())
        signature = run('openssl', 'dgst', '-sha256', '-sign', self.signer_key, input=text)
        return (text + b'.' + part(signature)).decode()


class TokenServer:
    """Gives who has the password what they ask for (distribution's token specification)."""

    def __init__(self, authority):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                expected = 'Basic ' + base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
                outer.asked += 1
                if self.headers.get('Authorization') != expected:
                    self.answer(401, {'errors': [{'code': 'UNAUTHORIZED', 'message': 'who are you'}]})
                    return
                access = []
                for scope in ' '.join(query.get('scope', [])).split():
                    kind, name, actions = scope.rsplit(':', 1)[0].split(':', 1) + [scope.rsplit(':', 1)[1]]
                    access.append({'type': kind, 'name': name, 'actions': actions.split(',')})
                now = int(time.time())
                token = authority.jwt({'iss': 'test', 'sub': USER, 'aud': query['service'][0], 'exp': now + 300, 'nbf': now - 10, 'iat': now,
                                       'jti': os.urandom(8).hex(), 'access': access})
                self.answer(200, {'token': token, 'expires_in': 300})

            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.asked = 0
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate, authority.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.realm = f'https://127.0.0.1:{self.server.server_address[1]}/token'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()


class Registry:
    def __init__(self, folder, authority, tls=False, tokens=None):
        self.folder = folder
        os.makedirs(folder)
        self.port = free_port()
        self.host = f'127.0.0.1:{self.port}'
        self.url = ('https://' if tls else 'http://') + self.host
        self.ca = authority.ca
        http_part = {'addr': self.host, 'secret': os.urandom(8).hex()}
        if tls:
            http_part['tls'] = {'certificate': authority.certificate, 'key': authority.key}
        if tokens is not None:
            auth = {'token': {'realm': tokens.realm, 'service': 'test registry', 'issuer': 'test', 'rootcertbundle': authority.signer}}
        else:
            auth = {'htpasswd': {'realm': 'test', 'path': folder + '/htpasswd'}}
        with open(folder + '/htpasswd', 'w') as f:
            f.write(f'{USER}:' + crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)) + '\n')
        with open(folder + '/config.yml', 'w') as f:  # JSON is YAML
            json.dump({'version': 0.1, 'log': {'level': 'error'}, 'http': http_part, 'auth': auth,
                       'storage': {'filesystem': {'rootdirectory': folder + '/data'}, 'delete': {'enabled': True}}}, f)
        self.authfile = self.write_auth('auth.json', PASSWORD)
        self.wrong = self.write_auth('wrong.json', 'not it')
        self.log = open(folder + '/log', 'ab')
        self.process = subprocess.Popen(['docker-registry', 'serve', folder + '/config.yml'], stdout=self.log, stderr=self.log)
        end = time.monotonic() + WAIT
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.port)).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError('the registry does not come up: ' + open(folder + '/log').read())
                time.sleep(0.02)

    def write_auth(self, name, password):
        path = f'{self.folder}/{name}'
        with open(path, 'w') as f:
            json.dump({'auths': {self.host: {'auth': base64.b64encode(f'{USER}:{password}'.encode()).decode()}}}, f)
        return path

    def skopeo(self, *words):
        """As the agent runs it: the authority by SSL_CERT_FILE, the credentials by a file."""
        return run('skopeo', *words, env={'PATH': os.environ['PATH'], 'SSL_CERT_FILE': self.ca, 'HOME': self.folder})

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def layout(folder, name, size, shell=None):
    """An OCI layout with one layer of random bytes, so that nothing about it can be shared by chance, and a shell when one is given."""
    blobs = f'{folder}/{name}/blobs/sha256'
    os.makedirs(blobs)

    def blob(data, media):
        digest = hashlib.sha256(data).hexdigest()
        with open(f'{blobs}/{digest}', 'wb') as f:
            f.write(data)
        return {'mediaType': media, 'digest': 'sha256:' + digest, 'size': len(data)}

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        info = tarfile.TarInfo('file')
        info.size = size
        tar.addfile(info, io.BytesIO(os.urandom(size)))
        if shell is not None:
            for path in ('bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev'):
                folder_info = tarfile.TarInfo(path)
                folder_info.type, folder_info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(folder_info)
            program = tarfile.TarInfo('bin/sh')
            program.size, program.mode = len(shell), 0o755
            tar.addfile(program, io.BytesIO(shell))
    layer = blob(gzip.compress(out.getvalue(), 1), 'application/vnd.oci.image.layer.v1.tar+gzip')
    config = blob(json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {
        'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(out.getvalue()).hexdigest()]}}).encode(), 'application/vnd.oci.image.config.v1+json')
    manifest = blob(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': config,
                                'layers': [layer]}).encode(), 'application/vnd.oci.image.manifest.v1+json')
    with open(f'{folder}/{name}/index.json', 'w') as f:
        json.dump({'schemaVersion': 2, 'manifests': [{**manifest, 'annotations': {'org.opencontainers.image.ref.name': 'image'}}]}, f)
    with open(f'{folder}/{name}/oci-layout', 'w') as f:
        f.write('{"imageLayoutVersion": "1.0.0"}')
    return f'oci:{folder}/{name}:image'


def fill(registry, folder):
    first, second = layout(folder, 'first', 100_000), layout(folder, 'second', 3_000_000)
    verify = '--dest-tls-verify=' + ('true' if registry.url.startswith('https') else 'false')
    for source, name in ((first, 'one:a'), (first, 'one:b'), (second, 'one:c'), (first, 'two:x')):
        registry.skopeo('copy', '--dest-authfile', registry.authfile, verify, source, f'docker://{registry.host}/suite/{name}')
    # And back again.
    registry.skopeo('copy', '--src-authfile', registry.authfile, verify.replace('dest', 'src'), f'docker://{registry.host}/suite/one:c',
                    f'oci:{folder}/back:image')


def main():
    program, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    base = tempfile.mkdtemp(prefix='ttob-registries-')
    failed = []
    try:
        authority = Authority(base)
        for name, tls, with_tokens in (('password', False, False), ('password-tls', True, False), ('tokens-tls', True, True)):
            if wanted and name not in wanted:
                continue
            folder = f'{base}/{name}'
            tokens = TokenServer(authority) if with_tokens else None
            registry = Registry(folder, authority, tls, tokens)
            try:
                fill(registry, folder)
                print(f'# {name}', flush=True)
                if subprocess.run([program, registry.url, registry.authfile, registry.wrong, authority.ca]).returncode != 0:
                    failed.append(name)
                if tokens is not None and tokens.asked == 0:
                    failed.append(name + ': nobody asked for a token')
            finally:
                registry.stop()
                if tokens is not None:
                    tokens.stop()
    finally:
        shutil.rmtree(base)
    if failed:
        sys.exit('failed: ' + ', '.join(failed))


if __name__ == '__main__':
    main()
