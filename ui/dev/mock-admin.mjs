// Pretend administration: enough rows to page through.
import { signIns, users } from './mock-people.mjs';

const ago = (hours) => new Date(Date.now() - hours * 3600e3).toISOString();
const started = ago(53);
let serial = 0;

const comments = Array.from({ length: 33 }, (_, i) => ({
  id: `c${i}`, author: i % 7 ? { username: `guest-${(i % 40) + 1}`, display_name: `손님 ${(i % 40) + 1}` } : null,
  body: i % 5 ? `Works well here, thank you! (${i})` : 'Buy cheap **watches** at https://watches.example — ' + 'very good '.repeat(12),
  body_html: '<p>x</p>', created_at: ago(i * 7 + 1), edited_at: null, hidden: i % 6 === 5 ? 'admin' : null, mine: false, can_hide: true, can_delete: true, project: `taste/${['figlet', 'sqlite', 'redis'][i % 3]}`,
}));
const reports = Array.from({ length: 27 }, (_, i) => ({
  id: `r${i}`, kind: i % 3 ? 'comment' : 'project', project: 'taste/figlet', comment: i % 3 ? comments[i] : null, reporter: i % 4 ? `guest-${i + 1}` : null,
  reason: ['spam', 'abuse', 'illegal', 'broken', 'other'][i % 5], text: i % 2 ? '이 댓글은 광고입니다. 지워 주세요.' : '', state: i < 9 ? 'open' : 'closed', note: i < 9 ? null : 'Seen to.', created_at: ago(i * 5 + 1), closed_at: i < 9 ? null : ago(i * 5),
}));
const banners = [
  { id: 'b1', text: 'Learn SQL in an afternoon', text_ko: '반나절에 배우는 SQL', link: 'https://sql.example/', starts_at: null, ends_at: null, weight: 10, enabled: true, image: null, views: 10432, clicks: 211 },
  { id: 'b2', text: 'Host your own tasting corner', text_ko: null, link: 'https://host.example/', starts_at: ago(-48), ends_at: ago(-480), weight: 50, enabled: false, image: null, views: 0, clicks: 0 },
];
const pictures = new Map();
const audit = Array.from({ length: 64 }, (_, i) => ({
  at: ago(i * 2), actor: i % 5 ? 'boss' : 'ann', address: i % 2 ? '127.0.0.1' : '2001:db8::12', action: ['user.suspend', 'project.hide', 'session.create', 'comment.hide', 'banner.update', 'session.fail'][i % 6],
  target: ['guest-5', 'taste/figlet', 'boss', 'c5', 'b1', 'boss'][i % 6], detail: i % 6 === 4 ? 'enabled: true' : '',
}));

function paged(url, items) {
  const page = Number(url.searchParams.get('page') ?? 1);
  const per = Number(url.searchParams.get('per_page') ?? 20);
  return { items: items.slice((page - 1) * per, page * per), page, per_page: per, total: items.length };
}

/** Answers /admin/…; false when the call is about something else. */
export function admin(asked) {
  const { req, res, url, body, send, fail, user, projects, live, view, endSandbox } = asked;
  const picture = /^\/api\/v1\/media\/(.+)$/.exec(url.pathname)?.[1];
  if (picture) {
    res.writeHead(200, { 'content-type': 'image/png' });
    return res.end(pictures.get(picture)) ?? true;
  }
  const path = url.pathname.slice('/api/v1/admin/'.length);
  if (!url.pathname.startsWith('/api/v1/admin/')) return false;
  if (!user) return fail(res, 401, 'nobody is signed in') ?? true;
  if (user.role !== 'admin') return fail(res, 403, 'not an administrator') ?? true;
  const q = (url.searchParams.get('q') ?? '').toLowerCase();
  const on = (method, pattern) => req.method === method && new RegExp(`^${pattern}$`).exec(path);
  const log = (action, target) => audit.unshift({ at: new Date().toISOString(), actor: user.username, address: '127.0.0.1', action, target, detail: '' });
  const answer = (value, status = 200) => send(res, status, value) ?? true;
  let found;
  if (on('GET', 'overview')) {
    return answer({
      users: users.size, projects: { ready: 11, building: 1, failed: 1 }, sandboxes: { running: live().length + 3 + Math.floor(Math.random() * 4), queued: Math.floor(Math.random() * 2), capacity: 12 },
      builds: { queued: 2, running: 1 }, reports_open: reports.filter((item) => item.state === 'open').length, started_at: started, version: '0.1.0', engine: 'up', database: 'sqlite', memory_bytes: 91e6 + Math.random() * 9e6,
    });
  }
  if (on('GET', 'users')) {
    const state = url.searchParams.get('state');
    return answer(paged(url, [...users.values()].filter((item) => (!state || item.state === state) && JSON.stringify([item.username, item.display_name, item.email]).toLowerCase().includes(q))
      .map((item) => ({ username: item.username, display_name: item.display_name, email: item.email, role: item.role, state: item.state, created_at: item.created_at, seen_at: item.seen_at, projects: item.username === 'ann' ? 2 : 0, providers: item.identities.map((one) => one.provider) }))));
  }
  if ((found = on('PATCH', 'users/(.+)'))) {
    const who = users.get(found[1]);
    if (who === user && (body.state || body.role)) return fail(res, 409, 'you are the last administrator', { code: 'last_admin' }) ?? true;
    Object.assign(who, body);
    if (body.state === 'suspended') for (const [key, item] of signIns) if (item.user === who.username) signIns.delete(key);
    log(body.state === 'suspended' ? 'user.suspend' : 'user.change', who.username);
    return answer({ ...who, password: undefined });
  }
  if (on('GET', 'projects')) {
    const state = url.searchParams.get('state');
    const visibility = url.searchParams.get('visibility');
    return answer(paged(url, projects.filter((item) => item.full_name.includes(q) && (!state || item.state === state) && (!visibility || (item.visibility ?? 'listed') === visibility)).map((item) => ({ visibility: 'listed', reports: item.name === 'figlet' ? 3 : 0, ...item }))));
  }
  if ((found = on('PATCH', 'projects/([^/]+/[^/]+)'))) {
    const project = projects.find((item) => item.full_name === found[1]);
    project.visibility = body.visibility;
    log(`project.${body.visibility === 'hidden' ? 'hide' : 'show'}`, project.full_name);
    return answer(project);
  }
  if ((found = on('DELETE', 'projects/([^/]+/[^/]+)'))) {
    projects.splice(projects.findIndex((item) => item.full_name === found[1]), 1);
    log('project.delete', found[1]);
    return send(res, 204) ?? true;
  }
  if (on('GET', 'comments')) {
    const hidden = url.searchParams.get('hidden');
    return answer(paged(url, comments.filter((item) => item.body.toLowerCase().includes(q) && (!hidden || !!item.hidden === (hidden === '1' || hidden === 'true')))));
  }
  if (on('GET', 'reports')) return answer(paged(url, reports.filter((item) => item.state === (url.searchParams.get('state') ?? 'open'))));
  if ((found = on('PATCH', 'reports/(.+)'))) {
    const report = reports.find((item) => item.id === found[1]);
    Object.assign(report, body, { closed_at: body.state === 'closed' ? new Date().toISOString() : null });
    return answer(report);
  }
  if (on('GET', 'banners')) return answer(paged(url, banners));
  if (on('POST', 'banners')) {
    if (!/^https?:/.test(body.link)) return fail(res, 422, 'link', { errors: [{ field: 'link', message: 'must begin with https://' }] }) ?? true;
    banners.unshift({ id: `b${++serial + 10}`, text_ko: null, starts_at: null, ends_at: null, image: null, views: 0, clicks: 0, ...body });
    return answer(banners[0], 201);
  }
  if ((found = on('(?:PUT|DELETE|PATCH|GET)'.includes(req.method) ? req.method : 'GET', 'banners/([^/]+)(/image)?'))) {
    const banner = banners.find((item) => item.id === found[1]);
    if (!banner) return fail(res, 404, 'no such banner') ?? true;
    if (found[2]) {
      if (req.method === 'PUT' && body.bytes.length < 100) return fail(res, 422, 'not a picture', { errors: [{ field: 'image', message: 'is not a picture that we can read' }] }) ?? true;
      if (req.method === 'PUT') pictures.set(banner.id, body.bytes);
      banner.image = req.method === 'PUT' ? { url: `/api/v1/media/${banner.id}?${++serial}`, width: 640, height: 160 } : null;
      return req.method === 'PUT' ? answer(banner) : send(res, 204) ?? true;
    }
    if (req.method === 'DELETE') banners.splice(banners.indexOf(banner), 1);
    else Object.assign(banner, body);
    return req.method === 'DELETE' ? send(res, 204) ?? true : answer(banner);
  }
  if (on('GET', 'sandboxes')) {
    const pretend = [0, 1, 2].map((i) => ({
      id: `live${i}`, project: `taste/${['redis', 'python', 'htop'][i]}`, version: '1', state: 'running', started_at: ago(0.1 + i / 9), expires_at: ago(-0.4 + i / 9), terminals: [], ended: null,
      limits: { memory: 536870912, cpu: 500, pids: 128, disk: 1 }, person: i ? 'guest' : 'user:ann', usage: i === 2 ? null : { memory: 4e7 * (i + 1) + Math.random() * 3e7, cpu: Math.random() * 0.5 },
    })).filter((item) => !gone.has(item.id));
    return answer(paged(url, [...live().map(({ sandbox }) => ({ ...view(sandbox), person: 'guest', usage: { memory: 88080384, cpu: 0.12 } })), ...pretend]));
  }
  if ((found = on('DELETE', 'sandboxes/(.+)'))) {
    const entry = live().find(({ sandbox }) => sandbox.id === found[1]);
    if (entry) endSandbox(entry.sandbox, 'stopped');
    gone.add(found[1]);
    log('sandbox.stop', found[1]);
    return send(res, 204) ?? true;
  }
  if (on('GET', 'audit')) return answer(paged(url, audit.filter((item) => (url.searchParams.get('actor') ?? item.actor) === item.actor && item.action.startsWith(url.searchParams.get('action') ?? ''))));
  return false;
}
const gone = new Set();
