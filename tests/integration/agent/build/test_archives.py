#!/usr/bin/env python3
"""Files of a build that are meant to hurt who unpacks them: each ends as a plain failure or does nothing, and leaves nothing."""
import bz2
import gzip
import lzma
import struct
import threading
import unittest
import zipfile
import zlib

from harness import *

world = client = None
SECRET = 'the-host-secret-' + os.urandom(8).hex()
DISK = 'MiB of its disk'


def setUpModule():
    global world, client
    world = World()
    client = world.up()
    world.ensure_base(client)
    with open(world.base + '/secret', 'w') as f:
        f.write(SECRET)
    os.chmod(world.base + '/secret', 0o644)


def tearDownModule():
    world.remove()


def entry(kind, link='', **more):
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, link
    for name, value in more.items():
        setattr(info, name, value)
    return info


def header(name, size, kind=b'0', mode=0o644):
    """One block of a tar: what tarfile would not write."""
    octal = size if isinstance(size, bytes) else b'%011o\0' % size if size < 8 << 30 else b'\x80' + size.to_bytes(11, 'big')
    block = bytearray(name.ljust(100, b'\0')[:100] + b'%07o\0' % mode + b'0000000\0' * 2 + octal + b'00000000000\0' + b' ' * 8 + kind)
    block += bytes(100) + b'ustar\00000' + bytes(512 - len(block) - 108)
    block = block[:512]
    block[148:156] = b'%06o\0 ' % sum(block)
    return bytes(block)


def gnu_sparse(name, size):
    """An old GNU sparse entry: one header that says `size` bytes, and no data at all."""
    info = tarfile.TarInfo(name)
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    big = b'\x80' + size.to_bytes(11, 'big')
    block[386:398] = big            # one piece at the very end ...
    block[398:410] = b'%011o\0' % 0  # ... of no bytes
    block[483:495] = big            # the size that it seems to have
    block[148:156] = b' ' * 8
    block[148:156] = b'%06o\0 ' % sum(block)
    return bytes(block)


def tar_with(files, *blocks):
    """A good tar, and before its end the blocks."""
    return make_tar(files).rstrip(b'\0').ljust(-(-len(make_tar(files).rstrip(b'\0')) // 512) * 512, b'\0') + b''.join(blocks) + bytes(1024)


def feed(blocks):
    """A pipe that a thread writes into: for what is too large to hold."""
    reader, writer = os.pipe()

    def write():
        try:
            with os.fdopen(writer, 'wb', 1 << 20) as f:
                for block in blocks:
                    f.write(block)
        except BrokenPipeError:
            pass  # who reads has given up, as it should
    threading.Thread(target=write, daemon=True).start()
    return reader


class Archives(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)
        self.assertIsNone(world.process.poll())
        self.assertFalse(os.path.exists(world.base + '/escaped'))

    def fails(self, name, context, words, **limits):
        ended = client.build(name, context, **limits)
        self.assertEqual(ended.state, 'failed', ended.text())
        self.assertIn(words, ended.error)
        self.assertNotIn(SECRET, ended.text() + ended.error)

    def feeds(self, name, blocks, words, **limits):
        reader = feed(blocks)
        try:
            self.fails(name, reader, words, **limits)
        finally:
            os.close(reader)

    def harmless(self, name, context, **limits):
        ended = client.build(name, context, **limits)
        self.assertEqual(ended.state, 'succeeded', (ended.error, ended.text()))
        self.assertNotIn(SECRET, ended.text())
        return ended.text()

    def test_a_link_and_then_a_file_through_it(self):
        for name, target in (('absolute', world.base), ('up', '../' * 12 + world.base[1:])):
            tricky = {**dockerfile('RUN true'), 'way': entry(tarfile.SYMTYPE, target), 'way/escaped': 'x'}
            client.build('through-' + name, tricky)
        # The link twice: first to a folder of the context, then elsewhere.
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w') as tar:
            for info, data in ((entry(tarfile.DIRTYPE, name='d', mode=0o755), b''), (entry(tarfile.SYMTYPE, 'd', name='way'), b''),
                               (entry(tarfile.SYMTYPE, world.base, name='d/deeper'), b''), (entry(tarfile.REGTYPE, name='way/deeper/escaped', size=1), b'x')):
                tar.addfile(info, io.BytesIO(data))
        client.build('through-twice', out.getvalue())

    def test_a_hard_link_to_what_is_outside(self):
        for number, target in enumerate((world.base + '/secret', '/etc/passwd', '../../../../etc/passwd', '/proc/1/environ')):
            files = {**dockerfile('COPY hard /hard', 'RUN cat /hard'), 'hard': entry(tarfile.LNKTYPE, target)}
            self.fails(f'hard{number}', files, 'unpacked safely')
        # By way of a symbolic link to a folder outside.
        files = {**dockerfile('COPY hard /hard', 'RUN cat /hard'), 'way': entry(tarfile.SYMTYPE, world.base), 'hard': entry(tarfile.LNKTYPE, 'way/secret')}
        self.fails('hard-through', files, 'unpacked safely')

    def test_devices_of_each_kind(self):
        for number, kind in enumerate((tarfile.BLKTYPE, tarfile.CHRTYPE)):
            for major, minor in ((8, 0), (254, 0), (1, 1), (7, 0)):
                self.fails(f'dev{number}-{major}-{minor}', {**dockerfile('RUN true'), 'd': entry(kind, devmajor=major, devminor=minor, mode=0o666)}, 'unpacked safely')

    def test_a_pipe_among_the_files(self):
        # Who reads it waits for ever; the limit of time is what ends it then.
        ended = client.build('pipe', {**dockerfile('COPY . /all', 'RUN ls -la /all'), 'p': entry(tarfile.FIFOTYPE, mode=0o666)}, seconds=25)
        self.assertIn(ended.state, ('succeeded', 'failed'))

    def test_set_user_id_is_not_kept_from_an_archive(self):
        files = {**dockerfile('COPY su /su', 'RUN stat -c "MODE %a %u" /su'), 'su': '#!/bin/sh\n'}
        tar = bytearray(make_tar(files))
        at = tar.index(b'su\0')
        tar[at + 100:at + 108] = b'0006755\0'
        tar[at + 148:at + 156] = b' ' * 8
        tar[at + 148:at + 156] = b'%06o\0 ' % sum(tar[at:at + 512])
        self.assertIn('MODE 755 0\n', self.harmless('setuid', bytes(tar)))

    def test_names_that_are_no_text(self):
        names = [b'line\nbreak', b'\xff\xfe\x80', b'esc\x1b[2J', b'-rf', b' ', b'tab\t', b'\xe2\x80\xae', b'"quoted"', b'`id`', b'$(id)', b'x' * 99]
        tar = tar_with(dockerfile('COPY . /all', 'RUN ls -A /all | wc -c; echo looked'), *[header(name, 0) for name in names])
        self.assertIn('looked', self.harmless('names', tar))

    def test_a_file_that_seems_to_have_a_terabyte(self):
        sparse = gnu_sparse('large', 1 << 40)
        self.harmless('sparse', tar_with(dockerfile('RUN true'), sparse))
        self.fails('sparse-copied', tar_with(dockerfile('COPY large /large'), sparse), 'the disk of the build is full', disk=256 << 20)

    def test_sizes_that_are_a_lie(self):
        good = dockerfile('RUN true')
        self.fails('more', tar_with(good, header(b'f', 8 << 30)), 'unpacked safely')
        self.fails('negative', tar_with(good, header(b'f', b'\xff' * 12)), 'unpacked safely')
        self.fails('name', tar_with(good, header(b'n', 8 << 30, b'L')), 'unpacked safely')
        self.fails('pax', tar_with(good, header(b'p', 8 << 30, b'x')), 'unpacked safely')
        self.harmless('checksum', tar_with(good, b'x' * 512))  # what is no entry is passed over

    def test_a_million_files(self):
        def blocks():
            yield tar_with(dockerfile('RUN true'))[:-1024]
            plain = bytearray(header(b'f/0000000', 0))
            rest = sum(plain) - sum(plain[:9]) - sum(plain[148:156]) + 8 * 32
            for number in range(1000000):
                name = b'f/%07d' % number
                plain[:9] = name
                plain[148:156] = b'%06o\0 ' % (rest + sum(name))
                yield bytes(plain)
            yield bytes(1024)
        self.feeds('million', blocks(), DISK, disk=512 << 20)

    def test_zeros_without_end(self):
        def blocks():
            yield tar_with(dockerfile('RUN true'))[:-1024] + header(b'large', 8 << 30)
            for _ in range(8 << 10):
                yield bytes(1 << 20)
        self.feeds('zeros', blocks(), DISK, disk=64 << 20)

    def test_small_archives_of_large_files(self):
        tar = make_tar({**dockerfile('RUN true'), 'large': bytes(300 << 20)})
        packed = {'gzip': gzip.compress(tar), 'bzip2': bz2.compress(tar), 'xz': lzma.compress(tar, preset=0)}
        packed['twice'] = gzip.compress(packed['gzip'])
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('Dockerfile', dockerfile('RUN true')['Dockerfile'])
            archive.writestr('large', bytes(300 << 20))
        packed['zip'] = zipped.getvalue()
        for name, data in packed.items():
            self.assertLess(len(data), 1 << 20)
            self.fails('bomb-' + name, data, DISK, disk=64 << 20)

    def test_a_dictionary_that_fills_the_memory(self):
        filters = [{'id': lzma.FILTER_LZMA2, 'preset': 0, 'dict_size': 1 << 20}]
        data = bytearray(lzma.compress(make_tar(dockerfile('RUN true')), lzma.FORMAT_XZ, filters=filters))
        # The header of the block (the .xz format, 3.1 and 5.3.1): the dictionary's size is one byte; with its checksum made good again.
        length = (data[12] + 1) * 4
        at = data.index(b'\x21\x01', 12) + 2
        data[at] = 40  # 4 GiB - 1
        data[12 + length - 4:12 + length] = struct.pack('<I', zlib.crc32(bytes(data[12:12 + length - 4])))
        ended = client.build('dictionary', bytes(data))
        # What is never touched is never there, so that this may well work; if not, then for that reason.
        if ended.state != 'succeeded':
            self.assertIn('memory', ended.error)

    def test_other_formats_that_name_files_of_the_host(self):
        # bsdtar knows mtree, whose entries may take their contents from any path.
        text = f'#mtree\n./Dockerfile type=file mode=0644 contents={world.base}/secret\n./x type=file contents=/etc/shadow\n'
        ended = client.build('mtree', text.encode())
        self.assertEqual(ended.state, 'failed')
        self.assertNotIn(SECRET, ended.text() + ended.error)

    def test_folders_in_folders(self):
        pax = [b'%d path=%s\n' % (len(b'00000 path=' + name + b'\n'), name) for name in [b'd/' * 1900 + b'deep', b'd/' * 30000]]
        blocks = []
        for text in pax:
            blocks += [header(b'pax', len(text), b'x'), text.ljust(-(-len(text) // 512) * 512, b'\0'), header(b'f', 0)]
        ended = client.build('deep', tar_with(dockerfile('COPY . /all'), *blocks))
        self.assertIn(ended.state, ('succeeded', 'failed'))

    def test_a_folder_that_nobody_may_enter(self):
        self.harmless('closed', {**dockerfile('RUN true'), 'no': entry(tarfile.DIRTYPE, mode=0), 'no/file': 'x'})

    def test_one_name_many_times(self):
        tar = make_tar(dockerfile('RUN echo first'))[:-1024].rstrip(b'\0')
        tar = tar.ljust(-(-len(tar) // 512) * 512, b'\0')
        out = b''.join([tar] * 200) + make_tar(dockerfile('RUN echo the last'))
        self.assertIn('the last', self.harmless('again', out))

    def test_ignore_files_that_lead_out(self):
        for name in ('.dockerignore', '.containerignore'):
            files = {**dockerfile('COPY . /all', 'RUN ls -A /all'), name: entry(tarfile.SYMTYPE, world.base + '/secret'), 'kept': 'x'}
            ended = client.build('ignore' + name[1:7], files)
            self.assertNotIn(SECRET, ended.text() + (ended.error or ''))
        patterns = '\n'.join(['!**/' + '*?' * 60 + '[' + 'a-z' * 20 + ']'] * 200 + ['**/' * 200 + 'x', '[', '\\', '!', '../../..', '/' * 500])
        ended = client.build('patterns', {**dockerfile('COPY . /all'), '.dockerignore': patterns, **{f'{"a" * 80}{i}': '' for i in range(50)}}, seconds=60)
        self.assertIn(ended.state, ('succeeded', 'failed'))

    def test_copying_links_gives_the_builds_own(self):
        files = dockerfile('COPY shadow /shadow', 'RUN cat /shadow | head -c 9; ls -la /shadow')
        files['shadow'] = entry(tarfile.SYMTYPE, '/etc/shadow')
        ended = client.build('shadow', files)
        with open('/etc/shadow') as f:
            lines = [line.split(':')[1] for line in f]
        for secret in (word for word in lines if len(word) > 8):
            self.assertNotIn(secret, ended.text())


if __name__ == '__main__':
    main()
