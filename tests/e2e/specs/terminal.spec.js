import { accessibility, atPrompt, connected, countRows, expect, layoutShift, OTHER, PROJECT, rows, screenText, sees, shot, test, tryIt, type } from '../lib/site.js';

const name = PROJECT.split('/')[1];

test('Try, type and see', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('link', { name: `Try ${name}` }).first().click();
  await atPrompt(page);
  await expect(page).toHaveURL(new RegExp(`/p/${PROJECT}$`));
  await type(page, 'echo result-$((40+2))');
  await sees(page, /^result-(42|\$\(\(40\+2\)\))$/);
  await expect(page.getByText(/ready in [\d,]+ ms/)).toBeVisible();
  await expect(page.getByRole('timer')).toHaveText(/\d+:\d\d left/);
  await expect(page.locator('.status')).toContainText(/\d MB/);
  expect(await layoutShift(page)).toBeLessThan(0.02);
  await shot(page, 'try');
});

test('the run button types its lines into the shell', async ({ page }) => {
  await tryIt(page);
  await page.getByRole('button', { name: 'Run these lines in the terminal' }).first().click();
  const lines = (await page.locator('.readme pre').first().textContent()).trim().split('\n');
  await expect.poll(() => screenText(page)).toContain(lines[0].replace(/^\$ /, '').slice(0, 20));
});

test('the run button starts a sandbox when there is none', async ({ page }) => {
  await page.goto(`/p/${PROJECT}`);
  await page.getByRole('button', { name: 'Run these lines in the terminal' }).first().click();
  await connected(page);
  const line = (await page.locator('.readme pre').first().textContent()).trim().split('\n')[0].replace(/^\$ /, '');
  await expect.poll(() => screenText(page)).toContain(line.slice(0, 20));
});

test('a resize reaches the shell', async ({ page }) => {
  await tryIt(page);
  const width = async () => {
    await type(page, 'clear; stty size');
    let found = 0;
    await expect.poll(async () => {
      found = Number((await rows(page)).map((row) => /^\d+ (\d+)$/.exec(row)?.[1]).filter(Boolean).at(-1) ?? 0);
      return found;
    }).toBeGreaterThan(0);
    return found;
  };
  const wide = await width();
  await page.setViewportSize({ width: 1000, height: 640 });
  await expect.poll(width).toBeLessThan(wide);
});

test('a reload finds the same screen and the same shell', async ({ page }) => {
  await tryIt(page);
  await type(page, 'kept=spoon-7');
  await type(page, 'echo "before $kept"');
  await sees(page, /before spoon-7"?$/);
  const before = await screenText(page);
  await page.reload();
  await connected(page);
  await expect.poll(() => screenText(page)).toBe(before);
  await type(page, 'echo after-$kept');
  await sees(page, /^after-spoon-7$/);
});

test('a reload does not answer old questions again', async ({ page }) => {
  await tryIt(page);
  // Who are you, and where is the cursor: the screen answers these by typing into the shell.
  await type(page, "printf '\\033[c\\033[6n'; read -rs -n 64 -t 1 answer; echo; echo asked");
  await sees(page, /^asked$/);
  await page.reload();
  await connected(page);
  await sees(page, /^asked$/);
  await type(page, 'echo clean-line');
  await sees(page, /^clean-line$/);
  expect(await screenText(page)).not.toMatch(/\d+;\d+[cR]/);
});

test('much output arrives whole, and the shell is quick after it', async ({ page }) => {
  await tryIt(page);
  await type(page, 'seq 60000');
  await sees(page, /^60000$/);
  const numbers = (await rows(page)).filter((row) => /^\d+$/.test(row)).map(Number);
  expect(numbers.every((number, i) => i === 0 || number === numbers[i - 1] + 1)).toBe(true);
  await type(page, 'echo still-here');
  await sees(page, /^still-here$/);
});

test('a second shell stands beside the first', async ({ page }) => {
  await tryIt(page);
  await type(page, 'mine=one');
  await page.getByRole('button', { name: 'One more shell' }).click();
  await expect(page.getByRole('tab')).toHaveCount(2);
  await atPrompt(page);
  await type(page, 'echo "[$mine]"');
  await sees(page, /^"?\[\]"?$/);
  await shot(page, 'two-shells');
  await page.getByRole('tab').first().click();
  await type(page, 'echo "[$mine]"');
  await sees(page, /^"?\[one\]"?$/);
  await page.getByRole('tab').nth(1).click();
  await type(page, 'exit');
  await expect(page.getByText('This shell has ended')).toBeVisible();
  await expect(page.locator('.panel')).toHaveAttribute('data-phase', 'running');
});

test('a lost network comes back, with nothing lost or doubled', async ({ page, context }) => {
  page.allow(/ERR_INTERNET_DISCONNECTED|WebSocket connection/);
  await tryIt(page);
  await type(page, process.env.TTOB_E2E_TICK ?? 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo tick-$i; sleep 0.5; done');
  await sees(page, /^tick-2$/);
  await context.setOffline(true);
  await expect(page.getByText('You are offline.')).toBeVisible();
  await shot(page, 'offline');
  await page.locator('.view.active .xterm-helper-textarea').focus();
  await page.keyboard.type('echo typed-while-away');
  await page.keyboard.press('Enter');
  await context.setOffline(false);
  await connected(page);
  await expect(page.getByText('You are offline.')).toBeHidden();
  await sees(page, /^tick-10$/);
  await sees(page, /^typed-while-away$/);
  for (let i = 1; i <= 10; i++) expect(await countRows(page, new RegExp(`^tick-${i}$`)), `tick-${i}`).toBe(1);
});

test('Korean is composed, echoed and two cells wide', async ({ page, context }) => {
  await tryIt(page);
  await page.locator('.view.active .xterm-helper-textarea').focus();
  await page.keyboard.type('echo ');
  const cdp = await context.newCDPSession(page);
  for (const [steps, done] of [[['ㅎ', '하', '한'], '한'], [['ㄱ', '그', '글'], '글']]) {
    for (const text of steps) await cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
    await cdp.send('Input.insertText', { text: done });
  }
  await page.keyboard.press('Enter');
  await sees(page, /^한글$/);
  expect(await screenText(page)).not.toMatch(/[ㄱ-ㅣ]/);
  await type(page, 'clear');
  await type(page, 'echo 가나다라; echo abcdefgh');
  await sees(page, /^가나다라$/);
  await sees(page, /^abcdefgh$/);
  await page.evaluate(() => document.fonts.ready);
  const width = (text) => page.evaluate((wanted) => {
    const row = [...document.querySelectorAll('.view.active .xterm-rows > div')].find((item) => item.textContent.trim() === wanted);
    const spans = [...row.querySelectorAll('span')].filter((item) => item.textContent.trim());
    return spans.at(-1).getBoundingClientRect().right - spans[0].getBoundingClientRect().left;
  }, text);
  // Four syllables are as wide as eight letters, whichever font drew them.
  await expect.poll(async () => Math.abs((await width('가나다라')) - (await width('abcdefgh')))).toBeLessThan(1);
  await shot(page, 'korean-terminal');
});

test('copy and paste', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await tryIt(page);
  await page.evaluate(() => navigator.clipboard.writeText('echo pasted-한글'));
  await page.locator('.view.active .xterm-helper-textarea').focus();
  await page.keyboard.press('Control+Shift+V');
  await page.keyboard.press('Enter');
  await sees(page, /^pasted-한글$/);
  const row = page.locator('.view.active .xterm-rows > div').filter({ hasText: /^pasted-/ }).first();
  const box = await row.boundingBox();
  await page.mouse.dblclick(box.x + 20, box.y + box.height / 2);
  await page.keyboard.press('Control+Shift+C');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('pasted');
});

test('End says how it ended, and Restart starts afresh', async ({ page }) => {
  await tryIt(page);
  await type(page, 'gone=yes');
  await page.getByRole('button', { name: 'End', exact: true }).click();
  await expect(page.getByText('It was ended by hand.')).toBeVisible();
  await shot(page, 'ended');
  expect(await accessibility(page)).toEqual([]);
  await page.locator('.panel').getByRole('button', { name: 'Restart' }).click();
  await atPrompt(page);
  await type(page, 'echo "[$gone]"');
  await sees(page, /^"?\[\]"?$/);
});

test('exit tells the code', async ({ page }) => {
  await tryIt(page);
  await type(page, 'exit 3');
  await expect(page.getByText('Its shell ended with code 3.')).toBeVisible();
  await page.goto('/me/containers');
  await expect(page.getByText('code 3')).toBeVisible();
  await page.getByRole('link', { name: 'Try again' }).first().click();
  await atPrompt(page);
});

test('extend gives more time', async ({ page }) => {
  await tryIt(page);
  const seconds = async () => /[\d:]+/.exec(await page.getByRole('timer').textContent())[0].split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  const before = await seconds();
  await page.getByRole('button', { name: 'Extend' }).click();
  await expect(page.getByText(/^(Extended:|It cannot be extended right now)/)).toBeVisible();
  page.allow(/status of 409/);
  expect(await seconds()).toBeGreaterThan(before - 60);
});

test('trying another asks to end the first', async ({ page }) => {
  const other = OTHER || (await page.request.get('/api/v1/projects?per_page=100').then((answer) => answer.json())).items.find((item) => item.state === 'ready' && item.full_name !== PROJECT)?.full_name;
  test.skip(!other, 'only one project is ready here');
  await tryIt(page);
  await page.goto(`/p/${other}`);
  await page.locator('.panel').getByRole('button', { name: 'Try', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(`${name} is still running`);
  await shot(page, 'one-at-a-time');
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
  await page.locator('.panel').getByRole('button', { name: 'Try', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^End it and try/ }).click();
  await connected(page);
  await page.goto('/me/containers');
  await expect(page.getByText('replaced by another')).toBeVisible();
  await shot(page, 'containers');
});

test('the keyboard leaves the terminal', async ({ page }) => {
  await tryIt(page);
  await page.locator('.view.active .xterm-helper-textarea').focus();
  await page.keyboard.press('Control+Shift+F6');
  await expect(page.getByRole('tab').first()).toBeFocused();
});

test('axe finds nothing serious beside a running shell', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await tryIt(page);
  await type(page, 'echo hello');
  expect(await accessibility(page)).toEqual([]);
});

for (const renderer of ['dom', 'webgl']) {
  test(`colours are drawn with ${renderer} under the policy of the site`, async ({ page }) => {
    await page.addInitScript((choice) => localStorage.setItem('ttob-renderer', choice), renderer);
    await page.goto(`/p/${PROJECT}`);
    await page.locator('.panel').getByRole('button', { name: 'Try', exact: true }).click();
    await connected(page);
    await expect(page.locator('.view.active .xterm-screen canvas')).toHaveCount(renderer === 'webgl' ? 2 : 0);
    await page.locator('.view.active .xterm-helper-textarea').focus();
    await page.keyboard.type("printf '\\033[48;2;10;200;30m      \\033[0m\\n'");
    await page.keyboard.press('Enter');
    // Green is on the screen: the pixels say so, whichever renderer drew them.
    await expect.poll(async () => hasColour(page, await page.locator('.view.active').screenshot(), [10, 200, 30])).toBe(true);
    await shot(page, `renderer-${renderer}`);
  });
}

/** Whether a picture has some pixels close to a colour. */
async function hasColour(page, png, [r, g, b]) {
  return page.evaluate(async ([data, red, green, blue]) => {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data: pixels } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let hits = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      if (Math.abs(pixels[i] - red) < 4 && Math.abs(pixels[i + 1] - green) < 4 && Math.abs(pixels[i + 2] - blue) < 4) hits++;
    }
    return hits > 100;
  }, [png.toString('base64'), r, g, b]);
}

test.describe('a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });

  test('has a key bar, with a Ctrl that holds', async ({ page }) => {
    await tryIt(page);
    const keys = page.getByRole('toolbar', { name: 'Extra keys' });
    await expect(keys.getByRole('button')).toHaveCount(12);
    await page.locator('.view.active .xterm-helper-textarea').focus();
    await page.keyboard.type('echo first');
    await keys.getByRole('button', { name: 'Ctrl' }).tap();
    await expect(keys.getByRole('button', { name: 'Ctrl' })).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.type('c');
    await expect(keys.getByRole('button', { name: 'Ctrl' })).toHaveAttribute('aria-pressed', 'false');
    await sees(page, /\^C$/);
    await page.keyboard.type('echo a');
    await keys.getByRole('button', { name: '|' }).tap();
    await page.keyboard.type('cat');
    await sees(page, /echo a\|cat$/);
    await expect(page.locator('.view.active .xterm-helper-textarea')).toBeFocused();
    await shot(page, 'phone');
    await shot(page, 'phone-whole', { fullPage: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(await accessibility(page)).toEqual([]);
  });
});

test('text selected by the program lands on the clipboard (OSC 52), and is never read back', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await tryIt(page);
  await page.evaluate(() => navigator.clipboard.writeText('secret'));
  await type(page, "printf '\\033]52;c;7ZWc6riA\\007'");
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('한글');
});
