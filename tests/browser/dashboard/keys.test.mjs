// The table, the palette, dialogs and the address by keyboard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../../web/dashboard/dev/server.mjs';
import { hasBrowser, openBrowser, openPage, settle } from './browser.mjs';

const options = hasBrowser ? {} : { skip: 'no Chromium is installed' };
let browser;
let server;
before(async () => {
  if (!hasBrowser) return;
  server = await startServer({ campaigns: 2000 });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.close();
});
const at = (page) => page.evaluate(() => ({ cell: document.activeElement?.getAttribute('data-at'), text: document.activeElement?.textContent?.trim() }));

test('a table of 2,000 rows is walked by arrows, and only what is seen is there', options, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.origin}/#/campaigns`);
  await settle(page);
  const grid = page.getByRole('grid', { name: 'Campaigns' });
  assert.equal(await grid.getAttribute('aria-rowcount'), '2001');
  assert.ok((await grid.getByRole('row').count()) < 80);
  // One stop of the tab key for the whole table.
  assert.equal(await grid.locator('[tabindex="0"]').count(), 1);
  await grid.locator('[tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  assert.equal((await at(page)).cell, '0/0');
  await page.keyboard.press('ArrowRight');
  assert.equal((await at(page)).cell, '0/1');
  await page.keyboard.press('End');
  const last = (await at(page)).cell;
  assert.match(last, /^0\/[1-9]/);
  await page.keyboard.press('Control+End');
  assert.equal((await at(page)).cell, `1999/${last.split('/')[1]}`);
  await page.keyboard.press('Home');
  assert.match((await at(page)).text, /Campaign 1999/);
  await page.keyboard.press('PageUp');
  assert.ok(Number((await at(page)).cell.split('/')[0]) < 1999);
  await page.keyboard.press('Control+Home');
  assert.equal((await at(page)).cell, '0/0');
  // The head sorts, and says so.
  await page.keyboard.press('ArrowUp');
  const heads = await grid.getByRole('columnheader').allInnerTexts();
  const spend = heads.findIndex((text) => text.startsWith('Spend'));
  for (let i = 0; i < spend; i += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  assert.equal(await grid.getByRole('columnheader').nth(spend).getAttribute('aria-sort'), 'descending');
  const amounts = await grid.locator('[role=row] [role=gridcell]').evaluateAll((cells, column) => cells.filter((cell) => cell.getAttribute('aria-colindex') === String(column + 1)).slice(0, 10).map((cell) => Number(cell.title.split(' ')[0])), spend);
  assert.deepEqual(amounts, [...amounts].sort((a, b) => b - a));
  assert.ok(amounts[0] > 900, 'the largest of all rows, not of those that are there');
  // Enter follows a row.
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('filter.campaign'));
  await page.context().close();
});

test('a filter is in the address, and survives a reload', options, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.origin}/#/campaigns`);
  await settle(page);
  await page.getByRole('combobox', { name: 'Period' }).selectOption('7d');
  await page.getByRole('combobox', { name: 'Compare' }).selectOption('previous');
  assert.match(page.url(), /compare=previous&period=7d/);
  await page.reload();
  await settle(page);
  assert.equal(await page.getByRole('combobox', { name: 'Period' }).inputValue(), '7d');
  await page.goBack();
  await page.waitForFunction(() => !location.hash.includes('compare'));
  assert.equal(await page.getByRole('combobox', { name: 'Compare' }).inputValue(), '');
  await page.context().close();
});

test('the palette finds campaigns; dialogs hold the focus and give it back', options, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.origin}/#/overview`);
  await settle(page);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('campaign 42 ');
  await page.waitForSelector('[role=option]:has-text("Campaign 42 ")');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('filter.campaign=1000042'));
  await page.goto(`${server.origin}/#/c/Client%201/plans/p-9`);
  await settle(page);
  const approve = page.getByRole('button', { name: 'Approve' });
  await approve.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  for (let i = 0; i < 8; i += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null));
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Approve');
  await page.context().close();
});

test('a tactic is searched, opened and closed by keyboard, and the table keeps its place', options, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.origin}/#/tactics`);
  await settle(page);
  await page.getByRole('searchbox', { name: 'What do you see?' }).focus();
  await page.keyboard.type('frequency rises');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash === '#/tactics?like=frequency+rises');
  await settle(page);
  const grid = page.getByRole('treegrid', { name: 'Tactics' }).or(page.getByRole('grid', { name: 'Tactics' }));
  await grid.locator('[tabindex="0"]').focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  const dialog = page.getByRole('dialog');
  for (const close of ['Escape', 'Close']) {
    await dialog.waitFor();
    assert.match(page.url(), /#\/tactics\/[^?]+\?like=/);
    if (close === 'Escape') await page.keyboard.press('Escape');
    else await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.waitForFunction(() => location.hash === '#/tactics?like=frequency+rises');
    assert.equal((await at(page)).cell, '1/0', close);
    await page.keyboard.press('Enter');
  }
  await page.context().close();
});

test('the first tab leads past the menu', options, async () => {
  const page = await openPage(browser);
  await page.goto(`${server.origin}/#/overview`);
  await settle(page);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.context().close();
});

test('who may not is told why, and nothing is sent', options, async () => {
  const viewer = await startServer({ role: 'viewer' });
  const page = await openPage(browser);
  const writes = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') writes.push(request.url());
  });
  await page.goto(`${viewer.origin}/#/c/Alpenglow/plans/p-9`);
  await settle(page);
  const approve = page.getByRole('button', { name: 'Approve' });
  assert.equal(await approve.getAttribute('aria-disabled'), 'true');
  assert.match(await approve.getAttribute('title'), /approver.*viewer/);
  await approve.click({ force: true });
  assert.equal(await page.getByRole('dialog').count(), 0);
  assert.deepEqual(writes, []);
  await page.context().close();
  await viewer.close();
});

test('a server that goes is told of, and found again', options, async () => {
  const first = await startServer();
  const port = Number(new URL(first.origin).port);
  const page = await openPage(browser);
  await page.goto(`${first.origin}/#/c/Alpenglow/overview`);
  await page.waitForSelector('.live.on');
  await first.close();
  await page.waitForSelector('.live.waiting', { timeout: 20_000 });
  await page.waitForSelector('.gone[role=alert]', { timeout: 30_000 });
  assert.match(await page.locator('.gone').innerText(), /server/);
  // What was known stays on the page.
  assert.ok(await page.getByRole('treegrid', { name: 'Clients and accounts' }).isVisible());
  const second = await startServer({ port });
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await page.waitForSelector('.live.on', { timeout: 30_000 });
  await page.context().close();
  await second.close();
});
