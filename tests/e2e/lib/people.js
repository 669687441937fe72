// People with accounts, made as they are needed. An administrator has to be there already: TTOB_E2E_ADMIN=name:password.
import { expect } from '@playwright/test';

const PASSWORD = 'tasty soup today';
const mock = process.env.TTOB_E2E_MOCK === '1';
const [adminName, adminPassword] = (process.env.TTOB_E2E_ADMIN ?? (mock ? `boss:${PASSWORD}` : '')).split(':');
export const hasAdmin = !!adminName;

let serial = 0;
const origin = (page) => new URL(page.url() === 'about:blank' ? (process.env.TTOB_URL ?? 'http://127.0.0.1:8080') : page.url()).origin;

/** A call of the API with this page's cookies, as its own scripts would make it. */
export async function call(page, method, path, data) {
  return page.context().request.fetch(`/api/v1${path}`, { method, headers: { origin: origin(page) }, ...(data === undefined ? {} : { data }) });
}

/** Registers somebody new in this browser; gives the name. */
export async function join(page, prefix = 'eater') {
  const username = `${prefix}-${Date.now().toString(36)}${(++serial).toString(36)}${Math.floor(Math.random() * 1296).toString(36)}`;
  const answer = await call(page, 'POST', '/users', { username, password: PASSWORD });
  expect(answer.status(), await answer.text()).toBe(201);
  return username;
}

export async function signIn(page, login = adminName, password = adminPassword) {
  const answer = await call(page, 'POST', '/session', { login, password });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** Signs in somebody who has joined. */
export const comeBack = (page, username) => signIn(page, username, PASSWORD);
