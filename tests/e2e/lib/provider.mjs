// A real OpenID Connect provider (npm oidc-provider) for the sign-in scenarios.
//   node lib/provider.mjs PORT SITE
// Beside the protocol it has a page to sign in with one click, and switches for the scenarios: POST /switch/{rotate,mute,up}.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, site] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

// `verified` is what the provider says of the address.
const people = {
  ann: { email: 'ann@example.org', email_verified: true, name: 'Ann Example', preferred_username: 'ann' },
  impostor: { email: 'ann@example.org', email_verified: false, name: 'Not Ann', preferred_username: 'impostor' },
  'ann-elsewhere': { email: 'ann@example.org', email_verified: true, name: 'Ann Example', preferred_username: 'ann' },
  한글: { email: 'hangul@example.org', email_verified: true, name: '김한글', preferred_username: '한글' },
};

function freshKeys() {
  const key = (type, options, alg) => ({
    ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID(),
  });
  return [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')];
}

const client = (id, provider, more) => ({
  client_id: id, client_secret: `secret of ${id} & more`, redirect_uris: [`${site}/api/v1/auth/${provider}/callback`], response_types: ['code'],
  grant_types: ['authorization_code'], ...more,
});

/** The interactions are ours, below; keys of tokens change with each provider that is made, grants and sessions stay. */
function makeProvider() {
  const provider = new Provider(issuer, {
    clients: [
      client('ttob', 'acme', { token_endpoint_auth_method: 'client_secret_basic' }),
      client('ttob-post', 'elsewhere', { token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'ES256' }),
    ],
    jwks: { keys: freshKeys() },
    cookies: { keys: ['only for tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    pkce: { required: () => true, methods: ['S256'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  return provider;
}

const page = (body) => `<!doctype html><html lang="en"><title>Provider</title><h1>Provider</h1><form method="post">${body}</form></html>`;

const form = (request) =>
  new Promise((resolve) => {
    let text = '';
    request.on('data', (data) => (text += data)).on('end', () => resolve(new URLSearchParams(text)));
  });

/** Whoever is chosen is signed in, and consents to all that is asked for. */
async function finish(provider, request, response, details, choice) {
  if (choice === 'deny') {
    return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'The person said no' });
  }
  const grant = new provider.Grant({ accountId: choice, clientId: details.params.client_id });
  grant.addOIDCScope('openid email profile');
  return provider.interactionFinished(request, response, { login: { accountId: choice, remember: false }, consent: { grantId: await grant.save() } });
}

async function interact(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method === 'POST') return finish(provider, request, response, details, (await form(request)).get('choice'));
  const button = (choice, label) => `<button name="choice" value="${choice}">${label}</button>`;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  return response.end(page(Object.keys(people).map((id) => button(id, `Sign in as ${id}`)).join('') + button('deny', 'Deny')));
}

let provider = makeProvider();
let mute = false; // people can sign in, but their codes cannot be exchanged
const switches = {
  rotate: () => (provider = makeProvider()),
  mute: () => (mute = true),
  up: () => (mute = false),
};

createServer((request, response) => {
  const flip = request.method === 'POST' && switches[request.url.replace('/switch/', '')];
  if (flip) {
    flip();
    response.writeHead(204).end();
  } else if (mute && request.url.startsWith('/token')) {
    request.socket.destroy();
  } else if (request.url.startsWith('/interaction/')) {
    interact(provider, request, response).catch((error) => response.writeHead(500).end(String(error)));
  } else {
    provider.callback()(request, response);
  }
}).listen(Number(port), '127.0.0.1', () => console.log(`provider ready at ${issuer}`));
