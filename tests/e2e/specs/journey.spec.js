// One person's way through it all: in by a provider, out by withdrawal. Needs a provider (TTOB_PROVIDER) beside the platform.
import { expect, screenText, shot, test, type } from '../lib/site.js';
import { call, join } from '../lib/people.js';

const PROVIDER = process.env.TTOB_PROVIDER;
const api = async (page, path) => (await call(page, 'GET', path)).json();

async function signInByProvider(page) {
  await page.goto('/');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: /ACME/ }).click();
  await page.getByRole('button', { name: 'Sign in as 한글', exact: true }).click();
  await page.waitForURL(/\/$/);
  return (await api(page, '/session')).user.username;
}

test.describe('a person', () => {
  test.skip(process.env.TTOB_E2E_MOCK === '1', 'the pretend API has no provider');

  test('signs in, searches in Korean, tries, likes, comments, is recommended something, takes a badge along and withdraws', async ({ page, browser }) => {
    test.setTimeout(180_000);
    page.allow(/404/); // the provider has no picture for the tab
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const username = await signInByProvider(page);
    const say = `맛있어요 ${Date.now().toString(36)}`;

    // Search in Korean, by a part of a word and by the category's name.
    await page.getByRole('button', { name: 'ko', exact: true }).click();
    await page.getByRole('combobox', { name: '프로젝트 검색' }).fill('데이터베이스');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/projects\?q=/);
    for (const name of ['sqlite', 'redis']) await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
    await shot(page, 'journey-search-ko');

    // Try.
    await page.getByRole('article').filter({ hasText: 'sqlite' }).getByRole('link', { name: /써 보기/ }).click();
    await expect(page).toHaveURL(/\/p\/taste\/sqlite/);
    await expect.poll(() => screenText(page)).toMatch(/(sqlite>|[$#]) *$/m);
    if (!/sqlite>/.test(await screenText(page))) await type(page, 'sqlite3');
    await type(page, "select '한글 ' || (41 + 1);");
    await expect.poll(() => screenText(page)).toMatch(/^한글 42$/m);
    await shot(page, 'journey-try-ko');
    await page.getByRole('button', { name: 'en', exact: true }).click();

    // Like and comment.
    await page.getByRole('button', { name: /^Like/ }).click();
    await expect(page.getByRole('button', { name: /^Like/ })).toHaveAttribute('aria-pressed', 'true');
    const comments = page.locator('#comments');
    await comments.scrollIntoViewIfNeeded();
    await comments.getByRole('textbox', { name: 'Your comment' }).fill(say);
    await comments.getByRole('button', { name: 'Comment', exact: true }).click();
    await expect(comments.getByRole('article').filter({ hasText: say })).toContainText('김한글');

    // A badge that shows on a page of another site.
    await page.getByRole('button', { name: 'Badge' }).click();
    await page.getByRole('button', { name: 'Copy the Markdown code' }).click();
    const markdown = await page.evaluate(() => navigator.clipboard.readText());
    const [, alt, image, link] = markdown.match(/^\[!\[(.*)\]\((.*)\)\]\((.*)\)$/);
    expect(alt).toContain('sqlite');
    const readme = await (await browser.newContext()).newPage();
    await readme.setContent(`<h1>my project</h1><a href="${link}"><img alt="${alt}" src="${image}"></a>`);
    await expect.poll(() => readme.evaluate(() => document.images[0].naturalWidth)).toBeGreaterThan(80);
    await readme.getByRole('link').click();
    await expect(readme).toHaveURL(/\/p\/taste\/sqlite/);
    await readme.context().close();
    await page.keyboard.press('Escape');

    // The history, and what follows from it: another database comes first.
    await call(page, 'DELETE', `/sandboxes/${(await api(page, '/sandboxes')).items[0].id}`);
    await page.goto('/me/containers');
    await expect(page.getByText('sqlite').first()).toBeVisible();
    await expect.poll(async () => (await api(page, '/recommendations')).items[0].full_name).toBe('taste/redis');
    await page.goto('/');
    const liked = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Open sources you may like' }) });
    await expect(liked.getByRole('article').first()).toContainText('redis');
    await shot(page, 'journey-recommended', { fullPage: true });

    // Withdraw: the person is gone, the comment stays without a name.
    await page.goto('/settings');
    await page.getByRole('button', { name: 'Withdraw…' }).click();
    await page.getByLabel(`Type ${username} to confirm`).fill(username);
    await shot(page, 'journey-withdraw');
    await page.getByRole('button', { name: 'Withdraw for good' }).click();
    await expect(page.getByText('Your account is gone.')).toBeVisible();
    expect((await call(page, 'GET', '/session')).status()).toBe(401);
    expect((await call(page, 'GET', `/users/${username}`)).status()).toBe(404);
    const left = (await api(page, '/projects/taste/sqlite/comments?per_page=100')).items.find((item) => item.body === say);
    expect(left.author).toBeNull();
    await page.goto('/p/taste/sqlite');
    await comments.scrollIntoViewIfNeeded();
    await expect(comments.getByRole('article').filter({ hasText: say })).toContainText('withdrawn');
  });
});

test('a guest who registers keeps what runs', async ({ page }) => {
  const first = await call(page, 'POST', '/sandboxes', { project: 'taste/figlet' });
  expect(first.status()).toBe(201);
  const { id } = await first.json();
  await join(page, 'keeper');
  const { items } = await api(page, '/sandboxes');
  expect(items[0]).toMatchObject({ id, state: 'running' });
});
