// Serves dist/ with a pretend API, to develop and test the pages without the platform. It proves nothing about it.
// Ways to provoke: header-free switches in the address of POST /mock/{full,engine,drop,end?reason=}.
import { createServer } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { FakeShell } from './fake-shell.mjs';
import { admin } from './mock-admin.mjs';
import { detail, projects } from './mock-data.mjs';
import { badge, banner, discovery, seen } from './mock-discovery.mjs';
import { people, signIns, userOf } from './mock-people.mjs';
import { publishing } from './mock-publish.mjs';

const DIST = process.env.TTOB_DIST ?? join(fileURLToPath(new URL('.', import.meta.url)), '..', 'dist');
const PORT = Number(process.env.PORT ?? 8090);
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8' };

const sessions = new Map();
const builds = new Map();
const mock = { full: 0, engine: 0 };
let serial = 0;

const session = (req) => {
  const id = /ttob_session=(\w+)/.exec(req.headers.cookie ?? '')?.[1];
  if (id && !sessions.has(id)) sessions.set(id, []);
  // What runs for an account runs for it in every browser.
  const own = signIns.get(id)?.user;
  if (own && !sessions.has(`@${own}`)) sessions.set(`@${own}`, sessions.get(id));
  return { id, list: own ? sessions.get(`@${own}`) : id ? sessions.get(id) : [] };
};

function send(res, status, body, headers = {}) {
  const problem = status >= 400;
  res.writeHead(status, { 'content-type': problem ? 'application/problem+json' : 'application/json', 'cache-control': 'no-cache', ...headers });
  res.end(body === undefined ? '' : JSON.stringify(body));
}
const fail = (res, status, detailText, more = {}, headers = {}) => send(res, status, { type: 'about:blank', title: 'Problem', status, detail: detailText, ...more }, headers);

const view = ({ shells, sockets, ...sandbox }) => sandbox;

const mockBases = { 'debian:bookworm-slim': 'Debian 12 (bookworm)', 'node:22-slim': 'Node.js 22', 'alpine:3.21': 'Alpine 3.21' };

function startSandbox(list, project, base = null) {
  const id = `s${++serial}`;
  const sandbox = {
    id, project, base, project_summary: mockBases[base] ?? 'x', version: base ? null : '1', state: 'running', started_at: new Date().toISOString(), expires_at: new Date(Date.now() + 15 * 60e3).toISOString(),
    idle_seconds: 600, start_ms: 34, limits: { memory: 536870912, cpu: 1 }, ended: null, terminals: [], shells: new Map(), sockets: new Set(),
  };
  list.unshift(sandbox);
  addShell(sandbox);
  return sandbox;
}

function addShell(sandbox) {
  const n = sandbox.shells.size + 1;
  const shell = new FakeShell((code) => {
    shell.over = true;
    const alive = [...sandbox.shells.values()].some((item) => !item.over);
    if (!alive) return endSandbox(sandbox, 'exited', code);
    for (const socket of sandbox.sockets) if (socket.shell === shell) bye(socket, 'exited', code);
  });
  sandbox.shells.set(n, shell);
  const terminal = { n, url: `/api/v1/sandboxes/${sandbox.id}/terminals/${n}` };
  sandbox.terminals.push(terminal);
  return terminal;
}

function bye(socket, reason, code) {
  socket.send(JSON.stringify({ exit: { reason, code } }));
  socket.close(1000);
}

function endSandbox(sandbox, reason, code = null) {
  if (sandbox.state === 'ended') return;
  sandbox.state = 'ended';
  sandbox.ended = { reason, exit_code: code };
  sandbox.ended_at = new Date().toISOString();
  for (const socket of sandbox.sockets) bye(socket, reason, code);
}

function buildOf(project) {
  if (builds.has(project)) return builds.get(project);
  const names = ['queued', 'base', 'build', 'push', 'unpack', 'smoke'];
  const build = { id: `b-${project.split('/')[1]}`, project, state: 'queued', stage: 'queued', position: 2, eta_seconds: 12, error: null, started_at: null, ended_at: null, log: '', watchers: new Set() };
  build.stages = names.map((name, i) => ({ name, state: i ? 'waiting' : 'running', seconds: null }));
  const say = (event, data, id) => build.watchers.forEach((res) => res.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`));
  let step = 0;
  const timer = setInterval(() => {
    step++;
    const at = Math.min(Math.floor(step / 4), names.length);
    build.state = at >= names.length ? 'succeeded' : at ? 'running' : 'queued';
    build.stage = names[Math.min(at, names.length - 1)];
    build.position = at ? null : 1;
    build.eta_seconds = Math.max(12 - step / 2, 0);
    build.stages.forEach((stage, i) => {
      stage.state = i < at ? 'done' : i === at ? 'running' : 'waiting';
      if (i < at) stage.seconds ??= 1.2;
    });
    const text = `\x1b[2m#${step}\x1b[0m Get:${step} bookworm/main amd64 \x1b[32mpackage-${step}\x1b[0m [${step * 13} kB]\n`;
    build.log += text;
    say('log', { text }, Buffer.byteLength(build.log));
    say('state', build.public());
    if (build.state !== 'succeeded') return;
    clearInterval(timer);
    Object.assign(projects.find((item) => item.full_name === project), { state: 'ready', version: '15.6', build: null });
    say('end', build.public());
    build.watchers.forEach((res) => res.end());
  }, 250);
  build.public = () => ({ id: build.id, project, state: build.state, stage: build.stage, position: build.position, eta_seconds: build.eta_seconds, error: null, started_at: null, ended_at: null, stages: build.stages });
  builds.set(project, build);
  return build;
}

function failedBuild(project) {
  const names = ['queued', 'base', 'build', 'push', 'unpack', 'smoke'];
  return { ...project.build, stages: names.map((name, i) => ({ name, state: i < 2 ? 'done' : i === 2 ? 'failed' : 'waiting', seconds: i < 2 ? 1.5 : 0 })) };
}

function failedLog(res, project) {
  const text = '+ apt-get install -y tomcat99\n\x1b[31mE: Unable to locate package tomcat99\x1b[0m\n';
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  res.end(`event: log\nid: ${text.length}\ndata: ${JSON.stringify({ text })}\n\nevent: end\ndata: ${JSON.stringify(failedBuild(project))}\n\n`);
}

function buildLog(req, res, url, id) {
  const broken = projects.find((item) => item.state === 'failed' && item.build.id === id);
  if (broken) return failedLog(res, broken);
  const build = [...builds.values()].find((item) => item.id === id);
  if (!build) return fail(res, 404, 'no such build');
  const from = Number(req.headers['last-event-id'] ?? url.searchParams.get('offset') ?? 0);
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  res.write(`event: state\ndata: ${JSON.stringify(build.public())}\n\n`);
  const rest = Buffer.from(build.log).subarray(from).toString();
  if (rest) res.write(`event: log\nid: ${Buffer.byteLength(build.log)}\ndata: ${JSON.stringify({ text: rest })}\n\n`);
  if (build.state === 'succeeded') return res.end(`event: end\ndata: ${JSON.stringify(build.public())}\n\n`);
  build.watchers.add(res);
  return res.on('close', () => build.watchers.delete(res));
}

function listProjects(res, query) {
  const q = (query.get('q') ?? '').toLowerCase();
  const category = query.get('category');
  const tag = query.get('tag');
  const owner = query.get('owner');
  let items = projects.filter((item) => (!tag || item.tags.includes(tag)) && (!owner || item.owner === owner) && (!category || item.category === category) && JSON.stringify([item.name, item.summary, item.i18n]).toLowerCase().includes(q));
  if (query.get('sort') === 'name') items = items.sort((a, b) => a.name.localeCompare(b.name));
  if (query.get('sort') === 'new') items = [...items].reverse();
  const per = Number(query.get('per_page') ?? 20);
  const page = Number(query.get('page') ?? 1);
  send(res, 200, { items: items.slice((page - 1) * per, page * per), page, per_page: per, total: items.length });
}

function trySandbox(req, res, url, body) {
  let { id, list } = session(req);
  const headers = {};
  if (!id) {
    id = `g${Date.now()}${++serial}`;
    sessions.set(id, (list = []));
    headers['set-cookie'] = `ttob_session=${id}; Path=/; HttpOnly; SameSite=Lax`;
  }
  const project = body.base in mockBases ? { full_name: null, state: 'ready' } : projects.find((item) => item.full_name === body.project);
  if (!project) return fail(res, 404, 'no such project');
  if (mock.engine > 0 && mock.engine--) return fail(res, 503, 'the engine is being restarted', {}, { 'retry-after': '2', ...headers });
  const running = list.find((item) => item.state !== 'ended');
  if (running && !url.searchParams.has('replace')) return fail(res, 409, `${running.project ?? running.base} is running`, { sandbox: view(running) }, headers);
  if (running) endSandbox(running, 'replaced');
  if (project.state === 'failed') return fail(res, 409, `${project.full_name} could not be built; its build log says why`, { build: failedBuild(project) }, headers);
  if (project.state !== 'ready') return send(res, 202, { state: 'building', build: buildOf(project.full_name).public(), project: project.full_name }, headers);
  const sandbox = startSandbox(list, project.full_name, body.base ?? null);
  if (mock.full > 0) {
    mock.full--;
    Object.assign(sandbox, { state: 'queued', position: 3, eta_seconds: 20 });
    let left = 3;
    const timer = setInterval(() => {
      sandbox.position = --left;
      if (left > 0) return;
      sandbox.state = 'running';
      clearInterval(timer);
    }, 1500);
    return send(res, 202, { state: 'queued', position: 3, eta_seconds: 20, id: sandbox.id }, headers);
  }
  return setTimeout(() => send(res, 201, view(sandbox), headers), 40);
}

function sandboxes(req, res, url, rest, body) {
  const { list } = session(req);
  if (rest.length === 0 && req.method === 'POST') return trySandbox(req, res, url, body);
  if (rest.length === 0 && req.method === 'DELETE') {
    list.splice(0, list.length, ...list.filter((item) => item.state !== 'ended'));
    return send(res, 204);
  }
  if (rest.length === 0) return send(res, 200, { items: list.map(view), page: 1, per_page: 20, total: list.length });
  const sandbox = list.find((item) => item.id === rest[0]);
  if (!sandbox) return fail(res, 404, 'no such sandbox');
  if (req.method === 'DELETE' && rest[1] === 'history') {
    list.splice(list.indexOf(sandbox), 1);
    return send(res, 204);
  }
  if (req.method === 'DELETE') {
    endSandbox(sandbox, 'stopped');
    return send(res, 204);
  }
  if (rest[1] === 'extend') {
    if (sandbox.extended) return fail(res, 409, 'It can be extended once.');
    sandbox.extended = true;
    sandbox.expires_at = new Date(Date.parse(sandbox.expires_at) + 15 * 60e3).toISOString();
    return send(res, 200, view(sandbox));
  }
  if (rest[1] === 'terminals') return sandbox.shells.size >= 4 ? fail(res, 409, 'four shells at most') : send(res, 201, addShell(sandbox));
  return send(res, 200, view(sandbox));
}

function provoke(res, url, what) {
  const all = [...sessions.values()].flat();
  if (what === 'banner') banner.on = url.searchParams.get('on') !== '0';
  if (what === 'seen') return send(res, 200, seen);
  if (what === 'full') mock.full = 1;
  if (what === 'engine') mock.engine = 1;
  if (what === 'drop') all.forEach((item) => item.sockets.forEach((socket) => socket.terminate()));
  if (what === 'end') all.filter((item) => item.state === 'running').forEach((item) => endSandbox(item, url.searchParams.get('reason') ?? 'idle', Number(url.searchParams.get('code')) || null));
  send(res, 204);
}

function api(req, res, url, body) {
  const { id, list } = session(req);
  const asked = {
    req, res, url, body, session: id, send, fail, projects, guestSandbox: list.filter((item) => item.state !== 'ended').map(view)[0] ?? null,
    adopt: (next) => sessions.set(next, list), live: () => [...new Set([...sessions.values()].flat())].filter((item) => item.state !== 'ended').map((sandbox) => ({ sandbox })), view, endSandbox,
  };
  if (publishing({ ...asked, user: userOf(id) })) return undefined;
  const found = discovery({ method: req.method, parts: url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent), query: url.searchParams, body, user: userOf(id) });
  if (found && typeof found[1] === 'string') return res.writeHead(found[0], found[2]).end(found[1]);
  if (found) return found[0] >= 400 ? fail(res, found[0], 'no', {}, found[2]) : send(res, ...found);
  if (people(asked) || admin({ ...asked, user: userOf(id) })) return undefined;
  const [first, ...rest] = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
  if (first === 'projects' && rest.length === 0) return listProjects(res, url.searchParams);
  if (first === 'projects') {
    const one = projects.find((item) => item.full_name === rest.join('/'));
    return one ? send(res, 200, detail(one)) : fail(res, 404, 'no such project');
  }
  if (first === 'categories') return send(res, 200, { items: [...new Set(projects.map((item) => item.category))].map((id) => ({ id, projects: projects.filter((item) => item.category === id).length })) });
  if (first === 'sandboxes') return sandboxes(req, res, url, rest, body);
  if (first === 'builds') return buildLog(req, res, url, rest[0]);
  return fail(res, 404, 'no such call');
}

function file(res, path) {
  const safe = normalize(path).replace(/^(\.\.[/\\])+/, '');
  const name = safe !== '/' && existsSync(join(DIST, safe)) && extname(safe) ? safe : '/index.html';
  res.writeHead(200, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream', 'content-security-policy': CSP,
    'cache-control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  res.end(readFileSync(join(DIST, name)));
}

const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://x');
  const pieces = [];
  req.on('data', (piece) => pieces.push(piece));
  req.on('end', () => {
    const bytes = Buffer.concat(pieces);
    const body = /json/.test(req.headers['content-type'] ?? '') && bytes.length ? JSON.parse(bytes) : { bytes };
    if (url.pathname.startsWith('/mock/')) provoke(res, url, url.pathname.slice(6));
    else if (url.pathname.startsWith('/api/')) api(req, res, url, body);
    else if (url.pathname.startsWith('/badge/')) res.writeHead(200, { 'content-type': 'image/svg+xml' }).end(badge(url.searchParams));
    else file(res, url.pathname);
  });
});

const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'ttob.terminal.v1' });
server.on('upgrade', (req, raw, head) => sockets.handleUpgrade(req, raw, head, (socket) => {
  const url = new URL(req.url, 'http://x');
  const [, id, n] = /sandboxes\/(\w+)\/terminals\/(\d+)/.exec(url.pathname) ?? [];
  const sandbox = session(req).list.find((item) => item.id === id);
  const shell = sandbox?.shells.get(Number(n));
  if (!shell || sandbox.state === 'ended') return socket.close(4404);
  const offset = Math.max(Math.min(Number(url.searchParams.get('offset') ?? 0), shell.end), shell.start);
  socket.shell = shell;
  socket.send(JSON.stringify({ hello: { offset, window: 1048576 } }));
  if (offset < shell.end) socket.send(shell.chunks.subarray(offset - shell.start));
  const listener = (bytes) => socket.send(bytes);
  shell.listeners.add(listener);
  sandbox.sockets.add(socket);
  let cpu = 0.1;
  const usage = setInterval(() => {
    cpu = Math.min(Math.max(cpu + (Math.random() - 0.5) * 0.2, 0.01), 0.9);
    socket.send(JSON.stringify({ usage: { memory: 88080384 + Math.random() * 4e6, memory_limit: 536870912, cpu, pids: 3 } }));
  }, 1000);
  socket.on('message', (data, binary) => {
    if (binary) return shell.input(data);
    const control = JSON.parse(data);
    if (control.resize) shell.size = control.resize;
    return undefined;
  });
  socket.on('close', () => {
    clearInterval(usage);
    shell.listeners.delete(listener);
    sandbox.sockets.delete(socket);
  });
  return undefined;
}));

server.listen(PORT, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${PORT}`));
