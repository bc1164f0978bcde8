#!/usr/bin/env node
// How long the dashboard takes in a real Chromium, at 10, 1,000 and 10,000 campaigns:
//   bench/browser_bench.mjs [CAMPAIGNS]...
// Synthetic views from web/dashboard/dev, so the server's own time is not in it. Each figure is the
// median of five new browser contexts: nothing is cached.
import { openBrowser, openPage } from '../tests/browser/dashboard/browser.mjs';
import { startServer } from '../web/dashboard/dev/server.mjs';

const sizes = process.argv.slice(2).map(Number).filter((size) => size > 0);
const kRuns = 5;
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const browser = await openBrowser();
console.log('campaigns   overview, ms   campaigns, ms   sort, ms   find, ms   to the last row, ms');
for (const size of sizes.length > 0 ? sizes : [10, 1000, 10000]) {
  const server = await startServer({ campaigns: size });
  const figures = { overview: [], campaigns: [], sort: [], find: [], end: [] };
  for (let run = 0; run < kRuns; run += 1) {
    for (const name of ['overview', 'campaigns']) {
      const page = await openPage(browser);
      const began = performance.now();
      await page.goto(`${server.origin}/#/${name}`, { waitUntil: 'commit' });
      // Interactive: its rows are there and take the focus.
      const row = page.locator('[role=grid] [data-at="0/0"], [role=treegrid] [data-at="0/0"]').first();
      await row.focus({ timeout: 60_000 });
      figures[name].push(performance.now() - began);
      if (name === 'campaigns') {
        const timed = async (key, act, done) => {
          const from = performance.now();
          await act();
          await page.waitForFunction(done, null, { polling: 'raf' });
          figures[key].push(performance.now() - from);
        };
        await timed('sort', () => page.getByRole('columnheader', { name: 'Spend' }).click(), () => document.querySelector('[aria-sort="descending"]') !== null);
        await timed('end', async () => {
          await page.locator('[data-at="0/0"]').focus();
          await page.keyboard.press('Control+End');
        }, () => Number((document.activeElement?.getAttribute('data-at') ?? '0/').split('/')[0]) > 0);
        if (size > 8) await timed('find', () => page.getByRole('searchbox').fill('Campaign 9'), () => /\d+ of /.test(document.querySelector('.count')?.textContent ?? ''));
      }
      await page.context().close();
    }
  }
  const show = (key, width) => (figures[key].length > 0 ? median(figures[key]).toFixed(0) : '–').padStart(width);
  console.log(`${String(size).padStart(9)}${show('overview', 15)}${show('campaigns', 16)}${show('sort', 11)}${show('find', 11)}${show('end', 22)}`);
  await server.close();
}
await browser.close();
