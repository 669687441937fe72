// Making an account, signing in and out, and people's own pages.
import { call, join } from '../lib/people.js';
import { accessibility, expect, layoutShift, PROJECT, shot, test, tryIt } from '../lib/site.js';

const PASSWORD = 'tasty soup today';
const unique = (prefix = 'eater') => `${prefix}-${Date.now().toString(36)}${Math.floor(Math.random() * 1e5).toString(36)}`;
const form = (page) => page.locator('main form');
const field = (page, name) => form(page).locator(`[name="${name}"]`);
const submit = (page) => form(page).locator('button[type="submit"]');
const menu = (page) => page.getByRole('button', { name: /^Menu of / });
/** What a field is described by, as it is read out. */
const described = (locator) => locator.evaluate((node) => (node.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean).map((id) => document.getElementById(id)?.textContent ?? `no #${id}`).join(' '));

test('somebody makes an account with the keyboard, and is known from then on', async ({ page }) => {
  const name = unique();
  await page.goto('/register?return_to=/settings');
  await expect(field(page, 'username')).toBeFocused();
  await page.keyboard.type(name);
  await expect(page.getByRole('list', { name: 'Rules of names' }).getByText('done')).toHaveCount(3);
  await page.keyboard.press('Tab');
  await expect(field(page, 'email')).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await expect(page.getByText(/^Strength: (good|strong)/)).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/settings$/);
  await expect(page.getByText(`Welcome, ${name}!`)).toBeVisible();
  await expect(menu(page)).toBeVisible();
  await page.reload();
  await expect(menu(page)).toBeVisible();
});

test('what password managers need is there', async ({ page }) => {
  await page.goto('/register');
  await expect(field(page, 'username')).toHaveAttribute('autocomplete', 'username');
  await expect(field(page, 'email')).toHaveAttribute('autocomplete', 'email');
  await expect(field(page, 'password')).toHaveAttribute('autocomplete', 'new-password');
  await page.goto('/login');
  await expect(field(page, 'login')).toHaveAttribute('autocomplete', 'username');
  await expect(field(page, 'password')).toHaveAttribute('autocomplete', 'current-password');
});

test('mistakes are told beside their fields, and the first one gets the focus', async ({ page }) => {
  await page.goto('/register');
  await submit(page).click();
  await expect(field(page, 'username')).toBeFocused();
  expect(await described(field(page, 'username'))).toContain('Choose a user name.');
  await field(page, 'username').fill('Ann-');
  await field(page, 'email').fill('nonsense');
  await field(page, 'password').fill('short');
  await submit(page).click();
  await expect(field(page, 'username')).toBeFocused();
  await expect(field(page, 'username')).toHaveAttribute('aria-invalid', 'true');
  expect(await described(field(page, 'email'))).toContain('something@example.org');
  expect(await described(field(page, 'password'))).toContain('At least 8 characters');
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'register-mistakes', { fullPage: true });
  await field(page, 'username').fill(unique());
  await expect(field(page, 'username')).not.toHaveAttribute('aria-invalid', 'true');
});

test('a taken name, a kept one and a common password are told by the server at once', async ({ page, context }) => {
  page.allow(/status of (409|422)/);
  const other = await context.browser().newContext();
  const name = await join(await other.newPage());
  await other.close();
  await page.goto('/register');
  await field(page, 'username').fill(name);
  await field(page, 'password').fill(PASSWORD);
  await submit(page).click();
  await expect(page.getByText('This name is taken.')).toBeVisible();
  await expect(field(page, 'username')).toBeFocused();
  await field(page, 'username').fill('admin');
  await submit(page).click();
  await expect(page.getByText('This name is kept for the site itself.')).toBeVisible();
  await field(page, 'username').fill(unique());
  await field(page, 'password').fill('qwertyuiop');
  await submit(page).click();
  await expect(page.getByText(/among the first that anybody would guess/)).toBeVisible();
  await expect(field(page, 'password')).toBeFocused();
});

test('two presses make one account', async ({ page }) => {
  let sent = 0;
  await page.route('**/api/v1/users', async (route) => {
    sent++;
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue();
  });
  await page.goto('/register');
  await field(page, 'username').fill(unique());
  await field(page, 'password').fill(PASSWORD);
  await submit(page).dblclick();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/^Welcome, /)).toBeVisible();
  expect(sent).toBe(1);
});

test('signing out and in again, by name and with a wrong password before', async ({ page }) => {
  page.allow(/status of 401/);
  await page.goto('/');
  const name = await join(page);
  await page.reload();
  await menu(page).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('header').getByRole('link', { name: 'Sign in' }).click();
  await field(page, 'login').fill(name);
  await field(page, 'password').fill('something else');
  await submit(page).click();
  await expect(page.getByText('That name and password do not go together.')).toBeVisible();
  await expect(field(page, 'password')).toBeFocused();
  await field(page, 'login').fill(unique('nobody'));
  await submit(page).click();
  await expect(page.getByText('That name and password do not go together.')).toBeVisible();
  await field(page, 'login').fill(name);
  await field(page, 'password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(menu(page)).toBeVisible();
  await expect(page).toHaveURL(/\/$/);
});

for (const [asked, reached] of [['/settings', '/settings'], ['//evil.example/x', '/'], ['/.//evil.example', '/'], ['https://evil.example/', '/'], ['/login', '/'], ['/p/taste/figlet?x=1', '/p/taste/figlet?x=1']]) {
  test(`signing in with return_to=${asked} leads to ${reached}`, async ({ page, context, baseURL }) => {
    const other = await context.browser().newContext();
    const name = await join(await other.newPage());
    await other.close();
    await page.goto(`/login?return_to=${encodeURIComponent(asked)}`);
    await field(page, 'login').fill(name);
    await field(page, 'password').fill(PASSWORD);
    await submit(page).click();
    await expect(menu(page)).toBeVisible();
    await expect(page).toHaveURL(new URL(reached, baseURL).href);
  });
}

test('too many tries are counted down, then it goes on', async ({ page }) => {
  page.allow(/status of 429/);
  let refused = 0;
  await page.route('**/api/v1/session', (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    refused++;
    return route.fulfill({ status: 429, headers: { 'retry-after': '4', 'content-type': 'application/problem+json' }, body: '{"status":429,"code":"too_many","detail":"later"}' });
  });
  await page.goto('/login');
  await field(page, 'login').fill('somebody');
  await field(page, 'password').fill('something');
  await submit(page).click();
  await expect(page.getByText(/You can go on in 0:0\d/)).toBeVisible();
  await expect(submit(page)).toHaveAttribute('aria-disabled', 'true');
  await submit(page).click({ force: true });
  expect(refused).toBe(1);
  await expect(page.getByText(/You can go on in/)).toBeHidden();
  await expect(submit(page)).toHaveAttribute('aria-disabled', 'false');
  await submit(page).click();
  await expect.poll(() => refused).toBe(2);
});

test('a guest’s running sandbox comes along', async ({ page }) => {
  await tryIt(page);
  await page.getByRole('link', { name: 'Sign in' }).first().click();
  await expect(page.getByText(`${PROJECT.split('/')[1]} keeps running and comes along with you.`)).toBeVisible();
  await page.getByRole('link', { name: 'Make an account' }).click();
  await field(page, 'username').fill(unique());
  await field(page, 'password').fill(PASSWORD);
  await submit(page).click();
  await expect(page).toHaveURL(new RegExp(`/p/${PROJECT}$`));
  await expect(page.locator('.panel')).toHaveAttribute('data-phase', 'running');
  const session = await (await call(page, 'GET', '/session')).json();
  expect(session.sandbox?.project).toBe(PROJECT);
});

test('a sign-in that failed elsewhere is explained', async ({ page }) => {
  for (const [code, text] of [['denied', 'so nothing was done'], ['email_taken', 'has this e-mail address already'], ['provider_down', 'does not answer right now'], ['nonsense', 'Something unexpected']]) {
    await page.goto(`/login?error=${code}&provider=github`);
    await expect(page.getByRole('alert')).toContainText(text);
  }
  await shot(page, 'login-error');
  expect(await accessibility(page)).toEqual([]);
});

test('the menu opens and closes by keyboard', async ({ page }) => {
  await page.goto('/');
  const name = await join(page);
  await page.reload();
  await menu(page).focus();
  await page.keyboard.press('Enter');
  await expect(menu(page)).toHaveAttribute('aria-expanded', 'true');
  await expect(page.getByRole('link', { name: new RegExp(name) })).toBeVisible();
  for (const item of ['My containers', 'My projects', 'Liked', 'Settings']) await expect(page.locator('#account-menu').getByRole('link', { name: item })).toBeVisible();
  await expect(page.locator('#account-menu').getByRole('link', { name: 'Administration' })).toHaveCount(0);
  expect(await accessibility(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(page.locator('#account-menu')).toHaveCount(0);
  await expect(menu(page)).toBeFocused();
});

test('a page for people who are signed in asks kindly, and comes back', async ({ page, context }) => {
  const other = await context.browser().newContext();
  const name = await join(await other.newPage());
  await other.close();
  await page.goto('/settings');
  await expect(page.getByText('Sign in to see this')).toBeVisible();
  await page.locator('main').getByRole('link', { name: 'Sign in' }).click();
  await field(page, 'login').fill(name);
  await field(page, 'password').fill(PASSWORD);
  await submit(page).click();
  await expect(page).toHaveURL(/\/settings$/);
  await expect(page.getByRole('heading', { name: 'Profile' })).toBeVisible();
});

test('everybody has a page of their own', async ({ page }) => {
  page.allow(/status of 404/);
  await page.goto('/');
  const name = await join(page);
  expect((await call(page, 'PATCH', '/users/me', { display_name: 'Ann <b>Lee</b>', bio: 'Makes small tools.\nLikes terminals.', homepage: 'https://example.org/ann' })).status()).toBe(200);
  await page.goto(`/u/${name}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ann <b>Lee</b>');
  await expect(page.getByText('Makes small tools.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'example.org/ann' })).toHaveAttribute('rel', /nofollow/);
  await expect(page.getByText('You have not published anything yet.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Change your profile' })).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'user');
  await page.goto('/u/there-is-nobody-like-that');
  await expect(page.getByText('There is nobody with this name.')).toBeVisible();
});

for (const path of ['/login', '/register', '/login?error=denied&provider=github']) {
  for (const [locale, scheme] of [['en-US', 'light'], ['en-US', 'dark'], ['ko-KR', 'light'], ['ko-KR', 'dark']]) {
    test.describe(`${path} in ${locale}, ${scheme}`, () => {
      test.use({ locale });
      test('axe finds nothing serious, and nothing moves', async ({ page }) => {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await page.goto(path);
        await expect(field(page, 'password')).toBeVisible();
        await page.waitForLoadState('networkidle');
        expect(await accessibility(page)).toEqual([]);
        expect(await layoutShift(page)).toBeLessThan(0.05);
      });
    });
  }
}

test.describe('a small phone', () => {
  test.use({ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, locale: 'ko-KR' });
  for (const path of ['/login?error=bad_token&provider=google', '/register', '/u/nobody-at-all', '/settings']) {
    test(`${path} needs no sideways scrolling`, async ({ page }) => {
      page.allow(/status of 404/);
      await page.goto(path);
      await expect(page.getByRole('heading').first()).toBeVisible();
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
      await shot(page, `phone-320-korean${path.split('?')[0].replace(/\W+/g, '-')}`, { fullPage: true });
    });
  }
  test('the menu holds what the bar has no room for', async ({ page }) => {
    await page.goto('/');
    await page.getByRole('button', { name: '메뉴' }).click();
    await expect(page.locator('#account-menu').getByRole('link', { name: '회원 가입' })).toBeVisible();
    await page.locator('#account-menu').getByRole('button', { name: 'en' }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  });
});
