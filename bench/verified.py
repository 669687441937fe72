#!/usr/bin/env python3
"""From POST /projects to *ready*, with the time of each stage: `apt-get install figlet` on a known base, for the first time and again, and how
many small builds a minute go through one worker and through two.
   verified.py TTOB      (as root; ROUNDS 3, BUILDS 12; BASE debian:bookworm; needs the Debian mirror that the host is set up for)"""
import json
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'integration' / 'publish'))
from own import BASE as SMALL, Platform, wait_for  # noqa: E402

ROUNDS, BUILDS, BASE = int(os.environ.get('ROUNDS', '3')), int(os.environ.get('BUILDS', '12')), os.environ.get('BASE', 'debian:bookworm')
FIGLET = 'apt-get update\napt-get install -y --no-install-recommends figlet\n'
STAGES = ('base', 'build', 'push', 'unpack', 'smoke')


def publish(visitor, name, base, script, smoke):
    status, answer, _ = visitor.post('/api/v1/projects', {'name': name, 'summary': 'A benchmark', 'category': 'fun', 'smoke': smoke,
                                                          'source': {'kind': 'script', 'base': base, 'script': script}})
    if status != 202:
        sys.exit(f'{status} {answer}')
    return answer['build']['id']


def end_of(visitor, build):
    return wait_for('end of a build', lambda: (lambda b: b if b['state'] not in ('queued', 'running') else None)(visitor.get('/api/v1/builds/' + build)[1]), 900)


def once(visitor, name, base, script, smoke):
    begin = time.monotonic()
    build = end_of(visitor, publish(visitor, name, base, script, smoke))
    took = time.monotonic() - begin
    if build['state'] != 'succeeded':
        sys.exit(f"{name}: {build['error']}")
    return took, {stage['name']: stage['seconds'] for stage in build['stages']}


def show(what, rounds):
    took = [took for took, _ in rounds]
    stages = {stage: statistics.median(found.get(stage, 0) for _, found in rounds) for stage in STAGES}
    print(f'{what:44} {statistics.median(took):7.2f} {max(took):7.2f} ' + ' '.join(f'{stages[stage]:7.2f}' for stage in STAGES), flush=True)
    print('JSON', json.dumps({'bench': what, 'p50_s': round(statistics.median(took), 2), 'max_s': round(max(took), 2), **stages}))


def figlet(platform, visitor):
    print(f"{'from POST to ready, seconds':44} {'median':>7} {'longest':>7} " + ' '.join(f'{stage:>7}' for stage in STAGES))
    show(f'the very first: {BASE} is made', [once(visitor, 'base', BASE, 'true\n', 'true')])
    show('figlet, first', [once(visitor, 'first', BASE, FIGLET, 'figlet hi')])
    show('figlet again, by others', [once(visitor, f'again{n}', BASE, FIGLET, 'figlet hi') for n in range(ROUNDS)])
    show('figlet, another script on the same base', [once(visitor, f'other{n}', BASE, FIGLET + f'echo {n} > /opt/n\n', 'figlet hi') for n in range(ROUNDS)])
    show('a shell script on a small base', [once(visitor, f'small{n}', SMALL, f'echo {n} > /opt/n\n', 'cat /opt/n') for n in range(ROUNDS)])


def many(ttob, workers):
    platform = Platform(ttob, LIMIT_BUILDS=0, LIMIT_PROJECTS=0, LIMIT_QUEUED=0, BUILD_PARALLEL=workers, BUILD_WORKERS=workers, LOG_LEVEL='warning')
    try:
        platform.start()
        platform.bring_base()
        visitor = platform.visitor(platform.people(['bench'])['bench'])
        once(visitor, 'warm', SMALL, 'true\n', 'true')
        begin = time.monotonic()
        builds = [publish(visitor, f'n{n}', SMALL, f'echo {n} > /opt/n\n', 'cat /opt/n') for n in range(BUILDS)]
        ends = [end_of(visitor, build) for build in builds]
        took = time.monotonic() - begin
        stages = {stage: statistics.median({s['name']: s['seconds'] for s in build['stages']}[stage] for build in ends) for stage in STAGES}
        failed = [build['error'] for build in ends if build['state'] != 'succeeded']
        print(f"{workers} at a time: {60 * BUILDS / took:.0f} builds a minute; median seconds: " + ', '.join(f'{stage} {stages[stage]:.2f}' for stage in STAGES) +
              (f'; FAILED: {failed}' if failed else ''), flush=True)
        print('JSON', json.dumps({'bench': f'builds, {workers} at a time', 'per_minute': round(60 * BUILDS / took, 1), **stages}))
    finally:
        platform.remove()


def main():
    print(f'load of the machine {os.getloadavg()[0]:.1f}')
    platform = Platform(sys.argv[1], LIMIT_BUILDS=0, LIMIT_PROJECTS=0, LIMIT_QUEUED=0, LOG_LEVEL='warning')
    try:
        platform.start()
        platform.bring_base()
        figlet(platform, platform.visitor(platform.people(['bench'])['bench']))
    finally:
        platform.remove()
    for workers in (1, 2):
        many(sys.argv[1], workers)


if __name__ == '__main__':
    main()
