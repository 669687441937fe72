// Pretend publishing: builds that go on by themselves. A script with "tomcat99" fails at that line; "secret" wants credentials.
const ago = (hours) => new Date(Date.now() - hours * 3600e3).toISOString();
const STAGES = ['queued', 'base', 'build', 'push', 'unpack', 'smoke'];
const builds = new Map();
const looks = new Map();
const sources = new Map();
const deleted = new Map();
const versions = new Map();
let serial = 0;
let today = 3;
let collecting = false;

const open = (build) => ({ ...build, log: undefined, watchers: undefined, timer: undefined, source: undefined, step: undefined });

function lineOf(source, word) {
  const lines = (source?.script ?? source?.dockerfile ?? '').split('\n');
  const at = lines.findIndex((line) => line.includes(word));
  return at < 0 ? null : at + 1;
}

function start(project, source, kind, author) {
  const build = {
    id: `p${++serial}`, project: project.full_name, kind, author, version: null, state: 'queued', stage: 'queued', position: 2, eta_seconds: 20, error: null, failed_line: null, smoke: null,
    log_bytes: 0, created_at: new Date().toISOString(), started_at: null, ended_at: null, log: '', watchers: new Set(), source, step: 0,
    stages: STAGES.map((name, i) => ({ name, state: i ? 'waiting' : 'running', seconds: null })),
  };
  builds.set(build.id, build);
  today++;
  build.timer = setInterval(() => step(build, project), 150);
  return build;
}

function say(build, event, data, id) {
  build.watchers.forEach((res) => res.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`));
}

function end(build, project, state) {
  clearInterval(build.timer);
  Object.assign(build, { state, ended_at: new Date().toISOString(), position: null, eta_seconds: null });
  if (state === 'succeeded') {
    const list = versions.get(project.full_name) ?? [];
    const label = String(list.length + 1);
    versions.set(project.full_name, [{ label, image: `x/${project.full_name}:${label}`, size: 88080384, created_at: build.ended_at, verified_at: build.ended_at, current: true, build: build.id }, ...list.map((item) => ({ ...item, current: false }))]);
    Object.assign(project, { state: 'ready', version: label, verified_at: build.ended_at, build: null });
    Object.assign(build, { version: label, smoke: { exit_code: 0, output: ' ________\n< moo :) >\n --------\n' } });
  } else if (project.state === 'building') Object.assign(project, { state: 'failed', build: open(build) });
  say(build, 'end', open(build));
  build.watchers.forEach((res) => res.end());
}

function step(build, project) {
  build.step++;
  const at = Math.min(Math.floor(build.step / 4), STAGES.length);
  build.state = at ? 'running' : 'queued';
  build.position = at ? null : 1;
  build.eta_seconds = Math.max(20 - build.step, 0);
  build.started_at ??= at ? new Date().toISOString() : null;
  build.stage = STAGES[Math.min(at, STAGES.length - 1)];
  build.stages.forEach((stage, i) => {
    stage.state = i < at ? 'done' : i === at ? 'running' : 'waiting';
    if (i < at) stage.seconds ??= 0.6;
  });
  const bad = at >= 2 ? lineOf(build.source, 'tomcat99') : null;
  const text = bad ? '\x1b[31mE: Unable to locate package tomcat99\x1b[0m\n' : `\x1b[2m#${build.step}\x1b[0m Get:${build.step} main amd64 \x1b[32mpackage-${build.step}\x1b[0m [${build.step * 13} kB]\n`;
  build.log += text;
  say(build, 'log', { text }, Buffer.byteLength(build.log));
  if (bad) {
    build.stages[at].state = 'failed';
    Object.assign(build, { failed_line: bad, error: 'E: Unable to locate package tomcat99' });
    return end(build, project, 'failed');
  }
  say(build, 'state', open(build));
  return at >= STAGES.length ? end(build, project, 'succeeded') : undefined;
}

function logOf(req, res, url, build) {
  const from = Number(req.headers['last-event-id'] ?? url.searchParams.get('offset') ?? 0);
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  res.write(`event: state\ndata: ${JSON.stringify(open(build))}\n\n`);
  const rest = Buffer.from(build.log).subarray(from).toString();
  if (rest) res.write(`event: log\nid: ${Buffer.byteLength(build.log)}\ndata: ${JSON.stringify({ text: rest })}\n\n`);
  if (build.ended_at) return res.end(`event: end\ndata: ${JSON.stringify(open(build))}\n\n`);
  build.watchers.add(res);
  return res.on('close', () => build.watchers.delete(res));
}

const dockerfileOf = (source) => `FROM ${source.base}\n${source.kind === 'git' ? 'COPY . /src\n' : ''}COPY install.sh /tmp/install.sh\nRUN sh -eux /tmp/install.sh && rm /tmp/install.sh\n`;

/** The project's form, out of JSON or out of its part. */
function formOf(body) {
  if (!body.bytes) return body;
  const text = body.bytes.toString('latin1');
  const at = text.indexOf('name="project"');
  const json = Buffer.from(text.slice(text.indexOf('\r\n\r\n', at) + 4, text.indexOf('\r\n--', at)), 'latin1').toString();
  return JSON.parse(json);
}

function publish({ res, send, fail, user, projects }, form) {
  const errors = [];
  if (!form.summary) errors.push({ field: 'summary', message: 'is needed' });
  if (form.license === 'MIIT') errors.push({ field: 'license', message: 'there is no licence of this name' });
  if (form.source?.kind === 'image' && /secret/.test(form.source.reference) && !form.source.password) errors.push({ field: 'source.reference', message: 'the registry wants a name and a password' });
  if (errors.length) return fail(res, 422, 'some fields are not right', { errors });
  const full = `${user.username}/${form.name}`;
  if (projects.some((item) => item.full_name === full)) return fail(res, 409, 'there is one of this name', { code: 'name_taken', errors: [{ field: 'name', message: 'is taken' }] });
  if (form.name === 'too-many') return fail(res, 429, '20 builds a day; the next is possible in 3 hours', { code: 'quota' }, { 'retry-after': '10800' });
  const project = {
    owner: user.username, name: form.name, full_name: full, summary: form.summary, i18n: { ko: { summary: form.summary_ko } }, category: form.category, tags: form.tags ?? [], license: form.license ?? null,
    homepage: form.homepage ?? null, contact: form.contact ?? null, readme: form.readme ?? '', run: form.run ?? null, smoke: form.smoke ?? null, size: form.size, network: form.network, ports: form.ports ?? [],
    state: 'building', version: null, verified_at: null, tries: 0, likes: 0, logo: null, build: null, visibility: 'listed', rebuild_days: 7,
  };
  projects.push(project);
  sources.set(full, form.source);
  const build = start(project, form.source, 'publish', user.username);
  project.build = open(build);
  return send(res, 202, { project, build: open(build) });
}

function ofProject(asked, project, what, label, last) {
  const { req, res, url, body, send, fail, user, projects } = asked;
  const { method } = req;
  const owns = user && (user.username === project.owner || user.role === 'admin');
  const answer = (status, value) => send(res, status, value) ?? true;
  if (!what && method === 'GET') return false;
  if (['like', 'comments', 'statistics', 'statistics.csv', 'versions'].includes(what) && !(what === 'versions' && owns)) return false;
  if (!user) return fail(res, 401, 'nobody is signed in') ?? true;
  if (!owns) return fail(res, 403, 'not yours') ?? true;
  const again = (kind) => {
    const build = start(project, sources.get(project.full_name), kind, user.username);
    return answer(202, { project, build: open(build) });
  };
  if (!what && method === 'PATCH') {
    if (body.license === 'MIIT') return fail(res, 422, 'no', { errors: [{ field: 'license', message: 'there is no licence of this name' }] }) ?? true;
    if ('summary_ko' in body) project.i18n = { ko: { summary: body.summary_ko } };
    return answer(200, Object.assign(project, body));
  }
  if (!what && method === 'DELETE') {
    projects.splice(projects.indexOf(project), 1);
    deleted.set(project.full_name, { ...project, deleted_at: new Date().toISOString(), gone_at: ago(-168) });
    return answer(204);
  }
  if (what === 'source') return answer(200, { source: sources.get(project.full_name) ?? { kind: 'script', base: 'debian:bookworm-slim', script: `apt-get update\napt-get install -y ${project.name}\n` }, version: project.version });
  if (what === 'rebuild') return again('rebuild');
  if (what === 'logo') {
    project.logo = method === 'PUT' ? '/icon.svg' : null;
    return method === 'PUT' ? answer(200, project) : answer(204);
  }
  if (what === 'transfer') {
    if (body.to.startsWith('nobody')) return fail(res, 404, 'there is nobody of this name') ?? true;
    Object.assign(project, { owner: body.to, full_name: `${body.to}/${project.name}` });
    return answer(200, project);
  }
  if (what === 'builds') {
    const items = [...builds.values()].filter((item) => item.project === project.full_name).reverse().map(open);
    return answer(200, { items, page: Number(url.searchParams.get('page') ?? 1), per_page: 10, total: items.length });
  }
  if (what === 'versions' && method === 'POST') {
    const { version } = formOf(body);
    if (version && !/^[A-Za-z0-9][\w.+~:-]*$/.test(version)) return fail(res, 422, 'no', { errors: [{ field: 'version', message: 'letters, digits and . _ + - ~ :' }] }) ?? true;
    if (formOf(body).source) sources.set(project.full_name, formOf(body).source);
    return again('version');
  }
  if (!versions.has(project.full_name) && project.version) versions.set(project.full_name, [{ label: project.version, image: 'x', size: 88080384, created_at: ago(90), verified_at: ago(2), current: true, build: null }, { label: '0.1', image: 'x', size: 77080384, created_at: ago(900), verified_at: null, current: false, build: null }]);
  const list = versions.get(project.full_name) ?? [];
  if (what === 'versions' && !label) return answer(200, { items: list });
  if (what === 'versions' && last === 'current') {
    list.forEach((item) => (item.current = item.label === label));
    project.version = label;
    return answer(200, list.find((item) => item.current));
  }
  if (what === 'versions' && method === 'DELETE') {
    if (list.find((item) => item.label === label)?.current) return fail(res, 409, 'current', { code: 'current' }) ?? true;
    versions.set(project.full_name, list.filter((item) => item.label !== label));
    return answer(204);
  }
  return false;
}

const growth = Array.from({ length: 30 }, (_, i) => ({ date: ago((29 - i) * 24).slice(0, 10), bytes: 2.1e9 + i * 6e7 + (i % 5) * 3e7 }));
function forAdmins(asked, path) {
  const { req, res, url, send, projects } = asked;
  const page = Number(url.searchParams.get('page') ?? 1);
  if (path === 'builds') {
    const state = url.searchParams.get('state');
    const old = projects.slice(0, 12).map((item, i) => ({ id: `old${i}`, project: item.full_name, kind: ['publish', 'version', 'rebuild'][i % 3], author: item.owner, version: '1', state: i % 4 ? 'succeeded' : 'failed', stage: 'smoke', position: null, eta_seconds: null, error: i % 4 ? null : 'E: Unable to locate package tomcat99', created_at: ago(i * 9 + 1), started_at: ago(i * 9 + 1), ended_at: ago(i * 9 + 0.9), log_bytes: 4096 }));
    const items = [...[...builds.values()].reverse().map(open), ...old].filter((item) => !state || item.state === state);
    return send(res, 200, { items: items.slice((page - 1) * 20, page * 20), page, per_page: 20, total: items.length });
  }
  if (path === 'registry') {
    return send(res, 200, {
      url: 'http://127.0.0.1:5000', embedded: true, up: true, repositories: projects.length, tags: 41, bytes: growth.at(-1).bytes, disk: { free: 31e9, total: 120e9, low: false }, growth, pulls: 812, pushes: 64,
      gc: { running: collecting, last_at: ago(20), freed_bytes: 412e6, next_at: ago(-4) },
    });
  }
  if (path === 'registry/gc' && req.method === 'POST') {
    collecting = true;
    setTimeout(() => (collecting = false), 4000);
    return send(res, 202, {});
  }
  const q = (url.searchParams.get('q') ?? '').toLowerCase();
  const items = projects.filter((item) => item.full_name.includes(q)).map((item, i) => ({ name: item.full_name, tags: [{ tag: item.version ?? '1', size: 81e6 + i * 1e6, created_at: ago(i * 30 + 2) }, { tag: 'old', size: 7e7, created_at: ago(i * 30 + 300) }].slice(0, 1 + (i % 2)), bytes: 81e6 + i * 1e6, project: i === 3 ? null : item.full_name }));
  return send(res, 200, { items: items.slice((page - 1) * 20, page * 20), page, per_page: 20, total: items.length });
}

/** Answers what is about publishing; false when the call is about something else. */
export function publishing(asked) {
  const { req, res, url, body, send, fail, user, projects } = asked;
  const [first, second, third, fourth, fifth, sixth] = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
  const answer = (status, value) => send(res, status, value) ?? true;
  if (first === 'bases') return answer(200, { items: [{ reference: 'debian:bookworm-slim', label: 'Debian 12 (bookworm)' }, { reference: 'node:22-slim', label: 'Node.js 22' }, { reference: 'alpine:3.21', label: 'Alpine 3.21' }] });
  if (first === 'quota') return answer(200, { builds: { today, most: 20 }, projects: { count: projects.filter((item) => item.owner === user?.username).length, most: 50 }, queue: { waiting: 1, eta_seconds: 40 } });
  if (first === 'sources' && second === 'preview') return answer(200, { dockerfile: dockerfileOf(body.source) });
  if (first === 'sources' && second === 'git') {
    const id = `l${++serial}`;
    looks.set(id, { url: body.url, left: 2 });
    return answer(202, { id });
  }
  if (first === 'sources') {
    const look = looks.get(second);
    if (look.left-- > 0) return answer(200, { id: second, state: 'fetching', error: null });
    if (/missing/.test(look.url)) return answer(200, { id: second, state: 'failed', error: 'the repository was not found', error_kind: 'missing' });
    const own = /dockerfile/.test(look.url);
    return answer(200, {
      id: second, state: 'ready', error: null, commit: '0123456789abcdef0123', found: own ? 'dockerfile' : 'cmake', files: ['CMakeLists.txt', 'LICENSE', 'README.md', 'src/main.c'],
      proposal: { name: 'stirrer', summary: 'Stirs two files into one', readme: '# stirrer\n\n```sh\nstirrer --help\n```\n', license: 'MIT', category: 'system', run: null, smoke: 'stirrer --version', source: own ? { kind: 'git', url: look.url } : { kind: 'git', url: look.url, base: 'debian:bookworm-slim', script: 'apt-get update\napt-get install -y cmake gcc\ncd /src\ncmake -B build && cmake --build build && cmake --install build\n' } },
    });
  }
  if (first === 'builds' && !second) {
    const items = [...builds.values()].filter((item) => item.author === user?.username).reverse().map(open);
    return answer(200, { items: items.slice(0, 50), page: 1, per_page: 50, total: items.length });
  }
  if (first === 'builds' && builds.has(second)) {
    const build = builds.get(second);
    const project = projects.find((item) => item.full_name === build.project);
    if (third === 'log') return logOf(req, res, url, build) ?? true;
    if (third === 'cancel') {
      end(build, project, 'cancelled');
      return answer(200, open(build));
    }
    if (third === 'retry') return answer(202, { project, build: open(start(project, build.source, build.kind, user.username)) });
    return answer(200, open(build));
  }
  if (first === 'admin' && (second === 'builds' || second === 'registry') && user?.role === 'admin') return forAdmins(asked, [second, third].filter(Boolean).join('/')) ?? true;
  if (url.pathname === '/api/v1/users/me/projects' && url.searchParams.has('deleted')) {
    const items = [...deleted.values()].filter((item) => item.owner === user?.username);
    return answer(200, { items, page: 1, per_page: 50, total: items.length });
  }
  if (first !== 'projects' || !second) return first === 'projects' && req.method === 'POST' ? (user ? publish(asked, formOf(body)) : fail(res, 401, 'nobody is signed in')) ?? true : false;
  if (!third) return false;
  const full = `${second}/${third}`;
  if (fourth === 'restore') {
    const { deleted_at, gone_at, ...project } = deleted.get(full);
    deleted.delete(full);
    projects.push(project);
    return answer(200, project);
  }
  const project = projects.find((item) => item.full_name === full);
  return project ? ofProject(asked, project, fourth, fifth, sixth) : false;
}
