// From a script to something that others try, through the pages.
import { call, join } from '../lib/people.js';
import { accessibility, expect, layoutShift, screenText, shot, test } from '../lib/site.js';

const MINUTES = 60_000;
/** The pretend API builds nothing and looks into no picture. */
const pretend = process.env.TTOB_E2E_MOCK === '1';
let serial = 0;
const fresh = (prefix) => `${prefix}-${Date.now().toString(36)}${(++serial).toString(36)}`;
const step = (page, name) => page.getByRole('region', { name: new RegExp(`^\\d?${name}`) });
const editor = (page, label) => page.getByRole('textbox', { name: new RegExp(`^${label}`) });

async function write(page, label, text) {
  await editor(page, label).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(text);
}

async function begin(page) {
  await page.goto('/');
  const username = await join(page, 'cook');
  await page.goto('/new');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Create a new project');
  return username;
}

async function describe(page, name) {
  await page.locator('[name="name"]').fill(name);
  await page.locator('[name="category"]').selectOption('fun');
  await page.locator('[name="summary"]').fill('A cow that says what you tell it');
}

/** Waits for the end of the build on show, whichever it is: what went wrong is told at once. */
async function ended(page, state = 'succeeded') {
  const watch = page.locator('[data-build]');
  await expect(watch).toHaveAttribute('data-build', /succeeded|failed|cancelled/, { timeout: 8 * MINUTES });
  expect(await watch.getAttribute('data-build'), await watch.innerText()).toBe(state);
}

const section = (page, name) => page.getByRole('region', { name, exact: true });

/** Somebody new with a project whose build goes on, or is called off when nothing is to come of it. */
async function sent(page, script, off = true, more = {}) {
  await page.goto('/');
  const username = await join(page, 'cook');
  const name = fresh('sent');
  const answer = await call(page, 'POST', '/projects', { name, summary: 'Before', category: 'fun', ...more, source: { kind: 'script', base: 'debian:bookworm', script } });
  expect(answer.status(), await answer.text()).toBe(202);
  const { build } = await answer.json();
  if (off) await call(page, 'POST', `/builds/${build.id}/cancel`, {});
  return { username, name, build };
}

/** The same, built. */
async function published(page, script, more = {}) {
  const made = await sent(page, script, false, more);
  await page.goto(`/builds/${made.build.id}`);
  await ended(page);
  return made;
}

test('a guest signs in and comes right back', async ({ page }) => {
  await page.goto('/new');
  await expect(page.getByText('Projects belong to an account.')).toBeVisible();
  await expect(page.locator('main').getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/login?return_to=%2Fnew');
  expect(await accessibility(page)).toEqual([]);
});

test('a script becomes a project that can be tried', async ({ page }) => {
  test.setTimeout(10 * MINUTES);
  const username = await begin(page);
  const name = fresh('cowsay');
  await write(page, 'Installation script', 'apt-get update\napt-get install -y --no-install-recommends cowsay\n');
  await expect(page.getByLabel('The Dockerfile that it becomes')).toContainText('FROM');
  await describe(page, name);
  await page.getByText('More: how it runs').click();
  await page.locator('[name="smoke"]').fill('/usr/games/cowsay moo');
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('button', { name: 'Build and publish' }).click();
  await expect(step(page, `Building ${name}`).getByRole('log')).toBeVisible();
  await ended(page);
  await expect(page.getByRole('heading', { name: `${name} is published` })).toBeFocused();
  await expect(page.getByText(`/badge/${username}/${name}.svg`).first()).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'published', { fullPage: true });
  await page.getByRole('link', { name: 'Try it' }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${username}/${name}`));
  await expect.poll(() => screenText(page), { timeout: MINUTES }).toMatch(/[$#%>] *$/m);
});

test('a build that fails marks the line, and is mended where it was written', async ({ page }) => {
  test.setTimeout(10 * MINUTES);
  await begin(page);
  const name = fresh('mended');
  await write(page, 'Installation script', 'true\napt-get update\napt-get install -y tomcat99\n');
  await describe(page, name);
  await page.getByRole('button', { name: 'Build and publish' }).click();
  await ended(page, 'failed');
  const failed = await page.locator('[data-build]').getAttribute('data-id');
  await expect(page.getByText('The build stopped at line 3.').first()).toBeVisible();
  await expect(page.locator('.cm-failed')).toContainText('tomcat99');
  await page.getByRole('button', { name: 'Back to the editor' }).click();
  await write(page, 'Installation script', 'true\n');
  await page.reload();
  await expect(page.getByText('This is the draft that you left here.')).toBeVisible();
  await expect(editor(page, 'Installation script')).toHaveText('true');
  await page.getByRole('button', { name: 'Build it again' }).click();
  await expect(page.locator('[data-build]')).not.toHaveAttribute('data-id', failed);
  await ended(page);
});

test('what is wrong stands beside its field, and the first one has the focus', async ({ page }) => {
  page.allow(/status of (409|422)/);
  await begin(page);
  await page.getByRole('button', { name: 'Build and publish' }).click();
  const about = step(page, 'About it');
  await expect(about.getByText('This is needed.')).toHaveCount(2);
  await expect(about.getByText('Choose where it belongs.')).toBeVisible();
  await expect(editor(page, 'Installation script')).toBeFocused();
  await write(page, 'Installation script', 'true\n');
  await describe(page, 'Not A Name');
  await page.locator('[name="license"]').fill('my own');
  await page.getByRole('button', { name: 'Build and publish' }).click();
  await expect(about.getByText('Small letters and digits')).toBeVisible();
  await expect(about.getByText('Not an SPDX name or expression')).toBeVisible();
  await expect(page.locator('[name="name"]')).toBeFocused();
  expect(await accessibility(page)).toEqual([]);
});

test('the keyboard goes through the ways in', async ({ page }) => {
  await begin(page);
  await page.getByRole('tab', { name: 'Script' }).focus();
  for (const way of ['Dockerfile', 'Image', 'Git', 'Live terminal']) {
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('tab', { name: way })).toBeFocused();
    await expect(page.getByRole('tab', { name: way })).toHaveAttribute('aria-selected', 'true');
    expect(await accessibility(page)).toEqual([]);
  }
  await page.keyboard.press('ArrowRight');
  await expect(editor(page, 'Installation script')).toBeVisible();
  await editor(page, 'Installation script').focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  await expect(editor(page, 'Installation script')).not.toBeFocused();
});

test('a file that goes along is not lost by accident', async ({ page }) => {
  await begin(page);
  await page.getByRole('tab', { name: 'Dockerfile' }).click();
  await page.locator('[data-context="file"]').setInputFiles({ name: 'tool.tar.gz', mimeType: 'application/gzip', buffer: Buffer.from('x') });
  await expect(page.getByText('tool.tar.gz, 1 B, goes along.')).toBeVisible();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Projects', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page).toHaveURL(/\/new$/);
  await page.getByRole('button', { name: 'Leave it out' }).click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Projects', exact: true }).click();
  await expect(page).toHaveURL(/\/projects$/);
});

test('an author edits a project, builds a new version and chooses between versions', async ({ page }) => {
  test.setTimeout(15 * MINUTES);
  const { username, name } = await published(page, 'echo old\n', { homepage: 'https://example.org/', smoke: 'true' });
  await page.goto('/me/projects');
  const item = page.locator(`[data-project="${username}/${name}"]`);
  await expect(item.getByText('ready')).toBeVisible();
  await expect(item.getByText(/^verified/)).toBeVisible();
  await expect(page.locator('[data-quota="builds"]')).toContainText(/1 of \d+/);
  await page.getByRole('link', { name: `Edit: ${name}` }).click();
  const about = section(page, 'About it');
  await about.locator('[name="summary"]').fill('After');
  await about.getByText('More: how it runs').click();
  await about.locator('[name="homepage"]').fill('');
  await about.getByRole('button', { name: 'Save' }).click();
  await expect(about.getByText('Saved.')).toBeVisible();
  expect(await (await call(page, 'GET', `/projects/${username}/${name}`)).json()).toMatchObject({ summary: 'After', homepage: null });
  await expect(section(page, 'Builds').getByText('first build')).toBeVisible();
  await expect(section(page, 'Versions').getByText('current', { exact: true })).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await shot(page, 'edit', { fullPage: true });

  await expect(editor(page, 'Installation script')).toHaveText('echo old');
  await write(page, 'Installation script', 'echo new\n');
  await page.getByLabel('Name of the version').fill('a b');
  page.allow(/status of 422/);
  await page.getByRole('button', { name: 'Build this version' }).click();
  await expect(page.getByLabel('Name of the version')).toBeFocused();
  await page.getByLabel('Name of the version').fill('7.1');
  await page.getByRole('button', { name: 'Build this version' }).click();
  await expect(page).toHaveURL(/\/builds\//);
  await expect(page.getByText('new version')).toBeVisible();
  await ended(page);
  await expect(page.getByText('It ended with 0: all is well.')).toBeVisible();

  await page.getByRole('link', { name: 'Edit it' }).click();
  const versions = section(page, 'Versions');
  const rows = versions.getByRole('listitem');
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText('7.1current');
  await rows.last().getByRole('button', { name: /^Make .* current/ }).click();
  await expect(rows.last()).toContainText('current');
  await versions.getByRole('button', { name: 'Delete version 7.1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(rows).toHaveCount(1);
  expect((await (await call(page, 'GET', `/projects/${username}/${name}/versions`)).json()).items).toHaveLength(1);
});

test('an author takes a project off the lists, deletes it, brings it back and hands it over', async ({ page, browser }) => {
  page.allow(/status of (404|422)/);
  const { username, name } = await sent(page, 'sleep 300\n');
  const other = await browser.newPage();
  const heir = await join(other, 'heir');
  await other.close();
  await page.goto('/me/projects');
  const item = page.locator(`[data-project="${username}/${name}"]`);
  const act = async (what) => {
    await item.getByRole('button', { name: `More about ${name}` }).click();
    await item.getByRole('button', { name: what }).click();
  };
  const more = item.getByRole('button', { name: `More about ${name}` });
  await more.focus();
  await page.keyboard.press('Enter');
  expect(await accessibility(page)).toEqual([]);
  await page.keyboard.press('Tab');
  await expect(item.getByRole('link', { name: 'New version' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(more).toBeFocused();
  await act('Take off the lists');
  await expect(item.getByText('not listed')).toBeVisible();
  expect(await (await call(page, 'GET', `/projects/${username}/${name}`)).json()).toMatchObject({ visibility: 'unlisted' });
  await act('Show in the lists');
  await expect(item.getByText('not listed')).toBeHidden();

  await act('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(item).toBeHidden();
  await expect(page.getByText(/gone for good on/)).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(item).toBeVisible();
  await page.goto(`/me/projects/${username}/${name}/edit#delete`);
  await page.getByRole('button', { name: 'Delete this project' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/\/me\/projects$/);
  await page.getByRole('button', { name: `Restore ${name}` }).click();
  await expect(item).toBeVisible();

  await item.getByRole('link', { name: `Edit: ${name}` }).click();
  const keeping = section(page, 'Seen and kept fresh');
  await keeping.getByLabel('Only for those who have its address').check();
  await keeping.getByLabel('Rebuild by itself').selectOption('1');
  await keeping.getByLabel('Sites that may embed it').fill('nonsense');
  await keeping.getByRole('button', { name: 'Save' }).click();
  await expect(keeping.getByText('“nonsense” is no address')).toBeVisible();
  await keeping.getByLabel('Sites that may embed it').fill('https://example.org/');
  await keeping.getByRole('button', { name: 'Save' }).click();
  await expect(keeping.getByText('Saved.')).toBeVisible();
  expect(await (await call(page, 'GET', `/projects/${username}/${name}`)).json()).toMatchObject({ visibility: 'unlisted', rebuild_days: 1, embed_origins: ['https://example.org'] });

  const transfer = section(page, 'Hand over');
  const give = async (to) => {
    await transfer.getByLabel('User name of the new owner').fill(to);
    await transfer.getByRole('button', { name: 'Hand it over' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Hand it over' }).click();
  };
  await give('nobody-at-all');
  await expect(transfer.getByText('There is nobody of that name here.')).toBeVisible();
  await expect(transfer.getByLabel('User name of the new owner')).toBeFocused();
  await give(heir);
  await expect(page.getByText(`It belongs to ${heir} now.`)).toBeVisible();
  await expect(page).toHaveURL(/\/me\/projects$/);
  await expect(item).toBeHidden();
  expect((await call(page, 'GET', `/projects/${heir}/${name}`)).status()).toBe(200);
});

test('a logo is set, refused and removed', async ({ page }) => {
  test.skip(pretend, 'needs a real platform');
  page.allow(/status of (400|415|422)/);
  const { username, name } = await sent(page, 'sleep 300\n');
  await page.goto(`/me/projects/${username}/${name}/edit`);
  const logo = section(page, 'Logo');
  const give = (file, mimeType, buffer) => logo.locator('input[type="file"]').setInputFiles({ name: file, mimeType, buffer });
  await give('logo.txt', 'text/plain', Buffer.from('x'));
  await expect(logo.getByText('A PNG, JPEG, WebP or GIF picture')).toBeVisible();
  await give('logo.png', 'image/png', Buffer.from('no picture at all'));
  await expect(logo.getByText('A PNG, JPEG, WebP or GIF picture')).toBeVisible();
  await give('logo.png', 'image/png', await page.screenshot({ clip: { x: 0, y: 0, width: 60, height: 60 } }));
  await expect(logo.getByRole('button', { name: 'Remove the logo' })).toBeVisible();
  await expect.poll(() => logo.locator('img').evaluate((img) => img.naturalWidth)).toBeGreaterThan(0);
  await logo.getByRole('button', { name: 'Remove the logo' }).click();
  await expect(logo.locator('img')).toBeHidden();
  expect((await (await call(page, 'GET', `/projects/${username}/${name}`)).json()).logo).toBeNull();
});

test('a build is cancelled and tried again', async ({ page }) => {
  test.skip(pretend, 'needs a real platform');
  test.setTimeout(5 * MINUTES);
  const { build } = await sent(page, 'sleep 300\n', false);
  await page.goto(`/builds/${build.id}`);
  await expect(page.locator('[data-wait]')).toContainText(/About .* left/);
  await expect(page.locator('[aria-current="step"] .seconds')).toHaveText(/^\d+:\d\d$/);
  await page.getByRole('button', { name: 'Cancel the build' }).click();
  await ended(page, 'cancelled');
  await expect(page.getByText('The build was cancelled. Nothing has changed.')).toBeVisible();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page).not.toHaveURL(new RegExp(build.id));
  await page.getByRole('button', { name: 'Cancel the build' }).click();
  await ended(page, 'cancelled');
});

test('what went wrong is told, and all of it fits in every size, theme and language', async ({ page }) => {
  test.skip(pretend, 'needs a real platform');
  test.setTimeout(5 * MINUTES);
  const { username, name, build } = await sent(page, 'true\necho "one more" && mak all\ntrue\n', false);
  await page.goto(`/builds/${build.id}`);
  await ended(page, 'failed');
  await expect(page.getByText('The build stopped at line 2.')).toBeVisible();
  await expect(page.locator('[data-cause="command"]')).toContainText('“mak”');
  await expect(page.locator('.guilty')).toContainText('mak: not found');
  await expect(page.locator('.excerpt .here')).toContainText('mak all');
  for (const [look, width, colorScheme, language] of [['wide', 1280, 'light', 'en'], ['narrow', 320, 'light', 'en'], ['dark', 1280, 'dark', 'en'], ['narrow-korean-dark', 320, 'dark', 'ko']]) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    await page.evaluate((chosen) => localStorage.setItem('ttob-language', chosen), language);
    for (const [what, path] of [['mine', '/me/projects'], ['edit', `/me/projects/${username}/${name}/edit`], ['build', `/builds/${build.id}`]]) {
      await page.goto(path);
      await expect(page.locator({ mine: '[data-project]', edit: '.cm-content', build: '.guilty' }[what]).first()).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.lang), what).toBe(language);
      expect(await accessibility(page), `${what}, ${look}`).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${what}, ${look}`).toBeLessThanOrEqual(0);
      await shot(page, `${what}-${look}`, { fullPage: true });
    }
  }
});

for (const { name, ...use } of [{ name: 'wide' }, { name: 'narrow', viewport: { width: 320, height: 640 } }, { name: 'dark', colorScheme: 'dark' }, { name: 'korean', locale: 'ko-KR' }]) {
  test.describe(name, () => {
    test.use(use);
    test('the page is calm and whole', async ({ page }) => {
      await page.goto('/');
      await join(page, 'cook');
      await page.goto('/new');
      await expect(page.locator('.cm-content')).toBeVisible();
      await page.locator('details summary').click();
      expect(await accessibility(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      expect(await layoutShift(page)).toBeLessThan(0.1);
      await shot(page, `new-${name}`, { fullPage: true });
    });
  });
}
