import { call, comeBack, hasAdmin, join, signIn } from '../lib/people.js';
import { accessibility, expect, PROJECT, shot, test } from '../lib/site.js';

const name = PROJECT.split('/')[1];
const mock = process.env.TTOB_E2E_MOCK === '1';
const comments = (page) => page.locator('#comments');
const box = (page) => comments(page).getByRole('textbox', { name: 'Your comment' });
const one = (page, text) => comments(page).getByRole('article').filter({ hasText: text });
const likeButton = (page) => page.getByRole('button', { name: /^Like/ });
const likes = (page) => page.request.get(`/api/v1/projects/${PROJECT}`).then((answer) => answer.json()).then((whole) => whole.likes);
const onServer = async (page, text) => (await (await call(page, 'GET', `/projects/${PROJECT}/comments?per_page=100`)).json()).items.some((item) => item.body.includes(text));

async function open(page) {
  await page.goto(`/p/${PROJECT}`);
  await comments(page).scrollIntoViewIfNeeded();
}

async function say(page, text, more = '') {
  await open(page);
  await box(page).fill(text + more);
  await comments(page).getByRole('button', { name: 'Comment', exact: true }).click();
  await expect(one(page, text)).toBeVisible();
}

/** Texts that no other run has written. */
const unique = (text) => `${text} ${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;

test('a guest is led to sign in, and back', async ({ page }) => {
  await open(page);
  await expect(page.getByRole('link', { name: /^Like/ })).toHaveAttribute('href', `/login?return_to=${encodeURIComponent(`/p/${PROJECT}`)}`);
  await expect(comments(page).getByText('Sign in to say something.')).toBeVisible();
  await expect(box(page)).toHaveCount(0);
  await shot(page, 'comments-guest');
  await comments(page).getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/login\?return_to=/);
});

test('a like shows at once, stays, and is taken back', async ({ page }) => {
  await join(page);
  await page.goto(`/p/${PROJECT}`);
  const before = await likes(page);
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'false');
  await likeButton(page).click();
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(() => likes(page)).toBe(before + 1);
  await page.reload();
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'true');
  await page.goto('/me/likes');
  await expect(page.getByRole('article').getByRole('heading', { name, exact: true })).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'likes');
  await page.getByRole('button', { name: `Take ${name} off your likes` }).click();
  await expect(page.getByText('Nothing here yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('article')).toHaveCount(1);
  await page.goto(`/p/${PROJECT}`);
  await likeButton(page).focus();
  await page.keyboard.press('Space');
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(() => likes(page)).toBe(before);
});

test('a like that did not arrive is undone, and says so', async ({ page }) => {
  page.allow(/status of 500/);
  await join(page);
  await page.goto(`/p/${PROJECT}`);
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'false');
  await page.route('**/like', (route) => (route.request().method() === 'PUT' ? route.fulfill({ status: 500, body: '{}' }) : route.continue()));
  await likeButton(page).click();
  await expect(page.getByText('Your like could not be kept. Try again.')).toBeVisible();
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'false');
});

test('pressing often ends as it was pressed last', async ({ page }) => {
  await join(page);
  await page.goto(`/p/${PROJECT}`);
  const before = await likes(page);
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'false');
  for (let i = 0; i < 5; i++) await likeButton(page).click();
  await expect.poll(() => likes(page)).toBe(before + 1);
  await expect(likeButton(page)).toHaveAttribute('aria-pressed', 'true');
  await likeButton(page).click();
  await expect.poll(() => likes(page)).toBe(before);
});

test('a comment is written, mended, deleted, and comes back by Undo', async ({ page }) => {
  await join(page);
  const text = unique('Tastes good');
  await say(page, text, ' **really** `so`');
  await expect(one(page, text).locator('strong')).toHaveText('really');
  await expect(one(page, text).locator('code')).toHaveText('so');
  await expect(box(page)).toHaveValue('');
  await one(page, text).getByRole('button', { name: 'Edit' }).click();
  const editor = comments(page).getByRole('textbox', { name: 'Edit your comment' });
  await expect(editor).toBeFocused();
  await editor.fill(`${text} and salty`);
  await page.keyboard.press('Control+Enter');
  await expect(one(page, `${text} and salty`)).toContainText('edited');
  await one(page, text).getByRole('button', { name: 'Delete' }).click();
  await expect(one(page, text)).toHaveCount(0);
  expect(await onServer(page, text)).toBe(true);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(one(page, text)).toBeVisible();
  await page.waitForTimeout(300);
  expect(await onServer(page, text)).toBe(true);
  // By keyboard the focus goes to Undo; closing the remark deletes for good.
  await one(page, text).getByRole('button', { name: 'Delete' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
  await shot(page, 'comment-deleted');
  await page.getByRole('button', { name: 'Close this message' }).last().click();
  await expect.poll(() => onServer(page, text)).toBe(false);
});

test('what was deleted is gone also when the page is left at once', async ({ page }) => {
  await join(page);
  const text = unique('Soon gone');
  await say(page, text);
  await one(page, text).getByRole('button', { name: 'Delete' }).click();
  await page.goto('/about');
  await expect.poll(() => onServer(page, text)).toBe(false);
});

test('a draft survives a reload, and what could not be sent stays', async ({ page }) => {
  page.allow(/status of (429|500)/);
  await join(page);
  const text = unique('Half a thought');
  await open(page);
  await box(page).fill(text);
  await page.reload();
  await comments(page).scrollIntoViewIfNeeded();
  await expect(box(page)).toHaveValue(text);
  await page.route('**/comments', (route) => (route.request().method() === 'POST' ? route.fulfill({ status: 429, headers: { 'retry-after': '120' }, body: '{}' }) : route.continue()));
  await comments(page).getByRole('button', { name: 'Comment', exact: true }).click();
  await expect(comments(page).getByText('send it again in 2 minutes')).toBeVisible();
  await expect(box(page)).toHaveValue(text);
  expect(await accessibility(page)).toEqual([]);
  await page.unroute('**/comments');
  await comments(page).getByRole('button', { name: 'Comment', exact: true }).click();
  await expect(one(page, text)).toBeVisible();
  await page.reload();
  await comments(page).scrollIntoViewIfNeeded();
  await expect(box(page)).toHaveValue('');
});

test('hostile comments stay words, and too long ones are not sent', async ({ page }) => {
  await join(page);
  const text = unique('evil');
  await say(page, text, ` <img src=x onerror="window.hit=1"> <script>window.hit=1</script> [x](javascript:window.hit=1)`);
  expect(await page.evaluate(() => window.hit)).toBeUndefined();
  await expect(one(page, text).locator('script, [onerror], a[href^="javascript:"]')).toHaveCount(0);
  await box(page).fill('가'.repeat(4001));
  await expect(comments(page).getByText('1 character too many')).toBeVisible();
  await expect(comments(page).getByRole('button', { name: 'Comment', exact: true })).toBeDisabled();
});

test('older comments come page by page, none twice', async ({ page }) => {
  // More than one person may write in so short a time.
  for (let person = 0; !mock && person < 3; person++) {
    await join(page);
    for (let i = 0; i < 8; i++) expect((await call(page, 'POST', `/projects/${PROJECT}/comments`, { body: unique('One of many') })).status()).toBe(201);
  }
  await open(page);
  await expect(comments(page).getByRole('article')).toHaveCount(20);
  await comments(page).getByRole('button', { name: /^Older comments/ }).click();
  await expect.poll(() => comments(page).getByRole('article').count()).toBeGreaterThan(20);
  const ids = await comments(page).getByRole('article').evaluateAll((items) => items.map((item) => item.id));
  expect(new Set(ids).size).toBe(ids.length);
  if (mock) await expect(comments(page).getByText('withdrawn user').first()).toBeVisible();
});

test('an administrator hides a comment, and shows it again', async ({ page, browser }) => {
  test.skip(!hasAdmin, 'TTOB_E2E_ADMIN is not set');
  const writer = await join(page);
  const text = unique('Rude words');
  await say(page, text);
  await signIn(page);
  await open(page);
  await one(page, text).getByRole('button', { name: 'Hide' }).click();
  await expect(one(page, text)).toContainText('Hidden by an administrator');
  await shot(page, 'comment-hidden');
  expect(await accessibility(page)).toEqual([]);
  const guest = await browser.newContext({ baseURL: new URL(page.url()).origin });
  const other = await guest.newPage();
  await open(other);
  await expect(comments(other).getByText('Sign in to say something.')).toBeVisible();
  await other.waitForLoadState('networkidle');
  await expect(one(other, text)).toHaveCount(0);
  await guest.close();
  await one(page, text).getByRole('button', { name: 'Show again' }).click();
  await expect(one(page, text)).not.toContainText('Hidden by');
  await comeBack(page, writer);
});

test('badge: preview, options, and code to copy', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`/p/${PROJECT}`);
  const opener = page.getByRole('button', { name: 'Badge' });
  await opener.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Badge' });
  await expect(dialog).toBeVisible();
  const image = dialog.getByRole('img');
  await expect.poll(() => image.evaluate((node) => node.naturalWidth)).toBeGreaterThan(20);
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('combobox').selectOption('dark');
  await expect(image).toHaveAttribute('src', `/badge/${PROJECT}.svg?tries=1&theme=dark`);
  await expect.poll(() => image.evaluate((node) => node.complete && node.naturalWidth)).toBeGreaterThan(20);
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'badge');
  const { origin } = new URL(page.url());
  for (const [format, start] of [['Markdown', `[![Try ${name} on browser](${origin}/badge/`], ['HTML', `<a href="${origin}/p/`], ['reStructuredText', '.. image:: '], ['AsciiDoc', 'image:']]) {
    await dialog.getByRole('button', { name: `Copy the ${format} code` }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(start);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(opener).toBeFocused();
});

test('embed: code for everybody, sites for the author only', async ({ page }) => {
  await page.goto(`/p/${PROJECT}`);
  await page.getByRole('button', { name: 'More about this project' }).click();
  await page.getByRole('button', { name: 'Embed in your site' }).click();
  const dialog = page.getByRole('dialog', { name: 'Embed in your site' });
  await expect(dialog).toContainText(`/embed/${PROJECT}`);
  await expect(dialog.getByRole('textbox')).toHaveCount(0);
  await expect(dialog).toContainText('can add sites');
  if (!hasAdmin) return;
  await signIn(page);
  await page.reload();
  await page.getByRole('button', { name: 'More about this project' }).click();
  await expect(page.getByRole('link', { name: 'Statistics' })).toBeVisible();
  await page.getByRole('button', { name: 'Embed in your site' }).click();
  const sites = dialog.getByRole('textbox');
  await sites.fill('https://blog.example.org/with/a/path');
  await dialog.getByRole('button', { name: 'Save the sites' }).click();
  await expect(dialog.getByRole('alert')).toContainText('is not the address of a site');
  await expect(sites).toBeFocused();
  expect(await accessibility(page)).toEqual([]);
  await sites.fill('https://blog.example.org\nhttps://docs.example.org:8443');
  await shot(page, 'embed');
  await dialog.getByRole('button', { name: 'Save the sites' }).click();
  await expect(page.getByText('Saved. It may take a minute')).toBeVisible();
  await expect(dialog).toHaveCount(0);
  const whole = await (await call(page, 'GET', `/projects/${PROJECT}`)).json();
  if (!mock) expect(whole.embed_origins).toEqual(['https://blog.example.org', 'https://docs.example.org:8443']);
  await call(page, 'PATCH', `/projects/${PROJECT}`, { embed_origins: [] });
});

test('a guest reports a project', async ({ page }) => {
  await page.goto(`/p/${PROJECT}`);
  const more = page.getByRole('button', { name: 'More about this project' });
  await more.click();
  await page.keyboard.press('Escape');
  await expect(more).toBeFocused();
  await expect(more).toHaveAttribute('aria-expanded', 'false');
  await more.click();
  await page.getByRole('button', { name: 'Report' }).click();
  const dialog = page.getByRole('dialog', { name: `Report ${name}` });
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByRole('radio', { name: 'It does not work' }).check();
  await dialog.getByRole('textbox').fill('The first example prints nothing. 한글도 됩니다.');
  await shot(page, 'report');
  await dialog.getByRole('button', { name: 'Send the report' }).click();
  await expect(page.getByText('Thank you. An administrator will look at it.')).toBeVisible();
  await expect(dialog).toHaveCount(0);
});

test('share copies the address', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`/p/${PROJECT}`);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByText('Address copied')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(new RegExp(`^http.*/p/${PROJECT}$`));
});

for (const [locale, scheme] of [['en-US', 'dark'], ['ko-KR', 'light'], ['ko-KR', 'dark']]) {
  test.describe(`${locale}, ${scheme}`, () => {
    test.use({ locale, viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true });
    test('comments and dialogs fit a small phone, and axe finds nothing serious', async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await join(page);
      await open(page);
      await expect(comments(page).getByRole('textbox')).toBeVisible();
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
      expect(await accessibility(page)).toEqual([]);
      await shot(page, `comments-${locale}-${scheme}`);
      await page.getByRole('button', { name: /^(Badge|배지)$/ }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await accessibility(page)).toEqual([]);
      expect(await page.getByRole('dialog').evaluate((node) => node.scrollWidth <= node.clientWidth)).toBe(true);
      await shot(page, `badge-${locale}-${scheme}`);
    });
  });
}
