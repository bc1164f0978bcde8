// Every page, in both themes, on a wide and on a narrow screen: axe finds nothing, nothing is wider
// than the screen, no script fails, and the policy refuses nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../../web/dashboard/dev/server.mjs';
import { hasBrowser, kPages, openBrowser, openPage, settle } from './browser.mjs';
import { accuse, walk } from './walk.mjs';

const options = hasBrowser ? {} : { skip: 'no Chromium is installed' };
let browser;
let server;
before(async () => {
  if (!hasBrowser) return;
  server = await startServer();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const stops = [
  ...kPages.map((name) => [name, `#/c/Alpenglow/${name}`]),
  ['policy', '#/c/Alpenglow/rules?tab=policy'],
  ['one plan', '#/c/Alpenglow/plans/p-20260315-0001'],
  ['one alert', '#/c/Alpenglow/alerts/alerts-0'],
  ['tactics that are like something', '#/c/Alpenglow/tactics?like=frequency%20rises&platform=meta'],
  ['one tactic', '#/c/Alpenglow/tactics/meta-creative-refresh'],
  ['one cycle', '#/c/Alpenglow/cycles/c-20260329-0001'],
  ['all clients', '#/overview'],
  ['a page that is not there', '#/c/Alpenglow/nowhere'],
  ['a page that asks which client', '#/planner'],
];
const shapes = [
  ['light', { colorScheme: 'light', viewport: { width: 1440, height: 900 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1440, height: 900 } }],
  ['narrow', { colorScheme: 'light', viewport: { width: 320, height: 800 } }],
  ['narrow and dark', { colorScheme: 'dark', viewport: { width: 320, height: 800 } }],
];

for (const [shape, how] of shapes) {
  test(`every page, ${shape}`, options, async () => {
    const page = await openPage(browser, how);
    const wrong = await walk(page, server.origin, stops);
    await page.context().close();
    assert.deepEqual(wrong, []);
  });
}

test('dialogs, menus and the palette', options, async () => {
  const page = await openPage(browser, shapes[0][1]);
  const wrong = [];
  const look = async (name) => {
    for (const what of await accuse(page)) wrong.push(`${name}: ${what}`);
  };
  await page.goto(`${server.origin}/#/c/Alpenglow/plans/p-dialog`);
  await settle(page);
  await page.getByRole('button', { name: 'Approve' }).click();
  await look('approve');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await look('palette');
  await page.keyboard.press('Escape');
  await page.goto(`${server.origin}/#/c/Alpenglow/campaigns`);
  await settle(page);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('button', { name: 'Metrics' }).click();
  await look('choosers');
  await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
  await page.waitForSelector('text=Kampagnen');
  await look('German');
  await page.context().close();
  assert.deepEqual(wrong, []);
});
