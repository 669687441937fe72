#!/usr/bin/env python3
"""How fast layers go into the embedded registry and out of it on the loopback, by what the product uses: skopeo pushes, the agent pulls and
unpacks. Beside it, in the same run: the same bytes written to the same disk with fsync, and read again.
   registry.py TTOB      (as root; SIZE 512 MiB, ROUNDS 3)
The layer is a tar of this machine's own libraries, so it compresses as programs do. Megabytes (10^6) of the uncompressed layer a second."""
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tarfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'integration'
sys.path[:0] = [str(TESTS / 'publish'), str(TESTS / 'agent' / 'build')]
ARGUMENTS, sys.argv = sys.argv, sys.argv[:1]  # the harness has arguments of its own
from harness import Client  # noqa: E402
from own import Platform  # noqa: E402
import small_base  # noqa: E402

SIZE, ROUNDS = int(os.environ.get('SIZE', '512')) << 20, int(os.environ.get('ROUNDS', '3'))


def fill(path):
    """A tar of at least SIZE bytes, without links that lead nowhere and without sparse files."""
    with tarfile.open(path, 'w', format=tarfile.PAX_FORMAT) as tar:
        for copy in range(20):
            for folder, _, names in os.walk('/usr/lib'):
                for name in sorted(names):
                    source = os.path.join(folder, name)
                    if os.path.isfile(source) and not os.path.islink(source):
                        tar.add(source, f'copy{copy}{source}', recursive=False)
                    if tar.offset >= SIZE:
                        return


def layout(folder, layer, number):
    """An image of that layer alone; `number` makes it another one, with a layer that nobody has yet."""
    with open(layer, 'ab') as file:  # behind the end of the archive
        file.write(f'{number:0512}'.encode())
    digest = hashlib.sha256()
    with open(layer, 'rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return small_base.write_layout(folder, [(layer, digest.hexdigest())])


def timed(action):
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def write_and_sync(path, source):
    with open(source, 'rb', buffering=0) as file, open(path, 'wb', buffering=0) as out:
        while chunk := file.read(1 << 20):
            out.write(chunk)
        os.fsync(out.fileno())


def read_cold(path):
    with open(path, 'rb', buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(1 << 20):
            pass


def pull(platform, reference):
    client = Client(str(platform.run_folder() / 'agent.sock'))
    answer = client.ask('image.pull', reference=reference)
    client.close()
    if 'error' in answer:
        sys.exit(f"the agent can't pull: {answer['error']['message']}")


def main():
    platform = Platform(ARGUMENTS[1], LOG_LEVEL='warning', AGENT_LOG_LEVEL='warning', REGISTRY_COLLECT=0)
    took = {}
    try:
        platform.start()
        layer = platform.folder / 'layer.tar'
        fill(layer)
        megabytes = layer.stat().st_size / 1e6
        auth = str(platform.data / 'registry-auth.json')
        print(f"a layer of {megabytes:.0f} MB, {ROUNDS} rounds, by turns; load of the machine {os.getloadavg()[0]:.1f}")
        for n in range(ROUNDS):
            def note(what, action):
                took.setdefault(what, []).append(megabytes / timed(action))

            image, packed, plain = layout(platform.folder / f'image{n}', layer, n), f'bench/packed:{n}', f'bench/plain:{n}'
            copy = platform.folder / 'copy'
            note('disk: write and fsync', lambda: write_and_sync(copy, layer))
            note('disk: read, not cached', lambda: read_cold(copy))
            note('push (skopeo, as builds are: gzip, level 1)', lambda: platform.copy('--dest-compress-level', '1', '--dest-authfile', auth, '--dest-tls-verify=false', image, f'docker://{platform.host}/{packed}'))
            note('push (skopeo, as it is)', lambda: platform.copy('--preserve-digests', '--dest-authfile', auth, '--dest-tls-verify=false', image,
                                                                f'docker://{platform.host}/{plain}'))
            note('pull (skopeo, to a folder, compressed one)', lambda: platform.copy('--src-authfile', auth, '--src-tls-verify=false', f'docker://{platform.host}/{packed}', f'dir:{platform.folder}/pulled{n}'))
            note('pull (skopeo, to a folder, as it is)', lambda: platform.copy('--src-authfile', auth, '--src-tls-verify=false', f'docker://{platform.host}/{plain}', f'dir:{platform.folder}/plain{n}'))
            note('pull and unpack (agent, compressed one)', lambda: pull(platform, packed))
            shutil.rmtree(platform.folder / f'image{n}')
            shutil.rmtree(platform.folder / f'pulled{n}')
            shutil.rmtree(platform.folder / f'plain{n}')
        print(f"{'MB/s of the uncompressed layer':44} {'median':>8} {'lowest':>8} {'highest':>8}")
        for what, rates in took.items():
            print(f'{what:44} {statistics.median(rates):8.0f} {min(rates):8.0f} {max(rates):8.0f}')
        print('JSON', json.dumps({'bench': 'registry', **{what: round(statistics.median(rates), 1) for what, rates in took.items()}}))
    finally:
        platform.remove()


if __name__ == '__main__':
    main()
