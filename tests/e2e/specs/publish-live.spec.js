// A bare shell on a base, set up by hand on the page for new projects, and saved as a project; and images that need a password.
import { call, join } from '../lib/people.js';
import { accessibility, atPrompt, expect, sees, shot, test, type } from '../lib/site.js';

const MINUTES = 60_000;
const mock = process.env.TTOB_E2E_MOCK === '1';
let serial = 0;
const fresh = (prefix) => `${prefix}-${Date.now().toString(36)}${(++serial).toString(36)}`;

async function begin(page, address = '/new') {
  await page.goto('/');
  const username = await join(page, 'cook');
  await page.goto(address);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Create a new project');
  return username;
}

/** The terminal in the form, at its prompt. */
async function start(page) {
  await page.getByRole('tab', { name: 'Live terminal' }).click();
  await page.getByRole('button', { name: 'Start it' }).click();
  await expect(page.locator('section.panel')).toHaveAttribute('data-phase', 'running', { timeout: MINUTES });
  await atPrompt(page);
}

test('a bare base is set up by hand, saved, and tried', async ({ page }) => {
  test.skip(mock, 'needs a platform');
  test.setTimeout(6 * MINUTES);
  const username = await begin(page);
  await start(page);
  await type(page, "printf '#!/bin/sh\\necho lemon-$((40+2))\\n' >/usr/local/bin/taste-it && chmod +x /usr/local/bin/taste-it && echo made-$?");
  await sees(page, /^made-0$/);
  await shot(page, 'live-terminal');
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save as project' }).click();
  await expect(page.getByRole('heading', { name: /About it/ })).toBeFocused();
  const name = fresh('lemon');
  await page.locator('[name="name"]').fill(name);
  await page.locator('[name="category"]').selectOption('fun');
  await page.locator('[name="summary"]').fill('Tastes of lemon');
  await page.getByText('More: how it runs').click();
  await page.locator('[name="smoke"]').fill('taste-it | grep lemon-42');
  await page.getByRole('button', { name: 'Build and publish' }).click();
  await expect(page.getByRole('heading', { name: `${name} is published` })).toBeFocused({ timeout: 5 * MINUTES });
  await page.getByRole('link', { name: 'Try it' }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${username}/${name}`));
  // The one on the base runs still: it makes place.
  await page.getByRole('dialog').getByRole('button', { name: /^End it and try/ }).click();
  await expect(page.locator('section.panel')).toHaveAttribute('data-phase', 'running');
  await atPrompt(page);
  await type(page, 'taste-it');
  await sees(page, /^lemon-42$/);
});

test('it is there again after a reload, and is the one that one may have', async ({ page }) => {
  test.setTimeout(2 * MINUTES);
  await begin(page);
  await start(page);
  await page.reload();
  await page.getByRole('tab', { name: 'Live terminal' }).click();
  await expect(page.locator('section.panel')).toHaveAttribute('data-phase', 'running');
  await expect(page.getByRole('button', { name: 'Save as project' })).toBeVisible();
  await page.goto('/projects');
  await page.getByRole('banner').getByRole('link', { name: /Debian 12/ }).click();
  await expect(page).toHaveURL(/\/new\?way=sandbox$/);
  await expect(page.getByRole('tab', { name: 'Live terminal' })).toHaveAttribute('aria-selected', 'true');
  await page.goto('/me/containers');
  await expect(page.getByText('Debian 12 (bookworm)').first()).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await page.goto('/p/taste/figlet?try');
  await expect(page.getByRole('dialog')).toContainText('Debian 12 (bookworm)');
  await page.getByRole('dialog').getByRole('button', { name: /figlet/ }).click();
  await expect(page.locator('section.panel')).toHaveAttribute('data-phase', 'running');
  await page.goto('/me/containers');
  await expect(page.locator('main').getByText('Debian 12 (bookworm)')).toBeVisible();
  await expect(page.locator('main').getByRole('link', { name: 'Debian 12 (bookworm)', exact: true })).toHaveCount(0);
});

test('buttons of the terminal do not send the form', async ({ page }) => {
  await begin(page);
  await start(page);
  await page.getByRole('button', { name: 'Another shell' }).or(page.locator('.panel .tools .icon').first()).first().click();
  await expect(page.locator('.panel [role="tab"]')).toHaveCount(2);
  await expect(page.locator('[aria-invalid="true"]')).toHaveCount(0);
  await page.locator('.panel .tool.end').click();
  await expect(page.locator('section.panel')).toHaveAttribute('data-phase', 'ended');
  await expect(page.getByRole('button', { name: 'Start it' })).toBeVisible();
  await expect(page.locator('[aria-invalid="true"]')).toHaveCount(0);
});

test('an image may need a name and a password', async ({ page }) => {
  test.skip(mock, 'needs a platform');
  test.setTimeout(3 * MINUTES);
  const username = await begin(page);
  await page.getByRole('tab', { name: 'Image' }).click();
  await page.getByLabel('It needs a name and a password').check();
  const password = page.locator('[name="source.password"]');
  await expect(page.locator('[name="source.username"]')).toHaveAttribute('autocomplete', 'off');
  await expect(password).toHaveAttribute('autocomplete', 'off');
  await page.locator('[name="source.reference"]').fill('lab/tool:1');
  await page.locator('[name="source.username"]').fill('robot$lab');
  await password.fill('tiny-purple-elephants');
  const name = fresh('private');
  await page.locator('[name="name"]').fill(name);
  await page.locator('[name="category"]').selectOption('fun');
  await page.locator('[name="summary"]').fill('Not public');
  await page.getByRole('button', { name: 'Build and publish' }).click();
  await expect(page.getByText('With a password, begin with the name of the registry')).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'image-password', { fullPage: true });
  // Nothing listens there: what counts is what is kept.
  await page.locator('[name="source.reference"]').fill('registry.invalid/lab/tool:1');
  await page.getByRole('button', { name: 'Build and publish' }).click();
  await expect(page.locator('[data-build="failed"]').first()).toBeVisible({ timeout: 2 * MINUTES });
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('tiny-purple-elephants');
  const source = await call(page, 'GET', `/api/v1/projects/${username}/${name}/source`);
  expect(JSON.stringify(source)).not.toContain('tiny-purple-elephants');
  await page.goto(`/me/projects/${username}/${name}/edit`);
  await expect(page.getByText('The password of robot$lab is kept, encrypted.')).toBeVisible();
  await shot(page, 'password-kept', { fullPage: true });
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(page.getByText('The next build goes without a password')).toBeVisible();
  await page.getByRole('button', { name: 'Keep what is there' }).click();
  await page.getByRole('button', { name: 'Replace it' }).click();
  await expect(page.locator('[name="source.password"]')).toHaveValue('');
  await expect(page.locator('[name="source.username"]')).toHaveValue('robot$lab');
  expect(await accessibility(page)).toEqual([]);
});
