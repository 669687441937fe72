// Pretend likes, comments, reports, banner, history and figures. Kept in memory, forgotten at the end.
import { projects } from './mock-data.mjs';

const PEOPLE = { ann: 'Ann Lee', bora: '보라', boss: 'The Boss' };
const likes = new Map(); // username → Set of full names
const comments = new Map(); // full name → newest first
const written = new Map(); // username → times, for the limit
let serial = 0;
export const seen = { reports: [], views: 0 };
export const banner = { on: true };

const find = (fullName) => projects.find((item) => item.full_name === fullName);
const mayEdit = (user, item) => !!user && (user.username === item.owner || user.role === 'admin');

function threadOf(fullName) {
  if (comments.has(fullName)) return comments.get(fullName);
  const items = fullName !== 'taste/figlet' ? [] : Array.from({ length: 27 }, (_, i) => ({
    id: `c${++serial}`, username: i === 2 ? null : ['ann', 'bora', 'taste'][i % 3], body: [
      'Works at once. `figlet -f slant` is my favourite, and the **shadow** font is not bad either.',
      '한글은 안 나오지만 재미있어요! 다음에는 toilet도 올려 주세요.',
      'I left long ago, and what I said stays.',
      'Thank you all. The fonts are in `/usr/share/figlet`:\n\n```sh\nls /usr/share/figlet\n```',
    ][i % 4], created_at: new Date(Date.now() - (i + 1) ** 2 * 37e5).toISOString(), edited_at: i === 3 ? new Date().toISOString() : null, hidden: null,
  }));
  comments.set(fullName, items);
  return items;
}

const escape = (text) => text.replace(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char]);
function html(body) {
  return body.split(/\n\n+/).map((part) => {
    const code = /^```\w*\n([^]*?)\n?```$/.exec(part);
    if (code) return `<pre><code>${escape(code[1])}</code></pre>`;
    return `<p>${escape(part).replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>').replace(/`(.+?)`/g, '<code>$1</code>')}</p>`;
  }).join('');
}

function view(item, user, project) {
  const mine = !!user && item.username === user.username;
  return {
    id: item.id, author: item.username ? { username: item.username, display_name: PEOPLE[item.username] ?? item.username } : null,
    body: item.body, body_html: html(item.body), created_at: item.created_at, edited_at: item.edited_at, hidden: item.hidden, mine,
    can_hide: mayEdit(user, project), can_delete: mine || user?.role === 'admin',
  };
}

function pageOf(all, query) {
  const per = Number(query.get('per_page') ?? 20);
  const page = Number(query.get('page') ?? 1);
  return { items: all.slice((page - 1) * per, page * per), page, per_page: per, total: all.length };
}

function figures(days) {
  const list = Array.from({ length: days }, (_, i) => {
    const at = new Date(Date.now() - (days - 1 - i) * 864e5);
    const wave = 40 + 30 * Math.sin(i / 5) + (at.getUTCDay() % 6 === 0 ? -18 : 12);
    const tries = Math.max(Math.round(wave + (i * 7919) % 23), 0);
    return { date: at.toISOString().slice(0, 10), tries, visitors: Math.round(tries * 0.7), minutes: tries * 6, likes: i % 4 === 0 ? i % 3 : 0 };
  });
  const sum = (name) => list.reduce((all, day) => all + day[name], 0);
  return { from: list[0].date, to: list.at(-1).date, days: list, totals: { tries: sum('tries'), visitors: sum('visitors'), minutes: sum('minutes'), likes: sum('likes') } };
}

/** Answers with [status, body, headers?], or null when the call is somebody else's. */
export function discovery({ method, parts, query, body, user }) {
  const [first, ...rest] = parts;
  if (first === 'projects' && rest[0] === 'suggest') return suggest(query);
  if (first === 'projects' && rest.length === 3) return ofProject({ method, query, body, user, item: find(`${rest[0]}/${rest[1]}`), what: rest[2] });
  if (first === 'projects' && rest.length === 2 && method === 'PATCH') return change(find(rest.join('/')), user, body);
  if (first === 'comments') return oneComment({ method, id: rest[0], hidden: rest[1] === 'hidden', body, user });
  if (first === 'reports') {
    seen.reports.push(body);
    return [201, { id: `r${++serial}` }];
  }
  if (first === 'recommendations') return [200, { items: [...projects].reverse().filter((item) => item.state === 'ready').slice(0, Number(query.get('places') ?? 12)), personal: !!user }];
  if (first === 'banner') return bannerCall(method);
  if (first === 'users' && rest[0] === 'me' && (rest[1] === 'likes' || rest[1] === 'projects')) {
    if (!user) return [401];
    if (rest[1] === 'likes') return [200, pageOf([...(likes.get(user.username) ?? [])].reverse().map(find), query)];
    return [200, pageOf(projects.filter((item) => mayEdit(user, item)).map((item, i) => ({ ...item, visibility: i === 1 ? 'unlisted' : 'listed' })), query)];
  }
  return null;
}

function suggest(query) {
  const q = (query.get('q') ?? '').toLowerCase();
  const items = q ? projects.filter((item) => JSON.stringify([item.name, item.summary, item.i18n]).toLowerCase().includes(q)) : [];
  return [200, { items: items.slice(0, 8).map(({ full_name, summary, i18n, category, logo }) => ({ full_name, summary, i18n, category, logo })) }];
}

function bannerCall(method) {
  if (method === 'POST') {
    seen.views++;
    return [204];
  }
  if (!banner.on) return [204];
  return [200, { id: 'ad1', text: 'Seoul Open Source Night: talks, terminals and tteokbokki on 12 December', i18n: { ko: { text: '서울 오픈 소스의 밤: 12월 12일, 발표와 터미널과 떡볶이' } }, link: 'https://example.org/', image: null }];
}

function change(item, user, body) {
  if (!user) return [401];
  if (!mayEdit(user, item)) return [403];
  if (body.embed_origins) item.embed_origins = body.embed_origins;
  return [200, { ...item }];
}

function ofProject({ method, query, body, user, item, what }) {
  if (!item) return [404];
  if (what === 'like') return likeCall(method, user, item);
  if (what === 'statistics') return !user ? [401] : mayEdit(user, item) ? [200, figures(Number(query.get('days') ?? 30))] : [403];
  if (what === 'statistics.csv') return [200, 'date,tries\n', { 'content-type': 'text/csv', 'content-disposition': 'attachment' }];
  if (what !== 'comments') return null;
  const thread = threadOf(item.full_name);
  if (method === 'POST') {
    if (!user) return [401];
    const times = (written.get(user.username) ?? []).filter((at) => at > Date.now() - 60e3);
    if (times.length >= 5) return [429, {}, { 'retry-after': '40' }];
    written.set(user.username, [...times, Date.now()]);
    thread.unshift({ id: `c${++serial}`, username: user.username, body: body.body, created_at: new Date().toISOString(), edited_at: null, hidden: null });
    return [201, view(thread[0], user, item)];
  }
  return [200, pageOf(thread.filter((one) => !one.hidden || mayEdit(user, item) || one.username === user?.username).map((one) => view(one, user, item)), query)];
}

function likeCall(method, user, item) {
  if (!user) return [401];
  const mine = likes.get(user.username) ?? new Set();
  likes.set(user.username, mine);
  if (method === 'PUT' && !mine.has(item.full_name)) {
    mine.add(item.full_name);
    item.likes++;
  }
  if (method === 'DELETE') {
    if (mine.delete(item.full_name)) item.likes--;
    return [204];
  }
  return [200, { liked: mine.has(item.full_name), likes: item.likes }];
}

function oneComment({ method, id, hidden, body, user }) {
  const [fullName, thread] = [...comments].find(([, items]) => items.some((one) => one.id === id)) ?? [];
  if (!thread) return [404];
  if (!user) return [401];
  const one = thread.find((item) => item.id === id);
  const project = find(fullName);
  if (hidden) one.hidden = method === 'PUT' ? (user.role === 'admin' ? 'admin' : 'author') : null;
  else if (method === 'DELETE') {
    thread.splice(thread.indexOf(one), 1);
    return [204];
  } else Object.assign(one, { body: body.body, edited_at: new Date().toISOString() });
  return [200, view(one, user, project)];
}

/** A badge, as far as a preview needs one. */
export function badge(query) {
  const text = query.has('tries') ? 'on browser · 1.2k' : 'on browser';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${60 + text.length * 7}" height="20"><rect width="60" height="20" fill="#1d1b18"/><rect x="60" width="200" height="20" fill="#d9480f"/><g fill="#fff" font-family="Verdana" font-size="11"><text x="8" y="14">try this</text><text x="67" y="14">${text}</text></g></svg>`;
}
