// What people keep about themselves.
import { call, join } from '../lib/people.js';
import { accessibility, expect, shot, test } from '../lib/site.js';

const PASSWORD = 'tasty soup today';
const section = (page, name) => page.getByRole('region', { name, exact: true });
const save = (part) => part.locator('button[type="submit"]');
const me = async (page) => (await call(page, 'GET', '/users/me')).json();

async function settled(page) {
  await page.goto('/');
  const name = await join(page);
  await page.goto('/settings');
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await expect(section(page, 'Where you are signed in').getByText('this browser')).toBeVisible();
  return name;
}

test('the profile is kept', async ({ page }) => {
  const name = await settled(page);
  const profile = section(page, 'Profile');
  await profile.locator('[name="display_name"]').fill('Ann 리');
  await profile.locator('[name="bio"]').fill('Two\nlines');
  await profile.locator('[name="homepage"]').fill('javascript:alert(1)');
  await save(profile).click();
  await expect(profile.getByText('An address like https://example.org, please.')).toBeVisible();
  await expect(profile.locator('[name="homepage"]')).toBeFocused();
  await profile.locator('[name="homepage"]').fill('https://example.org/ann');
  await save(profile).click();
  await expect(profile.getByText('Saved.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Menu of Ann 리' })).toBeVisible();
  expect(await me(page)).toMatchObject({ username: name, display_name: 'Ann 리', bio: 'Two\nlines', homepage: 'https://example.org/ann' });
  await profile.locator('[name="homepage"]').fill('');
  await save(profile).click();
  await expect.poll(async () => (await me(page)).homepage).toBeNull();
});

test('the e-mail address needs the password', async ({ page }) => {
  page.allow(/status of 403/);
  await settled(page);
  const email = section(page, 'E-mail address');
  await email.locator('[name="email"]').fill('ann@example.org');
  await save(email).click();
  await expect(email.getByText('Type your password.')).toBeVisible();
  await email.locator('[name="current_password"]').fill('something else');
  await save(email).click();
  await expect(email.getByText('This is not your current password.')).toBeVisible();
  await email.locator('[name="current_password"]').fill(PASSWORD);
  await save(email).click();
  await expect(email.getByText('Saved.')).toBeVisible();
  expect((await me(page)).email).toBe('ann@example.org');
});

test('a new password signs out the others and works from then on', async ({ page, context }) => {
  page.allow(/status of (401|403)/);
  const name = await settled(page);
  const other = await context.browser().newContext({ baseURL: new URL(page.url()).origin });
  const second = await other.newPage();
  await second.goto('/');
  expect((await call(second, 'POST', '/session', { login: name, password: PASSWORD })).status()).toBe(200);
  const password = section(page, 'Password');
  await password.locator('[name="current_password"]').fill(PASSWORD);
  await password.locator('[name="password"]').fill('four brave ladles sing');
  await save(password).click();
  await expect(password.getByText('Changed. All other browsers are signed out.')).toBeVisible();
  await expect(password.locator('[name="password"]')).toHaveValue('');
  expect((await call(second, 'GET', '/users/me')).status()).toBe(401);
  expect((await call(page, 'GET', '/users/me')).status()).toBe(200);
  expect((await call(second, 'POST', '/session', { login: name, password: PASSWORD })).status()).toBe(401);
  expect((await call(second, 'POST', '/session', { login: name, password: 'four brave ladles sing' })).status()).toBe(200);
  await other.close();
});

test('other browsers are listed and signed out, one or all', async ({ page, context }) => {
  const name = await settled(page);
  const others = [];
  for (const userAgent of ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1']) {
    const other = await context.browser().newContext({ baseURL: new URL(page.url()).origin, userAgent });
    const second = await other.newPage();
    await second.goto('/');
    expect((await call(second, 'POST', '/session', { login: name, password: PASSWORD })).status()).toBe(200);
    others.push(second);
  }
  await page.reload();
  const list = section(page, 'Where you are signed in');
  await expect(list.getByText('Safari on iPhone')).toBeVisible();
  await list.getByRole('button', { name: 'Sign out Firefox on Linux' }).first().click();
  await expect(page.getByText('Firefox on Linux is signed out.')).toBeVisible();
  await expect.poll(async () => (await call(others[0], 'GET', '/users/me')).status()).toBe(401);
  expect((await call(others[1], 'GET', '/users/me')).status()).toBe(200);
  await list.getByRole('button', { name: 'Sign out all others' }).click();
  await expect.poll(async () => (await call(others[1], 'GET', '/users/me')).status()).toBe(401);
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await list.getByRole('button', { name: 'Sign out everywhere' }).click();
  const dialog = page.getByRole('dialog');
  expect(await accessibility(page)).toEqual([]);
  page.allow(/status of 401/);
  await dialog.getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(page).toHaveURL(/\/login$/);
  expect((await call(page, 'GET', '/users/me')).status()).toBe(401);
  for (const other of others) await other.context().close();
});

test('a token is shown once, works, and stops when it is revoked', async ({ page, request, baseURL }) => {
  await settled(page);
  const tokens = section(page, 'Access tokens');
  await save(tokens).click();
  await expect(tokens.getByText('Give it a name.')).toBeVisible();
  await tokens.locator('[name="name"]').fill('my script');
  await save(tokens).click();
  const secret = await tokens.locator('.secret').textContent();
  expect(secret).toMatch(/^ttob_[\w-]{20,}$/);
  await expect(tokens.getByRole('button', { name: 'Copy' })).toBeFocused();
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'token', { fullPage: true });
  if (process.env.TTOB_E2E_MOCK !== '1') expect((await request.get(`${baseURL}/api/v1/users/me`, { headers: { authorization: `Bearer ${secret}` } })).status()).toBe(200);
  await page.reload();
  await expect(tokens.getByText('my script')).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await tokens.getByRole('button', { name: 'Revoke my script' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(tokens.getByText('No tokens.')).toBeVisible();
  if (process.env.TTOB_E2E_MOCK !== '1') expect((await request.get(`${baseURL}/api/v1/users/me`, { headers: { authorization: `Bearer ${secret}` } })).status()).toBe(401);
});

test('language and theme come along to another browser', async ({ page, context }) => {
  const name = await settled(page);
  const appearance = section(page, 'Language and theme');
  await appearance.getByText('Dark', { exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await appearance.getByText('한국어').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('설정');
  await expect.poll(() => me(page)).toMatchObject({ language: 'ko', theme: 'dark' });
  const other = await context.browser().newContext({ baseURL: new URL(page.url()).origin, locale: 'en-US', colorScheme: 'light' });
  const second = await other.newPage();
  await second.goto('/login');
  await second.locator('[name="login"]').fill(name);
  await second.locator('[name="password"]').fill(PASSWORD);
  await second.locator('main form button[type="submit"]').click();
  await expect(second.locator('html')).toHaveAttribute('lang', 'ko');
  await expect(second.locator('html')).toHaveAttribute('data-theme', 'dark');
  await other.close();
});

test('withdrawing says what goes, asks for the password, and is for good', async ({ page }) => {
  page.allow(/status of (401|403|404)/);
  const name = await settled(page);
  const part = section(page, 'Withdraw');
  await expect(part).toContainText('your likes and your history of tries');
  await expect(part).toContainText('your comments, without your name');
  await part.getByRole('button', { name: 'Withdraw…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Withdraw' });
  await dialog.getByRole('button', { name: 'Withdraw for good' }).click();
  await expect(dialog.getByText('Type your password.')).toBeVisible();
  await dialog.locator('[name="password"]').fill('something else');
  await dialog.getByRole('button', { name: 'Withdraw for good' }).click();
  await expect(dialog.getByText('This is not your current password.')).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'withdraw');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await part.getByRole('button', { name: 'Withdraw…' }).click();
  await dialog.locator('[name="password"]').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Withdraw for good' }).click();
  await expect(page.getByText('Your account is gone.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Sign in' }).first()).toBeVisible();
  expect((await call(page, 'GET', `/users/${name}`)).status()).toBe(404);
  expect((await call(page, 'POST', '/session', { login: name, password: PASSWORD })).status()).toBe(401);
});

test('a session that ended elsewhere is said kindly', async ({ page }) => {
  page.allow(/status of 401/);
  await settled(page);
  await page.context().clearCookies();
  const profile = section(page, 'Profile');
  await profile.locator('[name="display_name"]').fill('late');
  await save(profile).click();
  await expect(page.getByText('Sign in to see this')).toBeVisible();
  await expect(page.locator('main').getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/login?return_to=%2Fsettings');
});

test('a list that does not come says so, and comes with another try', async ({ page }) => {
  page.allow(/Failed to load resource/);
  await page.goto('/');
  await join(page);
  await page.route('**/api/v1/users/me/tokens', (route) => route.abort());
  await page.goto('/settings');
  const tokens = section(page, 'Access tokens');
  await expect(tokens.getByRole('alert').first()).toContainText('The server did not answer.');
  await page.unroute('**/api/v1/users/me/tokens');
  await tokens.getByRole('button', { name: 'Try again' }).click();
  await expect(tokens.getByText('No tokens.')).toBeVisible();
});

for (const [locale, scheme] of [['en-US', 'light'], ['en-US', 'dark'], ['ko-KR', 'light'], ['ko-KR', 'dark']]) {
  test.describe(`settings in ${locale}, ${scheme}`, () => {
    test.use({ locale });
    test('axe finds nothing serious', async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.goto('/');
      await join(page);
      await page.goto('/settings');
      await expect(page.locator('#withdraw')).toBeVisible();
      await page.waitForLoadState('networkidle');
      expect(await accessibility(page)).toEqual([]);
      await shot(page, `settings-${locale}-${scheme}`, { fullPage: true });
    });
  });
}

test.describe('a small phone', () => {
  test.use({ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  test('settings need no sideways scrolling', async ({ page }) => {
    await page.goto('/');
    await join(page);
    await page.goto('/settings');
    await expect(page.locator('#withdraw')).toBeVisible();
    await page.waitForLoadState('networkidle');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await shot(page, 'phone-320-settings', { fullPage: true });
  });
});
