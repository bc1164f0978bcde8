// Every page, in both themes, on a wide and on a narrow screen: axe finds nothing, nothing is wider
// than the screen, no script fails, and the policy refuses nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startServer } from '../../../web/dashboard/dev/server.mjs';
import { hasBrowser, kPages, openBrowser, openPage, settle } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
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

/** Axe's rules for WCAG 2.2 AA and its best practices. */
async function accuse(page) {
  // As a program of the browser, not of the page: the page's policy would refuse it.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} [${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}]`).join(' | ')}`);
  });
  await session.detach();
  return found;
}

for (const [shape, how] of shapes) {
  test(`every page, ${shape}`, options, async () => {
    const page = await openPage(browser, how);
    const wrong = [];
    for (const [name, hash] of stops) {
      await page.goto(`${server.origin}/${hash}`);
      await settle(page);
      for (const what of await accuse(page)) wrong.push(`${name}: ${what}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) wrong.push(`${name}: ${wide} px too wide`);
      for (const what of page.wrongs.splice(0)) wrong.push(`${name}: ${what}`);
    }
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
