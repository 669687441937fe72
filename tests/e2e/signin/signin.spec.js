// Signing in by a real provider: the button, the provider's page, and back.
import { expect, test } from '@playwright/test';

const PROVIDER = process.env.TTOB_PROVIDER;
const flip = async (request, name) => expect((await request.post(`${PROVIDER}/switch/${name}`)).status()).toBe(204);
const session = async (page) => (await page.request.get('/api/v1/session?optional=1')).json();

/** From the sign-in page to the provider's. */
async function knock(page, name = 'ACME', returnTo = '/projects') {
  await page.goto(`/login?return_to=${encodeURIComponent(returnTo)}`);
  await page.getByRole('link', { name: new RegExp(name) }).click();
  await expect(page.getByRole('heading', { name: 'Provider' })).toBeVisible();
}

async function signIn(page, who, name = 'ACME') {
  await knock(page, name);
  await page.getByRole('button', { name: `Sign in as ${who}`, exact: true }).click();
  await page.waitForURL('**/projects');
  return (await session(page)).user;
}

test.afterEach(async ({ request }) => flip(request, 'up'));

test('somebody new gets an account, and is known again in another browser', async ({ page, browser }) => {
  const user = await signIn(page, '한글');
  expect(user).toMatchObject({ username: 'hangul', display_name: '김한글', email: 'hangul@example.org', email_verified: true, has_password: false });
  const cookies = await page.context().cookies();
  const cookie = cookies.find((item) => item.name === 'ttob_session');
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });

  const other = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  expect((await signIn(other, '한글')).username).toBe('hangul');
  await other.context().close();
});

test('an unverified address opens nobody\'s account; a verified one does', async ({ page, browser }) => {
  expect((await signIn(page, 'ann')).username).toBe('ann');
  const fresh = async () => (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();

  const impostor = await fresh();
  expect(await signIn(impostor, 'impostor')).toMatchObject({ username: 'impostor', email: null, email_verified: false });
  await impostor.context().close();

  // The same address at the other provider, which signs with another algorithm and takes its secret in the form.
  const elsewhere = await fresh();
  expect((await signIn(elsewhere, 'ann', 'Elsewhere')).username).toBe('ann');
  await elsewhere.context().close();

  // Somebody else has the address there by now.
  const later = await fresh();
  await knock(later);
  await later.getByRole('button', { name: 'Sign in as ann-elsewhere' }).click();
  await later.waitForURL('**/login?error=email_taken&provider=acme*');
  expect((await session(later)).user).toBeNull();
  await later.context().close();
});

test('who says no at the provider is told so, and can try again', async ({ page }) => {
  await knock(page);
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.waitForURL('**/login?error=denied&provider=acme&return_to=%2Fprojects');
  await expect(page.getByRole('alert')).toContainText('ACME');
  expect((await session(page)).user).toBeNull();
  await page.getByRole('link', { name: /ACME/ }).first().click();
  await page.getByRole('button', { name: 'Sign in as ann', exact: true }).click();
  await page.waitForURL('**/projects');
});

test('the provider changes its keys', async ({ page, request }) => {
  await signIn(page, 'ann');
  await flip(request, 'rotate');
  await page.context().clearCookies();
  expect((await signIn(page, 'ann')).username).toBe('ann');
});

test('a provider that goes away is told on a page, and works when it is back', async ({ page, request }) => {
  await knock(page);
  await flip(request, 'mute');
  const [back] = await Promise.all([
    page.waitForRequest((one) => one.url().includes('/callback')),
    page.getByRole('button', { name: 'Sign in as ann', exact: true }).click(),
  ]);
  await page.waitForURL('**/login?error=provider_down&provider=acme*');
  await expect(page.getByRole('alert')).toContainText('ACME');
  expect((await session(page)).user).toBeNull();
  await flip(request, 'up');
  // The old way back is used up.
  await page.goto(back.url());
  await page.waitForURL('**/login?error=expired&provider=acme');
  await expect(page.getByRole('alert')).toBeVisible();
  await page.context().clearCookies(); // the provider's too
  expect((await signIn(page, 'ann')).username).toBe('ann');
});

test('a provider that cannot be reached is told before anybody is sent there', async ({ page }) => {
  await page.goto('/login?return_to=%2Fprojects');
  await page.getByRole('link', { name: /Gone/ }).click();
  await page.waitForURL('**/login?error=provider_down&provider=gone&return_to=%2Fprojects');
  await expect(page.getByRole('alert')).toContainText('Gone');
});

test('the way back of one browser is worth nothing in another', async ({ page, browser }) => {
  await knock(page);
  // By hand, to have the address before it is used.
  let stolen = page.url();
  let answer = await page.request.post(stolen, { form: { choice: 'ann' }, maxRedirects: 0 });
  while (!stolen.includes('/api/v1/auth/acme/callback')) {
    stolen = new URL(answer.headers().location, stolen).href;
    if (!stolen.includes('/callback')) answer = await page.request.get(stolen, { maxRedirects: 0 });
  }
  const victim = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  await victim.goto(stolen);
  await victim.waitForURL('**/login?error=expired&provider=acme');
  expect((await session(victim)).user).toBeNull();
  await victim.context().close();
  await page.goto(stolen);
  await page.waitForURL('**/projects');
  expect((await session(page)).user.username).toBe('ann');
});

test('an account is linked and unlinked in the settings', async ({ page }) => {
  const user = { username: `linker-${Date.now() % 1e6}`, password: 'a long enough passphrase' };
  await page.goto('/login');
  const made = await page.evaluate(
    async (body) => (await fetch('/api/v1/users', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).status,
    user,
  );
  expect(made).toBe(201);
  await page.goto('/settings');
  await page.getByRole('link', { name: /Elsewhere/ }).click();
  await page.getByRole('button', { name: 'Sign in as impostor' }).click();
  await page.waitForURL('**/settings**');
  await expect(page.getByRole('button', { name: /Unlink Elsewhere/ })).toBeVisible();
  expect((await session(page)).user.username).toBe(user.username);
  expect((await (await page.request.get('/api/v1/users/me/identities')).json()).items).toMatchObject([{ provider: 'elsewhere', name: 'Elsewhere' }]);

  // Somebody else's account there is not taken over.
  await page.getByRole('link', { name: /ACME/ }).click();
  await page.getByRole('button', { name: 'Sign in as ann', exact: true }).click();
  await page.waitForURL('**/settings?error=already_linked&provider=acme');
  await expect(page.getByRole('alert')).toContainText('ACME');

  await page.getByRole('button', { name: /Unlink Elsewhere/ }).click();
  await expect(page.getByRole('button', { name: /Unlink Elsewhere/ })).toBeHidden();
  expect((await (await page.request.get('/api/v1/users/me/identities')).json()).items).toEqual([]);
});

test('a page elsewhere cannot have somebody link its account', async ({ page }) => {
  await signIn(page, 'ann');
  await page.goto(`${PROVIDER}/.well-known/openid-configuration`);
  await page.evaluate((url) => location.assign(url), `${test.info().project.use.baseURL}/api/v1/auth/elsewhere/login?link=1`);
  await page.waitForURL('**/settings?error=expired&provider=elsewhere');
});
