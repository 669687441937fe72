#!/usr/bin/env python3
"""Builds as people write them: what comes out, and what they are told when it does not."""
import gzip
import json
import unittest
import zipfile

from harness import *

world = client = None


def setUpModule():
    global world, client
    world = World()
    client = world.up()
    world.ensure_base(client)


def tearDownModule():
    world.remove()


class Works(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)

    def test_a_package_is_installed_and_pushed(self):
        ended = client.build('figlet', dockerfile(
            'RUN apt-get update && apt-get install -y --no-install-recommends figlet && rm -rf /var/lib/apt/lists/*',
            'CMD ["figlet", "hi"]'))
        self.assertEqual((ended.state, ended.error), ('succeeded', None), ended.text())
        self.assertEqual(ended.stages, ['base', 'build', 'push'])
        self.assertIn('Setting up figlet', ended.text())
        manifest, digest = world.registry.manifest('taste/figlet:b1')
        self.assertEqual(ended.reference, 'taste/figlet@' + digest)
        config = json.loads(world.registry.blob('taste/figlet', manifest['config']['digest']))
        self.assertEqual(config['config']['Cmd'], ['figlet', 'hi'])
        base, _ = world.registry.manifest(BASE)
        self.assertEqual([layer['digest'] for layer in manifest['layers'][:-1]], [layer['digest'] for layer in base['layers']])
        entries = {e.name: e for e in world.registry.layer('taste/figlet', manifest['layers'][-1]['digest'])}
        self.assertIn('usr/bin/figlet-figlet', entries)
        # What the build was lent is not in it; of a mount that the base has no file for, an empty one stays.
        self.assertFalse([name for name in entries if 'ca.pem' in name])
        if 'etc/resolv.conf' in entries:
            self.assertEqual(entries['etc/resolv.conf'].size, 0)

    def test_files_of_the_context(self):
        files = dockerfile('COPY . /app', 'RUN ls -A /app && cat /app/sub/b && /app/run.sh')
        files.update({'a': 'A', 'sub/b': 'in sub', 'secret.txt': 'no', 'run.sh': '#!/bin/sh\necho it runs as $(id -u)\n',
                      '.dockerignore': 'secret*\n'})
        ended = client.build('context', files)
        self.assertEqual(ended.state, 'succeeded', ended.text())
        self.assertIn('in sub', ended.text())
        self.assertIn('it runs as 0', ended.text())
        self.assertNotIn('secret.txt', ended.text())

    def test_zip_gzip_and_a_single_folder(self):
        files = {**dockerfile('COPY . /app', 'RUN /app/run.sh'), 'run.sh': '#!/bin/sh\necho it runs\n'}
        out = io.BytesIO()
        with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                info = zipfile.ZipInfo('project-main/' + name)
                info.external_attr = 0o100755 << 16
                archive.writestr(info, text)
        for name, data in (('zip', out.getvalue()), ('gz', gzip.compress(make_tar(files)))):
            ended = client.build(name, data)
            self.assertEqual(ended.state, 'succeeded', ended.text())
            self.assertIn('it runs', ended.text())

    def test_a_dockerfile_beside_the_context(self):
        text = dockerfile('COPY src/a /a', 'RUN cat /a')['Dockerfile']
        ended = client.build('beside', {'src/a': 'from the context\n'}, dockerfile=text)
        self.assertEqual(ended.state, 'succeeded', ended.text())
        self.assertIn('from the context', ended.text())
        ended = client.build('wins', dockerfile('RUN echo of the context'), dockerfile=dockerfile('RUN echo of the request')['Dockerfile'])
        self.assertIn('of the request', ended.text())
        self.assertNotIn('of the context', ended.text())
        self.assertIn('error', client.try_start('huge', {'a': ''}, dockerfile='#' * 70000))

    def test_users_and_owners(self):
        ended = client.build('users', dockerfile(
            'RUN useradd -u 1234 -m ann && touch /owned && chown ann /owned && chmod 4755 /usr/bin/id', 'USER ann',
            'RUN id -un && stat -c "%U %a" /owned /usr/bin/id'))
        self.assertEqual(ended.state, 'succeeded', ended.text())
        self.assertIn('ann 644\nroot 4755\n', ended.text())
        manifest, _ = world.registry.manifest('taste/users:b1')
        entries = {e.name: e for e in world.registry.layer('taste/users', manifest['layers'][-1]['digest'])}
        self.assertEqual((entries['owned'].uid, entries['usr/bin/id'].mode & 0o7777), (1234, 0o4755))

    def test_stages_arguments_and_a_base_by_digest(self):
        _, digest = world.registry.manifest(BASE)
        ended = client.build('stages', {'Dockerfile': (
            f'ARG TAG=bookworm\nFROM debian:${{TAG}} AS first\nRUN echo made > /made\nFROM scratch AS empty\n'
            f'COPY --from=first /made /made\nFROM debian@{digest}\nCOPY --from=empty /made /copied\n'
            f'COPY --from=debian:bookworm /etc/hostname* /etc/debian_version /\nRUN cat /copied /debian_version\n')})
        self.assertEqual(ended.state, 'succeeded', ended.text())
        self.assertIn('made\n12', ended.text())

    def test_from_scratch(self):
        ended = client.build('nothing', {'Dockerfile': 'FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n', 'hello': 'x'})
        self.assertEqual(ended.state, 'succeeded', ended.text())
        manifest, _ = world.registry.manifest('taste/nothing:b1')
        self.assertEqual(len(manifest['layers']), 1)

    def test_on_an_image_that_was_built_here(self):
        self.assertEqual(client.build('lower', dockerfile('RUN echo lower > /lower')).state, 'succeeded')
        ended = client.build('upper', dockerfile('RUN cat /lower', base='taste/lower:b1'))
        self.assertEqual(ended.state, 'succeeded', ended.text())
        # A tag that moved is brought anew.
        self.assertEqual(client.build('lower', dockerfile('RUN echo moved > /lower')).state, 'succeeded')
        ended = client.build('upper', dockerfile('RUN cat /lower', base='taste/lower:b1'))
        self.assertIn('moved', ended.text())

    def test_two_at_once_and_no_third(self):
        builds = [client.start(f'pair{i}', dockerfile('RUN echo up; sleep 2')) for i in range(2)]
        answer = client.try_start('third', dockerfile())
        self.assertEqual(answer['error']['kind'], 'unavailable')
        answer = client.try_start('pair0', dockerfile())
        self.assertEqual(answer['error']['kind'], 'conflict')
        self.assertEqual([build.wait().state for build in builds], ['succeeded'] * 2)

    def test_pseudo_terminals_are_there(self):
        ended = client.build('pty', dockerfile('RUN script -qc "echo on $(tty)" /dev/null; ls /dev'))
        self.assertEqual(ended.state, 'succeeded', ended.text())


class Authority(unittest.TestCase):
    """[build] ca_file: programs of a build trust it while they run, and nothing of it stays in the image."""

    def test_it_is_lent(self):
        other = World(BUILD_CA_FILE=world.base + '/ca.pem')
        with open(world.base + '/ca.pem', 'w') as f:
            f.write('-----BEGIN CERTIFICATE-----\nlent\n')
        os.chmod(world.base + '/ca.pem', 0o644)
        try:
            other_client = other.up()
            ended = other_client.build('lent', {'Dockerfile': (
                'FROM scratch AS first\nCOPY Dockerfile /\nFROM scratch\nCOPY --from=first / /\nCMD ["/x"]\n')})
            self.assertEqual(ended.state, 'succeeded', ended.text())
            other.ensure_base(other_client)
            ended = other_client.build('lent', dockerfile(
                'RUN cat $SSL_CERT_FILE $NODE_EXTRA_CA_CERTS $npm_config_cafile', 'ENV KEPT=1', 'RUN env'))
            self.assertEqual(ended.state, 'succeeded', ended.text())
            self.assertEqual(ended.text().count('\nlent\n'), 3)
            manifest, _ = other.registry.manifest('taste/lent:b1')
            config = json.loads(other.registry.blob('taste/lent', manifest['config']['digest']))
            self.assertEqual([text for text in config['config']['Env'] if not text.startswith(('PATH=', 'LANG='))], ['KEPT=1'])
            names = other.registry.layer('taste/lent', manifest['layers'][-1]['digest']).getnames()
            self.assertFalse([name for name in names if 'ca.pem' in name])
            self.assertEqual(other.left(), NOTHING)
        finally:
            other.remove()


class Tells(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)

    def fails(self, files, *words, **more):
        ended = client.build('fails', files, **more)
        self.assertEqual((ended.state, ended.reference), ('failed', None), ended.text())
        for word in words:
            self.assertIn(word, ended.error)
        return ended

    def test_a_run_that_fails(self):
        ended = self.fails(dockerfile('RUN echo before', 'RUN echo trying; exit 7'), 'RUN echo trying; exit 7', 'exit code 7')
        self.assertIn('[build failed: ', ended.text())

    def test_no_such_package(self):
        self.fails(dockerfile('RUN apt-get update && apt-get install -y no-such-thing'), 'no package no-such-thing')

    def test_no_such_command(self):
        self.fails(dockerfile('RUN frobnicate --now'), 'frobnicate', 'install it first')

    def test_no_such_base(self):
        self.fails(dockerfile(base='debian:nonesuch'), 'debian:nonesuch', 'was not found')
        self.fails(dockerfile(base='taste/never-built:1'), 'taste/never-built:1')

    def test_no_such_file(self):
        self.fails(dockerfile('COPY missing.txt /'), 'missing.txt', 'not among the files')

    def test_mistakes_in_the_dockerfile(self):
        self.fails({'Dockerfile': 'RUN echo\n'}, 'line 1', 'FROM')
        self.fails({'Dockerfile': ''}, 'no FROM')
        self.fails(dockerfile('FROB x'), 'FROB')
        self.fails({'Dockerfile': 'FROM ${NOTHING}\n'}, 'line 1', 'ARG')
        self.fails({'Dockerfile': b'FROM a\0b\n'}, 'NUL')
        self.fails({'Dockerfile': 'FROM Not/A/Reference!\n'}, 'Not/A/Reference!')
        self.fails({'Dockerfile': 'FROM --evil\n'}, 'FROM needs an image')
        self.fails({'Readme': 'x'}, 'no file called Dockerfile')

    def test_without_a_network(self):
        self.fails(dockerfile('RUN apt-get update -o APT::Update::Error-Mode=any'), 'cannot be resolved', network=False)
        ended = client.build('none', dockerfile('RUN cat /proc/net/dev'), network=False)
        self.assertNotIn('eth0', ended.text())

    def test_what_is_refused_at_once(self):
        for tag in ('evil.example:5000/a/b:1', '127.0.0.1:1/a/b:1', 'notag/x', 'single:1', '../x:1', '-x/y:1', 'a/b@sha256:' + '0' * 64, ''):
            self.assertEqual(client.try_start('refused', dockerfile(), tag=tag)['error']['kind'], 'invalid', tag)
        self.assertEqual(client.try_start('../x', dockerfile())['error']['kind'], 'invalid')
        self.assertEqual(client.try_start('small', dockerfile(), disk=1)['error']['kind'], 'invalid')
        self.assertEqual(client.ask('build.cancel', build='unknown')['error']['kind'], 'not_found')

    def test_the_registry_is_away(self):
        build = client.start('away', dockerfile('RUN echo sleeping; sleep 3'))
        build.until('sleeping')
        world.registry.process.send_signal(signal.SIGSTOP)
        try:
            world.registry.process.send_signal(signal.SIGKILL)
            world.registry.process.wait()
            ended = build.wait()
        finally:
            world.registry.process = subprocess.Popen(
                ['docker-registry', 'serve', world.registry.folder + '/config.yml'], stdout=world.registry.log, stderr=world.registry.log)
            for _ in range(200):
                try:
                    world.registry.get('')
                    break
                except OSError:
                    time.sleep(0.05)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('built but could not be stored', ended.error)


if __name__ == '__main__':
    main()
