#!/usr/bin/env python3
"""Many publish at once, the platform is killed in the middle and started again, and what was accepted is all there, once, as it was sent.
   publish.py TTOB PUBLISH_LOAD      (as root; UPLOADS 10000, AUTHORS 100, CONNECTIONS 24, WORKERS 1, RESTART 1, SEED, PRIORITY 0: a real-time
                                     priority of the web process and of those who upload, for a machine that has other things to do)
A platform of its own: builds run meanwhile, WORKERS at a time, on a small base image; the queue is not waited for."""
import collections
import io
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tarfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'integration' / 'publish'))
from own import BASE, Platform, processes, wait_for  # noqa: E402

UPLOADS, AUTHORS, CONNECTIONS, WORKERS, PRIORITY = (int(os.environ.get(*pair)) for pair in
                                          (('UPLOADS', '10000'), ('AUTHORS', '100'), ('CONNECTIONS', '24'), ('WORKERS', '1'), ('PRIORITY', '0')))
# What most scripts begin with, and so the layers that they share.
SCRIPT = 'echo one > /opt/one\nmkdir -p /opt/data\ncp /usr/bin/true /opt/data/true\n' + ''.join(f'# step {n} of many that take time to read\n' for n in range(20))


def archive(seed):
    """100 kB that no compression makes smaller; the load puts each upload's number in the place of the zeros."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        for name, data in (('Dockerfile', f'FROM {BASE}\nCOPY upload data /opt/\n'.encode()), ('upload', b'upload-00000000mark\n'),
                           ('data', random.Random(seed).randbytes(100_000))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def seed_projects(platform, names):
    """Ready projects for versions to be made of."""
    now, database = int(time.time() * 1000), platform.database()
    rows = [(name, f'v{n}', now, now) for name in names for n in range(UPLOADS // AUTHORS + 1)]
    with database:
        database.executemany("INSERT INTO projects (owner, name, summary, category, license, ports, tags, smoke, source_kind, source, digest, state, network, popularity, "
                             "search, created_ms, updated_ms) VALUES (?, ?, 's', 'fun', 'MIT', '', '', 'true', 'script', '{}', '', 'ready', 0, 0, '', ?, ?)", rows)
    database.close()
    return len(rows)


def hurry(platform):
    """What is measured; not the builds beside it."""
    if PRIORITY > 0:
        for task in os.listdir(f'/proc/{platform.child("ttob web")}/task'):
            os.sched_setscheduler(int(task), os.SCHED_RR, os.sched_param(PRIORITY))


def restart(platform):
    """As by a power cut of the processes: all of them, at once."""
    pids = [pid for pid, (parent, _, _) in processes().items() if parent == platform.process.pid] + [platform.process.pid]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    platform.process.wait()
    wait_for('end of all', lambda: not set(pids) & set(processes()))
    begin = time.monotonic()
    platform.start()
    took = time.monotonic() - begin
    hurry(platform)
    return took


def compare(platform, record, template):
    """What was accepted against what is there: faults as texts."""
    faults, accepted = [], 0
    builds = collections.defaultdict(list)
    for owner, name, *rest in platform.rows("SELECT p.owner, p.name, b.id, b.kind, b.source, b.digest, b.state, b.author FROM builds b JOIN projects p ON p.id = b.project"):
        builds[owner, name].append(rest)
    projects = collections.Counter(platform.rows('SELECT owner, name FROM projects'))
    for line in record.read_text().splitlines():
        upload, way, author, name, status, build, _, calls = line.split()
        if status != '202' and not (status == '409' and int(calls) > 1):
            faults.append(f'upload {upload} ({way}): {status}')
            continue
        accepted += 1
        found = builds.pop((author, name), [])
        if len(found) != 1 or projects[author, name] != 1:
            faults.append(f'upload {upload} ({way}): {len(found)} builds of {projects[author, name]} projects')
            continue
        identity, kind, source, digest, _, who = found[0]
        if build not in ('-', identity) or who != author or kind != ('version' if way == 'version' else 'publish'):
            faults.append(f'upload {upload} ({way}): build {identity} of {who}, {kind}; told was {build}')
        elif way == 'archive':
            path = platform.data / 'web' / 'contexts' / f'{digest}.tar'
            if not path.exists() or path.read_bytes() != template.replace(b'00000000mark', f'{int(upload):08}mark'.encode()):
                faults.append(f'upload {upload}: another archive')
        elif json.loads(source).get('script') != SCRIPT + f'echo upload-{upload} > /opt/upload\n':
            faults.append(f'upload {upload} ({way}): another script')
    faults += [f'nobody sent {key}' for key in builds]
    return accepted, faults


def run_load(platform, program, files):
    environment = dict(os.environ, TTOB_URL=platform.url, BASE=BASE, UPLOADS=str(UPLOADS), CONNECTIONS=str(CONNECTIONS))
    program = ['chrt', '-r', str(PRIORITY), program] if PRIORITY > 0 else [program]
    load = subprocess.Popen([*program, *map(str, files)], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        for line in load.stdout:
            if line != 'half\n':
                print(line, end='', flush=True)
            elif os.environ.get('RESTART', '1') != '0':
                print(f'everything killed in the middle: ready again after {restart(platform):.2f} s')
        if load.wait() != 0:
            sys.exit('the load failed')
    finally:
        load.kill()  # or it would go on asking a platform that is gone


def main():
    seed = int(os.environ.get('SEED', '1'))
    platform = Platform(sys.argv[1], LIMIT_BUILDS=0, LIMIT_PROJECTS=0, LIMIT_QUEUED=0, BUILD_PARALLEL=WORKERS, BUILD_WORKERS=WORKERS, LOG_LEVEL='warning')
    try:
        platform.start()
        platform.bring_base()
        names = [f'author-{n}' for n in range(AUTHORS)]
        tokens = platform.people(names)
        seed_projects(platform, names)
        template = archive(seed)
        files = [platform.folder / name for name in ('cookies', 'script', 'archive', 'record')]
        files[0].write_text(''.join(f'{name} {token}\n' for name, token in tokens.items()))
        files[1].write_text(SCRIPT)
        files[2].write_bytes(template)
        hurry(platform)
        print(f'{UPLOADS} uploads of {AUTHORS} authors on {CONNECTIONS} connections; {WORKERS} building meanwhile; load of the machine {os.getloadavg()[0]:.1f}')
        run_load(platform, sys.argv[2], files)
        ended = dict(platform.rows('SELECT state, COUNT(*) FROM builds GROUP BY state'))
        platform.stop()
        accepted, faults = compare(platform, files[3], template)
        print(f'{accepted} of {UPLOADS} accepted, each there once and as it was sent' if not faults else f'{len(faults)} FAULTS')
        print(*faults[:20], sep='\n', end='\n' if faults else '')
        print(f'builds by state when the load ended: {ended}')
        print('JSON', json.dumps({'bench': 'publish state', 'uploads': UPLOADS, 'accepted': accepted, 'faults': len(faults)}))
        return 1 if faults else 0
    finally:
        platform.remove()


if __name__ == '__main__':
    sys.exit(main())
