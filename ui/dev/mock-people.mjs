// Pretend accounts: ann (writes projects) and boss (administers), both with the password "tasty soup today".
const PASSWORD = 'tasty soup today';
const ago = (hours) => new Date(Date.now() - hours * 3600e3).toISOString();

const account = (username, more = {}) => ({
  username, email: null, email_verified: false, display_name: username, bio: '', homepage: null, role: 'user', has_password: true, language: null, theme: null,
  created_at: ago(900), password: PASSWORD, state: 'active', seen_at: ago(3), tokens: [], identities: [], ...more,
});

export const users = new Map([
  account('ann', { email: 'ann@example.org', email_verified: true, display_name: 'Ann Lee', bio: 'Makes small tools.\nLikes terminals.', homepage: 'https://example.org/ann', identities: [{ provider: 'github', name: 'GitHub', label: 'annlee', created_at: ago(400) }] }),
  account('boss', { role: 'admin', display_name: 'The Boss', email: 'boss@example.org' }),
  ...Array.from({ length: 43 }, (_, i) => account(`guest-${i + 1}`, { display_name: `손님 ${i + 1}`, created_at: ago(24 * i + 30), email: i % 3 ? `guest${i}@example.org` : null, state: i % 11 === 4 ? 'suspended' : 'active' })),
].map((user) => [user.username, user]));

/** Signed in: session id → { user, id, created_at, seen_at, address, agent }. */
export const signIns = new Map();
let serial = 0;
let failures = 0;

export const userOf = (session) => users.get(signIns.get(session)?.user) ?? null;
const me = ({ password, state, seen_at, tokens, identities, ...rest }) => rest;

function enter(res, send, adopt, user, req, status, body) {
  const session = `u${Date.now()}${++serial}`;
  adopt(session);
  signIns.set(session, { user: user.username, id: `i${serial}`, created_at: new Date().toISOString(), seen_at: new Date().toISOString(), address: '127.0.0.1', agent: req.headers['user-agent'] ?? '' });
  if (user.username === 'ann' && ![...signIns.values()].some((item) => item.id.startsWith('old'))) {
    signIns.set(`o${++serial}`, { user: user.username, id: `old${serial}`, created_at: ago(300), seen_at: ago(20), address: '203.0.113.7', agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1' });
    signIns.set(`o${++serial}`, { user: user.username, id: `old${serial}`, created_at: ago(900), seen_at: ago(200), address: '2001:db8::12', agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
  }
  send(res, status, body(), { 'set-cookie': `ttob_session=${session}; Path=/; HttpOnly; SameSite=Lax` });
}

/** Answers what is about people; false when the call is about something else. */
export function people({ req, res, url, body, session, guestSandbox, send, fail, projects, adopt }) {
  const path = url.pathname.slice('/api/v1/'.length);
  const user = userOf(session);
  const invalid = (field, message) => fail(res, 422, `${field} ${message}`, { errors: [{ field, message }] });
  const on = (method, pattern) => req.method === method && new RegExp(`^${pattern}$`).exec(path);
  let found;
  if (on('GET', 'session')) return send(res, 200, { user: user && me(user), guest: !user, sandbox: guestSandbox }) ?? true;
  if (on('POST', 'session')) {
    const who = [...users.values()].find((item) => item.username === body.login || (item.email && item.email === body.login));
    if (failures >= 5) {
      failures = 0;
      return fail(res, 429, 'too many tries', {}, { 'retry-after': '3' }) ?? true;
    }
    if (!who || who.password !== body.password) {
      failures++;
      return fail(res, 401, 'no such login', { code: 'wrong_login' }) ?? true;
    }
    failures = 0;
    if (who.state === 'suspended') return fail(res, 401, 'suspended', { code: 'suspended' }) ?? true;
    return enter(res, send, adopt, who, req, 200, () => ({ user: me(who), guest: false, sandbox: guestSandbox })) ?? true;
  }
  if (on('DELETE', 'session')) {
    signIns.delete(session);
    return send(res, 204, undefined, { 'set-cookie': 'ttob_session=; Path=/; Max-Age=0' }) ?? true;
  }
  if (on('POST', 'users')) {
    if (users.has(body.username)) return fail(res, 409, 'taken', { code: 'username_taken', errors: [{ field: 'username', message: 'is taken' }] }) ?? true;
    if (body.username === 'admin') return invalid('username', 'is reserved; choose another') ?? true;
    if (/^qwerty/i.test(body.password)) return invalid('password', 'is one of those that everybody tries first; take several words instead') ?? true;
    const made = account(body.username, { email: body.email ?? null, password: body.password, created_at: new Date().toISOString() });
    users.set(made.username, made);
    return enter(res, send, adopt, made, req, 201, () => me(made)) ?? true;
  }
  if (on('GET', 'auth/providers')) return send(res, 200, { items: [{ id: 'github', name: 'GitHub' }, { id: 'google', name: 'Google' }, { id: 'house', name: 'House of Soup' }] }) ?? true;
  if ((found = on('GET', 'auth/([^/]+)/login'))) {
    res.writeHead(302, { location: `/login?error=denied&provider=${found[1]}` });
    return res.end() ?? true;
  }
  if (!path.startsWith('users/')) return false;
  if (path.startsWith('users/me')) {
    if (!user) return fail(res, 401, 'nobody is signed in') ?? true;
    return mine({ req, res, body, session, user, send, fail, invalid, on, projects });
  }
  if ((found = on('GET', 'users/([^/]+)'))) {
    const who = users.get(decodeURIComponent(found[1]));
    if (!who) return fail(res, 404, 'nobody') ?? true;
    const { username, display_name, bio, homepage, created_at } = who;
    return send(res, 200, { username, display_name, bio, homepage, created_at, projects: projects.filter((item) => item.owner === username).length }) ?? true;
  }
  return false;
}

function mine({ req, res, body, session, user, send, fail, invalid, on, projects }) {
  let found;
  if (on('GET', 'users/me')) return send(res, 200, me(user)) ?? true;
  if (on('PATCH', 'users/me')) {
    if (('password' in body || 'email' in body) && user.has_password && body.current_password !== user.password) return fail(res, 403, 'current password', { code: 'current_password' }) ?? true;
    if (body.bio === 'refuse me') return invalid('bio', 'must be nicer') ?? true;
    const { current_password, ...change } = body;
    Object.assign(user, change);
    if ('password' in body) {
      user.has_password = true;
      for (const [key, item] of signIns) if (item.user === user.username && key !== session) signIns.delete(key);
    }
    return send(res, 200, me(user)) ?? true;
  }
  if (on('DELETE', 'users/me')) {
    if (user.has_password && body.password !== user.password) return fail(res, 403, 'password', { code: 'current_password' }) ?? true;
    const own = projects.filter((item) => item.owner === user.username);
    if (own.length && !body.projects) return fail(res, 409, 'has projects', { code: 'has_projects' }) ?? true;
    if (body.projects === 'transfer' && !users.has(body.transfer_to)) return invalid('transfer_to', 'must be somebody here') ?? true;
    if (user.role === 'admin') return fail(res, 409, 'last admin', { code: 'last_admin' }) ?? true;
    users.delete(user.username);
    signIns.delete(session);
    return send(res, 204) ?? true;
  }
  if (on('GET', 'users/me/sessions')) {
    const items = [...signIns].filter(([, item]) => item.user === user.username).map(([key, { user: _, ...item }]) => ({ ...item, current: key === session }));
    return send(res, 200, { items }) ?? true;
  }
  if (on('DELETE', 'users/me/sessions')) {
    for (const [key, item] of signIns) if (item.user === user.username && (key !== session || !req.url.includes('others=1'))) signIns.delete(key);
    return send(res, 204) ?? true;
  }
  if ((found = on('DELETE', 'users/me/sessions/(.+)'))) {
    for (const [key, item] of signIns) if (item.id === found[1]) signIns.delete(key);
    return send(res, 204) ?? true;
  }
  if (on('GET', 'users/me/tokens')) return send(res, 200, { items: user.tokens }) ?? true;
  if (on('POST', 'users/me/tokens')) {
    const token = { id: `t${++serial}`, name: body.name, created_at: new Date().toISOString(), seen_at: null, expires_at: body.expires_in_days ? new Date(Date.now() + body.expires_in_days * 86400e3).toISOString() : null };
    user.tokens.push(token);
    return send(res, 201, { ...token, token: 'ttob_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG' }) ?? true;
  }
  if ((found = on('DELETE', 'users/me/tokens/(.+)'))) {
    user.tokens = user.tokens.filter((item) => item.id !== found[1]);
    return send(res, 204) ?? true;
  }
  if (on('GET', 'users/me/identities')) return send(res, 200, { items: user.identities }) ?? true;
  if ((found = on('DELETE', 'users/me/identities/(.+)'))) {
    if (!user.has_password && user.identities.length === 1) return fail(res, 409, 'last way in', { code: 'last_way_in' }) ?? true;
    user.identities = user.identities.filter((item) => item.provider !== found[1]);
    return send(res, 204) ?? true;
  }
  return false;
}
